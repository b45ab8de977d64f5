#pragma once

// What goes wrong with an exchange once the request has gone out: the one-time code in it may be
// spent. Before that it is Unreachable (net/errors.hh).

#include <stdexcept>

namespace onlogin {

// What came back cannot be used, or the connection broke. The text is for the log.
struct Unusable : std::runtime_error
{
    using runtime_error::runtime_error;
};

// The deadline passed first.
struct TimedOut : std::runtime_error
{
    using runtime_error::runtime_error;
};

} // namespace onlogin
