#pragma once

// Tells systemd how the service is doing:
// https://www.freedesktop.org/software/systemd/man/sd_notify.html
//
// The protocol is one datagram of `NAME=value` lines, so it takes no library.

#include "base/fd.hh"
#include "net/loop.hh"

#include <optional>
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
    // Takes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID out of the environment: nothing else
    // is to speak for the service.
    Notifier();

    // `status` is what `systemctl status` shows; line breaks in it become spaces. For the start,
    // before the loop runs: without this word the service would be ended as hung, so it waits up to
    // two seconds for a systemd that is busy.
    void ready(std::string_view status) const { tell("READY=1\n", status, 0); }
    void stopping(std::string_view status) const { tell("STOPPING=1\n", status); }
    void status(std::string_view status) const { tell("", status); }
    void alive() const { send("WATCHDOG=1", MSG_DONTWAIT); }

    // After how long without alive() systemd ends this process as hung (WatchdogSec= of the unit);
    // absent: it does not watch, or watches another process.
    [[nodiscard]] std::optional<milliseconds> watchdog() const { return watchdog_; }

private:
    void tell(std::string state, std::string_view status, int flags = MSG_DONTWAIT) const;
    void send(std::string_view message, int flags) const;

    std::optional<milliseconds> watchdog_;
    Fd socket_; // none: nobody to tell
    sockaddr_un address_{};
    socklen_t length_ = 0;
};

// Says alive() from the loop, as long as that turns, three times in what systemd waits: one or two
// may be lost. Does nothing if systemd does not watch. The notifier outlives it.
class Heartbeat
{
public:
    Heartbeat(Loop& loop, const Notifier& notifier);

private:
    void beat();

    const Notifier& notifier_;
    Timer next_;
};

} // namespace onlogin
