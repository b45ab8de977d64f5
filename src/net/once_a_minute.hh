#pragma once

// For what would otherwise be said again with each request.

#include "net/loop.hh"

#include <optional>

namespace onlogin {

class OnceAMinute
{
public:
    // Whether to say it now: the first time, and then again when a minute has passed since the last
    // time that this said so.
    bool is_time(Clock::time_point now = Clock::now())
    {
        if (last_ && now - *last_ < std::chrono::minutes{1})
            return false;
        last_ = now;
        return true;
    }

private:
    std::optional<Clock::time_point> last_;
};

} // namespace onlogin
