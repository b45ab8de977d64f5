#include "kept_sockets.hh"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace onlogin {

namespace {

int local_port_of(int socket)
{
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return 0;
    // The port stands at the same place for IPv4 and IPv6.
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

} // namespace

int KeptSockets::open(int family, int type, int protocol)
{
    const int socket = ::socket(family, type | SOCK_CLOEXEC, protocol);
    if (socket >= 0)
        sockets_[socket] = {};
    return socket;
}

int KeptSockets::close(int socket)
{
    sockets_.erase(socket);
    return ::close(socket);
}

bool KeptSockets::has_ended(int local_port)
{
    for (auto& [number, socket] : sockets_) {
        if (socket.port == 0)
            socket.port = local_port_of(number);
        if (socket.port != local_port)
            continue;
        pollfd look{number, POLLIN, 0};
        return std::exchange(socket.used, true) && poll(&look, 1, 0) != 0;
    }
    return false;
}

} // namespace onlogin
