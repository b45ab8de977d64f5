#include "notify.hh"

#include <charconv>
#include <cstddef>
#include <cstdlib>

#include <sys/time.h>
#include <unistd.h>

namespace onlogin {

namespace {

std::string take_variable(const char* name)
{
    const char* const variable = getenv(name);
    std::string value = variable ? variable : "";
    unsetenv(name);
    return value;
}

// The whole number above zero that `text` is; absent if it is none.
std::optional<long> read_count(const std::string& text)
{
    long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || *end != '\0' || count <= 0)
        return std::nullopt;
    return count;
}

// As sd_watchdog_enabled(3) reads it. A process that is watched hands both variables down to all
// that it starts, so the pid says whom they mean.
std::optional<milliseconds> read_watchdog(const std::string& microseconds, const std::string& pid)
{
    const auto count = read_count(microseconds);
    if (!count || (!pid.empty() && read_count(pid) != getpid()))
        return std::nullopt;
    return milliseconds{*count / 1000};
}

} // namespace

Notifier::Notifier()
    : watchdog_{read_watchdog(take_variable("WATCHDOG_USEC"), take_variable("WATCHDOG_PID"))}
{
    const auto path = take_variable("NOTIFY_SOCKET");
    if (path.size() < 2 || path.size() >= sizeof address_.sun_path ||
        (path[0] != '/' && path[0] != '@'))
        return;
    address_.sun_family = AF_UNIX;
    path.copy(address_.sun_path, path.size());
    if (path[0] == '@') // an abstract address: the name begins with a zero byte
        address_.sun_path[0] = '\0';
    length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    // Opened now: there may be no descriptor left when there is something to tell.
    socket_ = Fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    constexpr timeval patience{2, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

void Notifier::tell(std::string state, std::string_view status, int flags) const
{
    state += "STATUS=";
    for (const char c : status)
        state += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    send(state, flags);
}

void Notifier::send(std::string_view message, int flags) const
{
    if (socket_)
        sendto(socket_.get(), message.data(), message.size(), flags | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address_), length_);
}

Heartbeat::Heartbeat(Loop& loop, const Notifier& notifier)
    : notifier_{notifier}
    , next_{loop}
{
    if (notifier.watchdog())
        beat();
}

void Heartbeat::beat()
{
    notifier_.alive();
    next_.start(*notifier_.watchdog() / 3, [this] { beat(); });
}

} // namespace onlogin
