#pragma once

// The command line.

#include <stdexcept>
#include <string>

namespace onlogin {

struct Options
{
    enum class Command
    {
        Serve,
        Check,   // -t
        Version, // -V
        Help,    // -h
    };
    Command command = Command::Serve;
    std::string config_file; // -c, else $ONLOGIN_CONFIG, else /etc/onlogin/onlogin.json
};

// The command line makes no sense; the text says why.
struct UsageError : std::runtime_error
{
    using runtime_error::runtime_error;
};

// Throws UsageError.
Options parse_options(int argc, char* const* argv);

// What -h prints.
extern const char* const usage;

} // namespace onlogin
