#pragma once

// The command line. Its tables are what the parser goes by, what -h prints, and what the manual
// page is compared with.

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace onlogin {

struct Options
{
    enum class Command
    {
        Serve,
        Check,   // -t
        Doctor,  // doctor
        Keygen,  // keygen
        Revoke,  // revoke
        Version, // -V, --version
        Help,    // -h, --help
    };
    Command command = Command::Serve;
    std::string config_file; // -c, else $ONLOGIN_CONFIG, else /etc/onlogin/onlogin.json
    bool json = false;       // --json: doctor answers programs
    std::string openid;      // --openid: revoke ends the sessions of this user,
    std::string appid;       // --appid: those of this mini program,
    bool all = false;        // --all: or those of everybody
};

// What the program can be asked to do.
struct CommandRow
{
    Options::Command command;
    std::string_view name;      // a word, or an option of one letter; empty: what is done unasked
    std::string_view long_name; // --WORD, and without the dashes a word, for the same; may be empty
    std::string_view options;   // the names of those that it takes, a space between
    std::string_view help;
};

// What changes how it does that.
struct OptionRow
{
    std::string_view name;     // one letter after -, or a word after --
    std::string_view argument; // what stands for its value in the help; empty: it takes none
    std::variant<std::string Options::*, bool Options::*> target;
    std::string_view help;
};

std::span<const CommandRow> command_rows();
std::span<const OptionRow> option_rows();

// The command line makes no sense; the text says why, and what would.
struct UsageError : std::runtime_error
{
    using runtime_error::runtime_error;
};

// Options may stand before and after the command. -h wins over all else that makes sense. Throws
// UsageError, which names the nearest option or command where one is near.
Options parse_options(int argc, char* const* argv);

// What -h prints.
std::string usage();

} // namespace onlogin
