#pragma once

// The sockets of kept connections, to tell the ones that the server has ended meanwhile.
//
// libcurl looks before it uses a kept connection again, but for HTTP/1.1 over TLS it takes the
// server's goodbye (close_notify) for a sign of life, and sends the request into the void.

#include <unordered_map>

namespace onlogin {

class KeptSockets
{
public:
    // As socket(2), close-on-exec, and noted.
    int open(int family, int type, int protocol);

    // As close(2).
    int close(int socket);

    // Notes that a request is about to go out on the connection from `local_port`. Returns whether
    // the connection is at its end: it was used before, and something came since its last answer.
    bool has_ended(int local_port);

private:
    struct Socket
    {
        int port = 0; // local; 0: not known yet
        bool used = false;
    };
    std::unordered_map<int, Socket> sockets_;
};

} // namespace onlogin
