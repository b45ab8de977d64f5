#pragma once

// The listening socket: new connections, their number, and what to do when descriptors run out.

#include "base/fd.hh"
#include "base/log.hh"
#include "net/loop.hh"
#include "net/once_a_minute.hh"

#include <cstdint>
#include <functional>
#include <memory>

namespace onlogin {

// Takes turns with other processes that accept on the same socket. A web server keeps connections,
// so who accepts one serves it for long, and who accepts a burst alone does all the work. The
// kernel wakes one process for each connection, in turns (Watch::queue_up). Whoever is awake could
// still take what others have been woken for: so it begins with one, rests a moment, and takes more
// only while more wait. It does not rest while connections are not kept: who is idle takes most.
class Listener
{
public:
    struct Calls
    {
        std::function<void(Fd connection)> accepted; // non-blocking, close-on-exec
        // The limit is reached and another connection waits: close one that is not in use, if
        // there is any.
        std::function<void()> make_room;
        // Whether the web server keeps the connections that come.
        std::function<bool()> kept;
    };

    // Accepts on `socket`, which may be shared with other processes and becomes non-blocking, again
    // when one of them changes that. When the process or the host is out of descriptors it says so
    // in the log, waits a moment and goes on.
    Listener(Loop& loop, Fd socket, Log& log, Calls calls);

    // At most so many connections at once; others wait in the socket's queue.
    void limit(std::size_t connections);

    // A connection has ended.
    void closed();

    // To be called now and then: who was woken for a connection may have died before it took it.
    void look_again();

    // Whether others wait for a connection to end.
    [[nodiscard]] bool crowded() const { return crowded_; }

    // Accepts all that wait in the queue now, then never again.
    void stop();

private:
    void take_turn();
    int accept_one();
    bool has_room();
    void rest(milliseconds length);
    void watch_again();
    void complain(const std::string& reason, std::string_view advice);

    Log& log_;
    Calls calls_;
    Fd socket_;
    std::unique_ptr<Watch> watch_; // none: stopped
    Timer rest_;
    std::size_t limit_ = SIZE_MAX;
    std::size_t open_ = 0;
    std::size_t turn_ = 1; // how many to accept at most
    bool resting_ = false;
    bool crowded_ = false;
    bool aside_ = true; // not watching
    OnceAMinute complaint_;
};

} // namespace onlogin
