#pragma once

// Tells systemd how the service is doing:
// https://www.freedesktop.org/software/systemd/man/sd_notify.html
//
// The protocol is one datagram of `NAME=value` lines, so it takes no library.

#include "base/fd.hh"

#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

namespace onlogin {

// Without systemd (no $NOTIFY_SOCKET, or one that cannot be used) every call does nothing. None
// fails, and but for ready() none blocks: what systemd does not take at once is lost.
class Notifier
{
public:
    // Takes $NOTIFY_SOCKET out of the environment: nothing else is to speak for the service.
    Notifier();

    // `status` is what `systemctl status` shows; line breaks in it become spaces. For the start,
    // before the loop runs: without this word the service would be ended as hung, so it waits up to
    // two seconds for a systemd that is busy.
    void ready(std::string_view status) const { tell("READY=1\n", status, 0); }
    void stopping(std::string_view status) const { tell("STOPPING=1\n", status); }
    void status(std::string_view status) const { tell("", status); }

private:
    void tell(std::string state, std::string_view status, int flags = MSG_DONTWAIT) const;

    Fd socket_; // none: nobody to tell
    sockaddr_un address_{};
    socklen_t length_ = 0;
};

} // namespace onlogin
