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

// Shares the connections with the other processes that accept on the same socket. A web server that
// keeps its connections sends many requests over each: a process that accepted a burst of them
// alone would do all the work for as long as they last.
//
// The kernel wakes one process for each new connection, in turns (Watch::queue_up). But a process
// that is awake finds all connections in the queue, also those for which the kernel has just woken
// others. So it accepts one, and rests for a moment in which the others accept theirs; only while
// it still finds connections after each rest does it accept more of them at once. A web server that
// opens a connection for each request needs no sharing out, and a rest would only let requests
// wait: then there is none.
class Listener
{
public:
    struct Calls
    {
        std::function<void(Fd connection)> accepted; // non-blocking, close-on-exec
        // The limit is reached and another connection waits: close one that is not in use, if
        // there is any.
        std::function<void()> make_room;
        // Whether the web server uses its connections for more than one request.
        std::function<bool()> are_kept;
    };

    // Accepts on `socket`, which may be shared with other processes. It becomes non-blocking, and
    // does so again when one of them has made it blocking. When the process or the host is out of
    // descriptors the listener says so in the log, waits a moment and goes on.
    Listener(Loop& loop, Fd socket, Log& log, Calls calls);

    // At most so many connections at once; others wait in the socket's queue.
    void limit(std::size_t connections);

    // A connection has ended.
    void closed();

    // To be called now and then: the process that was woken for a connection may have died before
    // it accepted it, and the others sleep.
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
    bool aside_ = true; // hears nothing of new connections
    OnceAMinute complaint_;
};

} // namespace onlogin
