#pragma once

// Tells systemd how the service is doing:
// https://www.freedesktop.org/software/systemd/man/sd_notify.html
//
// The protocol is one datagram of `NAME=value` lines, so it takes no library.

#include "fd.hh"

#include <string>
#include <string_view>

#include <sys/un.h>

namespace onlogin {

// Without systemd (no $NOTIFY_SOCKET, or one that cannot be used) every call does nothing. None
// blocks and none fails: what systemd does not take at once is lost.
class Notifier
{
public:
    // Takes $NOTIFY_SOCKET out of the environment: nothing else is to speak for the service.
    Notifier();

    // `status` is what `systemctl status` shows; line breaks in it become spaces.
    void ready(std::string_view status) const { tell("READY=1\n", status); }
    void stopping(std::string_view status) const { tell("STOPPING=1\n", status); }
    void status(std::string_view status) const { tell("", status); }

private:
    void tell(std::string state, std::string_view status) const;

    Fd socket_; // none: nobody to tell
    sockaddr_un address_{};
    socklen_t length_ = 0;
};

} // namespace onlogin
