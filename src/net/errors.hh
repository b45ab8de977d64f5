#pragma once

// What goes wrong on the way to a server.

#include <stdexcept>

namespace onlogin {

// The server cannot be reached and certainly never saw the request: what was to be sent may be sent
// again. The text is the cause (name, connection, TLS) for the log, not for the client.
struct Unreachable : std::runtime_error
{
    using runtime_error::runtime_error;
};

} // namespace onlogin
