#pragma once

// One server that requests go to, and the transfers that wait for a connection to it.
//
// With HTTP/2 many requests share a connection. When many begin at once, libcurl opens one
// connection and lets the others wait until it stands (CURLOPT_PIPEWAIT). If the server then speaks
// HTTP/1.1, each of them needs a connection of its own: libcurl 7.88 lets them go, libcurl 8.14
// forgets them until some transfer ends. Here they are told themselves.

#include "net/loop.hh"
#include "net/url.hh"

#include <list>

#include <curl/curl.h>

namespace onlogin {

struct Transfer;

class Origin
{
public:
    // `endpoint` is where connections go: to the server itself, or to the proxy.
    Origin(Loop& loop, CURLM* multi, Endpoint endpoint, bool http2);

    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

    // Gives `transfer` to libcurl. It may wait there for a connection that another one opens, if
    // the last connection to this server spoke HTTP/2, or if there was none yet.
    void start(Transfer& transfer);

    // `transfer` waits for no other one any more: it opens a connection, has one, or has ended.
    void leave(Transfer& transfer);

    // A new connection stands. If it does not speak HTTP/2, nobody waits for others any more.
    void connected(bool http2);

    unsigned generation = 0; // of the addresses of the endpoint's host that libcurl has

private:
    void start_those_who_wait();

    CURLM* multi_;
    Endpoint endpoint_;
    bool http2_;
    std::list<Transfer*> waiting_;
    Timer soon_;
};

} // namespace onlogin
