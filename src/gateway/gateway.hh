#pragma once

// The edge: takes requests from the server in front and brings answers back. Behind it there is
// only Request and Response.

#include "base/fd.hh"
#include "base/log.hh"
#include "gateway/request.hh"
#include "gateway/response.hh"
#include "net/loop.hh"
#include "net/task.hh"

#include <functional>
#include <memory>

namespace onlogin {

// What answers requests. Never throws; the request lives until the task ends.
using Handler = std::function<Task<Response>(Request&)>;

struct GatewayLimits
{
    std::size_t body_bytes = 16384;
    milliseconds drain{5000};
    std::size_t connections = 1000; // at once, of a FastCGI responder
};

// A FastCGI responder on a listening socket
// (https://fastcgi-archives.github.io/FastCGI_Specification.html).
//
// It keeps connections that the server asks to keep, and gathers each request without ever
// blocking on a slow peer. A request whose peer goes away is cancelled. Peers that break the
// protocol, say nothing or stop half-way lose their connection and disturb nobody else. Beyond
// limits.connections, connections wait in the socket's queue. While some do, no connection is kept
// after an answer, and the one that has been idle for longest is closed to make room.
class FcgiGateway
{
public:
    // `listener` is a listening socket, possibly shared with other processes; it becomes
    // non-blocking. `drained` is called once, when drain() has come to its end.
    FcgiGateway(Loop& loop, Fd listener, GatewayLimits limits, Handler handler, Log& log,
                std::function<void()> drained);
    ~FcgiGateway();
    FcgiGateway(const FcgiGateway&) = delete;
    FcgiGateway& operator=(const FcgiGateway&) = delete;

    // Takes effect with the next request.
    void configure(GatewayLimits limits);

    // Stops without losing a request. Accepts the connections that already wait, then none; answers
    // what is in flight and what the server in front had sent by now, and closes each connection
    // after its answer. Requests that come later are marked `draining`. What is not answered when
    // limits.drain has passed is answered 503; if drain() is called a second time, at once.
    void drain();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Whether web servers would have made the arguments of this CGI program out of the query string,
// which anybody may write (RFC 3875, section 4.4: a query without `=`). Then the arguments must not
// be looked at.
bool arguments_come_from_client();

// Answers 400 to such a request, on descriptor 1.
void refuse_arguments();

// Answers the one request of a CGI program (RFC 3875): variables from the environment, body from
// descriptor 0, answer to descriptor 1. Runs the loop meanwhile.
void serve_cgi(Loop& loop, GatewayLimits limits, const Handler& handler);

} // namespace onlogin
