#include "net/stream.hh"

#include "net/errors.hh"

#include <cerrno>
#include <cstring>

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace onlogin {

namespace {

// A server that went without a word is found out in a minute and a half, also between questions.
void keep_alive(int socket)
{
    const std::tuple<int, int, int> options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
                                                 {IPPROTO_TCP, TCP_NODELAY, 1},
                                                 {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                                                 {IPPROTO_TCP, TCP_KEEPINTVL, 10},
                                                 {IPPROTO_TCP, TCP_KEEPCNT, 3}};
    for (const auto& [level, name, value] : options)
        setsockopt(socket, level, name, &value, sizeof value);
}

std::string without_brackets(const std::string& host)
{
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

// What has been sent held the password once.
void wipe_front(std::string& text, std::size_t count)
{
    explicit_bzero(text.data(), count);
    text.erase(0, count);
}

} // namespace

Task<> Stream::connect(Resolver& resolver, Endpoint endpoint, const TlsContext* tls)
{
    const auto& [host, port] = endpoint;
    Addresses addresses;
    if (is_address(host))
        addresses.list.push_back(without_brackets(host));
    else
        addresses = co_await resolver.resolve(host);
    std::string trouble;
    for (const auto& candidate : addresses.list) {
        try {
            co_await connect_to(candidate, port);
            if (tls)
                co_await shake_hands(*tls, without_brackets(host));
            stage_ = Stage::Connected;
            co_return;
        } catch (const Unreachable& error) {
            trouble = error.what();
        }
    }
    throw Unreachable{trouble};
}

Task<> Stream::connect_to(const std::string& address, const std::string& port)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV; // asks no name server
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(address.c_str(), port.c_str(), &hints, &found); error != 0)
        throw Unreachable{address + ": " + gai_strerror(error)};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
    stage_ = Stage::Connecting;
    watch_.reset();
    tls_.reset();
    socket_ = Fd{socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket_)
        throw Unreachable{std::string{"socket: "} + strerror(errno)};
    keep_alive(socket_.get());
    co_await finish(::connect(socket_.get(), found->ai_addr, found->ai_addrlen));
}

Task<> Stream::connect(std::string path)
{
    stage_ = Stage::Connecting;
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    path.copy(place.sun_path, sizeof place.sun_path - 1);
    socket_ = Fd{socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket_)
        throw Unreachable{std::string{"socket: "} + strerror(errno)};
    co_await finish(
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place));
    stage_ = Stage::Connected;
}

// `result` is connect(2)'s.
Task<> Stream::finish(int result)
{
    if (result != 0 && errno != EINPROGRESS)
        throw Unreachable{std::string{"cannot connect: "} + strerror(errno)};
    watch();
    if (result == 0)
        co_return;
    watch_->want(Watch::Writable);
    co_await ready_;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0)
        co_return;
    throw Unreachable{std::string{"cannot connect: "} + strerror(error)};
}

Task<> Stream::shake_hands(const TlsContext& tls, const std::string& host)
{
    stage_ = Stage::ShakingHands;
    tls_.emplace(tls, socket_.get(), host);
    for (;;) {
        const auto outcome = tls_->handshake();
        if (outcome == TlsStream::Outcome::Done)
            co_return;
        if (outcome == TlsStream::Outcome::Closed || outcome == TlsStream::Outcome::Failed)
            throw Unreachable{"TLS: " + (tls_->trouble().empty() ? "closed" : tls_->trouble())};
        watch_->want(outcome == TlsStream::Outcome::WantsRead ? Watch::Readable : Watch::Writable);
        co_await ready_;
    }
}

void Stream::watch()
{
    watch_.emplace(loop_, socket_.get(), [this](int) { happened(); });
}

void Stream::happened()
{
    if (ready_.awaited())
        return ready_.set();
    flush();
    if (const auto readable = readable_) // a copy: the call may drop this socket
        readable();
}

void Stream::listen(std::function<void()> readable)
{
    readable_ = std::move(readable);
    watch_->want(Watch::Readable);
}

bool Stream::receive(std::string& to)
{
    char buffer[16'384];
    for (;;) {
        if (!trouble_.empty())
            return false;
        std::size_t count = 0;
        if (tls_) {
            const auto outcome = tls_->read(buffer, sizeof buffer, count);
            if (outcome == TlsStream::Outcome::WantsRead ||
                outcome == TlsStream::Outcome::WantsWrite)
                return true;
            if (outcome != TlsStream::Outcome::Done)
                return lost(tls_->trouble());
        } else {
            const auto got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return true;
            if (got <= 0)
                return lost(got == 0 ? "" : strerror(errno));
            count = static_cast<std::size_t>(got);
        }
        to.append(buffer, count);
        if (!tls_ && count < sizeof buffer)
            return true;
    }
}

void Stream::send(const std::string& text)
{
    unsent_ += text;
    if (std::exchange(*sending_, true))
        return;
    loop_.post([this, guard = std::weak_ptr{sending_}] {
        if (const auto sending = guard.lock()) {
            *sending = false;
            flush();
            if (!trouble_.empty())
                happened();
        }
    });
}

void Stream::flush()
{
    while (!unsent_.empty() && trouble_.empty()) {
        std::size_t count = 0;
        if (tls_) {
            const auto outcome = tls_->write(unsent_.data(), unsent_.size(), count);
            if (outcome == TlsStream::Outcome::WantsRead ||
                outcome == TlsStream::Outcome::WantsWrite)
                break;
            if (outcome != TlsStream::Outcome::Done) {
                lost(tls_->trouble());
                break;
            }
        } else {
            const auto put = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
            if (put < 0) {
                if (errno != EAGAIN && errno != EINTR)
                    lost(strerror(errno));
                break;
            }
            count = static_cast<std::size_t>(put);
        }
        wipe_front(unsent_, count);
    }
    if (watch_ && readable_)
        watch_->want(unsent_.empty() ? Watch::Readable : Watch::Readable | Watch::Writable);
}

bool Stream::lost(std::string trouble)
{
    trouble_ = trouble.empty() ? "it closed the connection" : std::move(trouble);
    return false;
}

} // namespace onlogin
