#pragma once

// Why an action does not do what it is asked. What the folders below throw stands in their own
// errors.hh; the router alone turns all of them into answers.

#include "base/language.hh"

#include <stdexcept>
#include <string>

namespace onlogin {

// The method is not one the action answers: 405. `allow` is the value of the Allow header.
struct MethodNotAllowed : std::runtime_error
{
    explicit MethodNotAllowed(std::string allowed)
        : runtime_error{message.data()}
        , allow{std::move(allowed)}
    {
    }
    static constexpr auto message = marked("the method is not allowed here");
    std::string allow;
};

// The code came from the developer tools without a real appid (they hand out a fixed text).
struct MockCode : std::runtime_error
{
    MockCode()
        : runtime_error{message.data()}
    {
    }
    static constexpr auto message = marked("the developer tools made up this login code: "
                                           "open the project with its real appid");
};

// No session of whoever asks: 401. The text is the cause for the log, not for the client.
struct Unauthorized : std::runtime_error
{
    using runtime_error::runtime_error;
};

// For which mini program a token must be was to be said by the server in front, and is not: 401.
// The text is the cause; `advice` tells the operator what mends it.
struct Undecided : Unauthorized
{
    Undecided(const std::string& cause, Marked mend)
        : Unauthorized{cause}
        , advice{mend}
    {
    }
    Marked advice;
};

// More is in flight than the limits allow, or the worker is stopping: 503.
struct Busy : std::runtime_error
{
    explicit Busy(Marked text)
        : runtime_error{text.data()}
        , message{text}
    {
    }
    Marked message;
};

} // namespace onlogin
