#include "notify.hh"

#include <cstddef>
#include <cstdlib>

#include <sys/time.h>

namespace onlogin {

Notifier::Notifier()
{
    const char* const variable = getenv("NOTIFY_SOCKET");
    const std::string path = variable ? variable : "";
    unsetenv("NOTIFY_SOCKET");
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
    if (!socket_)
        return;
    state += "STATUS=";
    for (const char c : status)
        state += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    sendto(socket_.get(), state.data(), state.size(), flags | MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address_), length_);
}

} // namespace onlogin
