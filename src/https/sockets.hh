#pragma once

// What we know of each connection to WeChat that libcurl does not tell or does not heed.
//
// libcurl looks before it uses a kept connection again, but for HTTP/1.1 over TLS it takes the
// server's goodbye (close_notify) for a sign of life, and sends the request into the void. It sends
// a request again by itself when a used connection ends without an answer. And it keeps using an
// HTTP/2 connection on which nothing comes any more.

#include "net/loop.hh"

#include <string>
#include <unordered_map>

namespace onlogin {

class UpstreamSockets
{
public:
    // As socket(2), close-on-exec, and noted.
    int open(int family, int type, int protocol);

    // As close(2).
    int close(int socket);

    // Something came on `socket`.
    void heard(int socket);

    // One request, from when it goes out to its end; of a connection that may end before it does.
    struct Use
    {
        int socket = -1;
        unsigned serial = 0; // of the connection: numbers of sockets come again
        bool first = false;  // no request was sent on this connection before
        bool http2 = false;  // others are on it at the same time, or were answered by HTTP/2
        bool ended = false;  // the server has closed it since its last answer
        bool answered = false;
        Clock::time_point began; // when it went out
    };

    // A request is about to go out on the connection from `local_port` to `peer` (an address).
    Use begin(int local_port, const std::string& peer);

    // Its answer begins.
    void answer(Use& use);

    // It has come to its end; `http2` tells how it was answered, if it was.
    void end(Use use, bool http2);

    // It was given up after a time that should have been enough. If nothing came on its connection
    // since it went out, shuts the connection down, so that no other request goes there.
    void give_up(const Use& use);

private:
    struct Socket
    {
        unsigned serial = 0;
        int port = 0;     // local
        std::string peer; // address; empty: neither is known yet
        bool used = false;
        bool http2 = false;
        int unanswered = 0; // requests
        Clock::time_point heard;
    };

    Socket* find(const Use& use);

    std::unordered_map<int, Socket> sockets_;
    unsigned last_serial_ = 0;
};

} // namespace onlogin
