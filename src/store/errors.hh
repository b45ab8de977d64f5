#pragma once

// What goes wrong with the store of ended sessions.

#include <stdexcept>

namespace onlogin {

// It cannot be asked or told, so nobody is let through. The text is the cause and what mends it,
// for the log and the operator, not for the client.
struct StoreUnreachable : std::runtime_error
{
    using runtime_error::runtime_error;
};

} // namespace onlogin
