#include "gateway/drain.hh"

#include <algorithm>
#include <utility>

namespace onlogin {

namespace {

// For what was sent at the moment of the stop to arrive.
constexpr milliseconds grace{100};

} // namespace

Drain::Drain(Loop& loop, Calls calls)
    : loop_{loop}
    , calls_{std::move(calls)}
    , timer_{loop}
{
}

void Drain::begin(milliseconds limit)
{
    state_ = State::Grace;
    calls_.take_what_was_sent();
    timer_.start(grace, [this, limit] {
        // Once more: a busy host may run timers before it lets us read.
        calls_.take_what_was_sent();
        state_ = State::Finishing;
        timer_.start(std::max(limit - grace, milliseconds{0}), [this] { end_now(); });
        look();
    });
}

void Drain::end_now()
{
    calls_.give_up();
    end();
}

void Drain::look()
{
    if (state_ == State::Finishing && !calls_.at_work())
        end();
}

void Drain::end()
{
    timer_.stop();
    if (std::exchange(state_, State::Ended) != State::Ended)
        loop_.post(calls_.ended);
}

} // namespace onlogin
