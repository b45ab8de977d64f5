#include "https/sockets.hh"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace onlogin {

namespace {

struct Name
{
    std::string address;
    int port = 0;
};

// What getsockname(2) or getpeername(2) says, as text; nothing for a socket that is not connected.
template <class Ask>
Name ask_name(Ask ask, int socket)
{
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    auto* const raw = reinterpret_cast<sockaddr*>(&name);
    char address[NI_MAXHOST], port[NI_MAXSERV];
    if (ask(socket, raw, &size) != 0 ||
        getnameinfo(raw, size, address, sizeof address, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return {};
    return {address, atoi(port)};
}

} // namespace

int UpstreamSockets::open(int family, int type, int protocol)
{
    const int socket = ::socket(family, type | SOCK_CLOEXEC, protocol);
    if (socket >= 0) {
        sockets_[socket] = {};
        sockets_[socket].serial = ++last_serial_;
    }
    return socket;
}

int UpstreamSockets::close(int socket)
{
    sockets_.erase(socket);
    return ::close(socket);
}

void UpstreamSockets::heard(int socket)
{
    if (const auto found = sockets_.find(socket); found != sockets_.end())
        found->second.heard = Clock::now();
}

UpstreamSockets::Use UpstreamSockets::begin(int local_port, const std::string& peer)
{
    Use use;
    use.began = Clock::now();
    for (auto& [number, socket] : sockets_) {
        if (socket.peer.empty()) { // none while it is connecting
            socket.peer = ask_name(getpeername, number).address;
            socket.port = ask_name(getsockname, number).port;
        }
        if (socket.port != local_port || socket.peer != peer)
            continue;
        // Two unanswered requests are no HTTP/1.1, which libcurl does not pipeline.
        socket.http2 |= socket.unanswered > 0;
        use.socket = number;
        use.serial = socket.serial;
        use.first = !std::exchange(socket.used, true);
        use.http2 = socket.http2;
        pollfd look{number, POLLIN, 0};
        use.ended = !use.first && !use.http2 && poll(&look, 1, 0) != 0;
        ++socket.unanswered;
        break;
    }
    return use;
}

UpstreamSockets::Socket* UpstreamSockets::find(const Use& use)
{
    const auto found = sockets_.find(use.socket);
    return found != sockets_.end() && found->second.serial == use.serial ? &found->second : nullptr;
}

void UpstreamSockets::answer(Use& use)
{
    if (std::exchange(use.answered, true))
        return;
    if (auto* const socket = find(use))
        --socket->unanswered;
}

void UpstreamSockets::end(Use use, bool http2)
{
    answer(use);
    if (auto* const socket = find(use))
        socket->http2 |= http2;
}

void UpstreamSockets::give_up(const Use& use)
{
    if (const auto* const socket = find(use); socket && socket->heard < use.began)
        shutdown(use.socket, SHUT_RDWR);
}

} // namespace onlogin
