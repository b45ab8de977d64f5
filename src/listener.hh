#pragma once

// The listening socket: new connections, and what to do when descriptors run out.

#include "fd.hh"
#include "log.hh"
#include "loop.hh"

#include <functional>
#include <memory>

namespace onlogin {

class Listener
{
public:
    // Accepts on `socket`, which may be shared with other processes and becomes non-blocking, again
    // when one of them changes that. Hands each connection (non-blocking, close-on-exec) to
    // `accepted`. When the process or the host is out of descriptors it says so in the log, waits a
    // moment and goes on.
    Listener(Loop& loop, Fd socket, Log& log, std::function<void(Fd connection)> accepted);

    // Accepts all that wait in the queue now, then never again.
    void stop();

private:
    void accept_some(int most);
    void pause_accepting(int error);

    Log& log_;
    std::function<void(Fd)> accepted_;
    Fd socket_;
    std::unique_ptr<Watch> watch_; // none: stopped
    Timer pause_;
    Clock::time_point complained_;
};

} // namespace onlogin
