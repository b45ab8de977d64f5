#pragma once

// A stop that loses no request: how far it has come, and the clock that moves it on.

#include "net/loop.hh"

#include <functional>

namespace onlogin {

// Whether a request can have been sent by a server that knew of the stop.
enum class Sent
{
    InTime,
    TooLate,
};

class Drain
{
public:
    enum class State
    {
        None,      // there is no stop
        Grace,     // what comes now was sent before the server in front could know of the stop
        Finishing, // what comes now was sent too late; what is at work goes on
        Ended,     // `ended` has been called
    };

    struct Calls
    {
        // Nothing told the server in front of the stop until now: take what it has sent already,
        // and end the connections that are idle.
        std::function<void()> take_what_was_sent;
        // Whether there is still something to wait for.
        std::function<bool()> at_work;
        // The time is up: answer what is at work.
        std::function<void()> give_up;
        // Called once, later than the call that led to it.
        std::function<void()> ended;
    };

    Drain(Loop& loop, Calls calls);

    // Grace, for a moment; then Finishing until nothing is at work any more, or until `limit` from
    // now; then Ended.
    void begin(milliseconds limit);

    // Gives up at once, and is Ended.
    void end_now();

    // To be called whenever something has ceased to be at work.
    void look();

    [[nodiscard]] bool has_begun() const { return state_ != State::None; }

    // Of a request that is read now.
    [[nodiscard]] Sent sent_now() const
    {
        return state_ == State::Finishing || state_ == State::Ended ? Sent::TooLate : Sent::InTime;
    }

private:
    void end();

    Loop& loop_;
    Calls calls_;
    Timer timer_; // to the next state
    State state_ = State::None;
};

} // namespace onlogin
