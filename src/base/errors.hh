#pragma once

// What goes wrong with the files of the configuration, wherever they are read.

#include <stdexcept>

namespace onlogin {

// The configuration or a file it names cannot be used. The text names file, line and key, and says
// what mends it; it holds no secret.
struct ConfigError : std::runtime_error
{
    using runtime_error::runtime_error;
};

} // namespace onlogin
