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

UpstreamSockets::Use UpstreamSockets::begin(Transfer& transfer, int local_port,
                                            const std::string& peer, bool http2)
{
    Use use;
    use.http2 = http2;
    use.began = Clock::now();
    for (auto& [number, socket] : sockets_) {
        if (socket.peer.empty()) { // none while it is connecting
            socket.peer = ask_name(getpeername, number).address;
            socket.port = ask_name(getsockname, number).port;
        }
        if (socket.port != local_port || socket.peer != peer)
            continue;
        use.socket = number;
        use.serial = socket.serial;
        use.first = !std::exchange(socket.used, true);
        pollfd look{number, POLLIN, 0};
        use.ended = !use.first && !http2 && poll(&look, 1, 0) != 0;
        socket.transfers.push_back(&transfer);
        break;
    }
    return use;
}

const UpstreamSockets::Socket* UpstreamSockets::find(const Use& use) const
{
    const auto found = sockets_.find(use.socket);
    return found != sockets_.end() && found->second.serial == use.serial ? &found->second : nullptr;
}

void UpstreamSockets::end(Transfer& transfer, const Use& use)
{
    if (find(use))
        std::erase(sockets_.at(use.socket).transfers, &transfer);
}

std::vector<Transfer*> UpstreamSockets::sharing(const Use& use) const
{
    const auto* const socket = find(use);
    return socket ? socket->transfers : std::vector<Transfer*>{};
}

void UpstreamSockets::give_up(const Use& use) const
{
    if (const auto* const socket = find(use); socket && socket->heard < use.began)
        shutdown(use.socket, SHUT_RDWR);
}

} // namespace onlogin
