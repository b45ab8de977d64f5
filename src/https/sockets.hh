#pragma once

// What we know of each connection to WeChat that libcurl does not tell or does not heed.
//
// libcurl looks before it uses a kept connection again, but for HTTP/1.1 over TLS it takes the
// server's goodbye (close_notify) for a sign of life, and sends the request into the void. It sends
// a request again by itself when a used connection ends without an answer. It keeps using an HTTP/2
// connection on which nothing comes any more. And it does not tell which transfers share one.

#include "net/loop.hh"

#include <string>
#include <unordered_map>
#include <vector>

namespace onlogin {

struct Transfer;

class UpstreamSockets
{
public:
    // As socket(2), close-on-exec, and noted.
    int open(int family, int type, int protocol);

    // As close(2).
    int close(int socket);

    // Something came on `socket`.
    void heard(int socket);

    // The way of one request, from when it goes out to its end. Its connection may end before.
    struct Use
    {
        int socket = -1;
        unsigned serial = 0;     // of the connection: the numbers of sockets come again
        bool first = false;      // no request was sent on this connection before
        bool http2 = false;      // so others may be on it at the same time
        bool ended = false;      // without HTTP/2: the server has closed it since its last answer
        Clock::time_point began; // when the request went out
    };

    // The request of `transfer` is about to go out on the connection from `local_port` to `peer`
    // (an address), which speaks HTTP/2 or does not.
    Use begin(Transfer& transfer, int local_port, const std::string& peer, bool http2);

    // The request has come to its end, or is given up.
    void end(Transfer& transfer, const Use& use);

    // The transfers whose requests are on that connection, from begin() to end().
    [[nodiscard]] std::vector<Transfer*> sharing(const Use& use) const;

    // A request was given up after a time that should have been enough. If nothing came on its
    // connection since it went out, shuts the connection down, so that no other request goes there.
    void give_up(const Use& use) const;

private:
    struct Socket
    {
        unsigned serial = 0;
        int port = 0;     // local
        std::string peer; // address; empty: neither is known yet
        bool used = false;
        std::vector<Transfer*> transfers; // with a request on it
        Clock::time_point heard;
    };

    [[nodiscard]] const Socket* find(const Use& use) const;

    std::unordered_map<int, Socket> sockets_;
    unsigned last_serial_ = 0;
};

} // namespace onlogin
