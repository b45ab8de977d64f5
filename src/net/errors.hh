#pragma once

// What goes wrong on the way to a server.

#include <stdexcept>
#include <string>
#include <utility>

namespace onlogin {

// The server cannot be reached and certainly never saw the request: what was to be sent may be sent
// again. The text is the cause (name, connection, TLS) for the log, not for the client; `advice` is
// what mends it, or empty.
struct Unreachable : std::runtime_error
{
    explicit Unreachable(const std::string& cause, std::string mend = {})
        : runtime_error{cause}
        , advice{std::move(mend)}
    {
    }
    std::string advice;
};

} // namespace onlogin
