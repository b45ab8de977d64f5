#include "options.hh"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <vector>

#include <getopt.h>

namespace onlogin {

namespace {

using Command = Options::Command;

constexpr CommandRow commands[] = {
    {Command::Serve, "", "-c", "serve"},
    {Command::Check, "-t", "-c", "check the configuration as a start would, exit 0 or 1"},
    {Command::Doctor, "doctor", "-c --json", "check the whole deployment, say what to mend"},
    {Command::Keygen, "keygen", "", "print a new key, one line for session.keys_file"},
    {Command::Version, "-V", "", "print the version and those of the libraries"},
    {Command::Help, "-h", "", "print this help"},
};

constexpr OptionRow options[] = {
    {"-c", "FILE", &Options::config_file,
     "configuration; else $ONLOGIN_CONFIG, else /etc/onlogin/onlogin.json"},
    {"--json", "", &Options::json, "doctor answers in JSON, for programs"},
};

constexpr std::string_view about =
    "Logs WeChat mini-program users in: trades the code of wx.login for the openid.\n"
    "A web server starts it or speaks to it: as a FastCGI responder when descriptor 0 is a\n"
    "listening socket (spawn-fcgi, systemd), as a CGI program when the environment holds a\n"
    "request. For example:\n"
    "\n"
    "    spawn-fcgi -n -s /run/onlogin/onlogin.sock -- onlogin -c /etc/onlogin/onlogin.json\n";

constexpr std::string_view signals =
    "SIGTERM or SIGINT stops when what is in flight is answered, a second one at once;\n"
    "SIGHUP reads the configuration again. All else is in onlogin(8) and onlogin.json(5).\n";

bool is_letter(std::string_view name)
{
    return name.size() == 2 && name[0] == '-';
}

bool is_word(std::string_view name)
{
    return !name.empty() && name[0] != '-';
}

bool takes(const CommandRow& command, const OptionRow& option)
{
    const auto at =
        (' ' + std::string{command.options} + ' ').find(' ' + std::string{option.name} + ' ');
    return at != std::string::npos;
}

template <class Rows>
auto find_row(const Rows& rows, std::string_view name)
{
    const auto found =
        std::find_if(std::begin(rows), std::end(rows), [&](auto& row) { return row.name == name; });
    return found == std::end(rows) ? nullptr : &*found;
}

// How to write the option, with its value.
std::string shown(const OptionRow& option)
{
    std::string text{option.name};
    if (!option.argument.empty())
        (text += ' ') += option.argument;
    return text;
}

// How to call the command.
std::string call(const CommandRow& command)
{
    std::string text = "onlogin";
    if (!command.name.empty())
        (text += ' ') += command.name;
    for (const auto& option : options)
        if (takes(command, option))
            text += " [" + shown(option) + ']';
    return text;
}

// Takes the words of a command line one after the other.
class Parser
{
public:
    void word(std::string_view name)
    {
        const auto* const row = is_word(name) ? find_row(commands, name) : nullptr;
        if (!row)
            throw UsageError{"unknown command \"" + std::string{name} + "\": there is" + words()};
        command(*row);
    }

    void letter(std::string_view name, const char* value)
    {
        if (const auto* const row = find_row(options, name))
            option(*row, value);
        else
            command(*find_row(commands, name));
    }

    void option(const OptionRow& row, const char* value)
    {
        given_.push_back(&row);
        if (const auto* const text = std::get_if<std::string Options::*>(&row.target))
            parsed_.*(*text) = value;
        else
            parsed_.*std::get<bool Options::*>(row.target) = true;
    }

    Options finish()
    {
        if (help_) {
            parsed_.command = Command::Help;
            return std::move(parsed_);
        }
        const auto& row = command_ ? *command_ : commands[0];
        for (const auto* option : given_)
            if (!takes(row, *option))
                throw UsageError{std::string{option->name} + " does not belong here: it goes with" +
                                 commands_with(*option)};
        parsed_.command = row.command;
        return std::move(parsed_);
    }

private:
    void command(const CommandRow& row)
    {
        if (row.command == Command::Help)
            help_ = true;
        else if (command_ && command_ != &row)
            throw UsageError{std::string{command_->name} + " and " + std::string{row.name} +
                             " are two commands: give one of them"};
        else
            command_ = &row;
    }

    static std::string words()
    {
        std::string list;
        for (const auto& row : commands)
            if (is_word(row.name))
                (list += list.empty() ? " " : ", ") += row.name;
        return list;
    }

    static std::string commands_with(const OptionRow& option)
    {
        std::string list;
        for (const auto& row : commands)
            if (takes(row, option))
                (list += list.empty() ? " " : ", ") += call(row);
        return list;
    }

    Options parsed_;
    const CommandRow* command_ = nullptr;
    bool help_ = false;
    std::vector<const OptionRow*> given_;
};

// What getopt_long(3) wants to know of the tables. It gives words as they come, with number 1, and
// long options with their place in the table, from `first_long`.
class Getopt
{
public:
    static constexpr int word = 1;
    static constexpr int first_long = 256;

    Getopt()
    {
        for (const auto& row : commands)
            if (is_letter(row.name))
                letters_ += row.name[1];
        for (const auto& row : options)
            if (is_letter(row.name))
                (letters_ += row.name[1]) += row.argument.empty() ? "" : ":";
            else
                long_.push_back({row.name.data() + 2,
                                 row.argument.empty() ? no_argument : required_argument, nullptr,
                                 first_long + static_cast<int>(&row - options)});
        long_.push_back({});
        opterr = 0;
        optind = 0; // begins anew
    }

    // -1: the end.
    int next(int argc, char* const* argv) const
    {
        return getopt_long(argc, argv, letters_.c_str(), long_.data(), nullptr);
    }

private:
    std::string letters_ = "-:";
    std::vector<option> long_;
};

// What is wrong with the option that getopt does not take.
UsageError refusal(bool lacks_value, char* const* argv)
{
    const bool letter = optopt > 0 && optopt < Getopt::first_long;
    const auto name = letter ? std::string{'-', static_cast<char>(optopt)} : argv[optind - 1];
    if (!lacks_value)
        return UsageError{"unknown option " + name + ": below are those that there are"};
    const auto* const row = find_row(options, name);
    return UsageError{name + " lacks its value: " + (row ? shown(*row) : name + "=…")};
}

} // namespace

std::span<const CommandRow> command_rows()
{
    return commands;
}

std::span<const OptionRow> option_rows()
{
    return options;
}

Options parse_options(int argc, char* const* argv)
{
    Parser parser;
    const Getopt getopt;
    for (int found = 0; (found = getopt.next(argc, argv)) != -1;) {
        if (found == ':' || found == '?')
            throw refusal(found == ':', argv);
        if (found == Getopt::word)
            parser.word(optarg);
        else if (found >= Getopt::first_long)
            parser.option(options[found - Getopt::first_long], optarg);
        else
            parser.letter(std::string{'-', static_cast<char>(found)}, optarg);
    }
    for (; optind < argc; ++optind) // behind --
        parser.word(argv[optind]);

    auto parsed = parser.finish();
    if (parsed.config_file.empty()) {
        const char* const named = getenv("ONLOGIN_CONFIG");
        parsed.config_file = named && *named ? named : "/etc/onlogin/onlogin.json";
    }
    return parsed;
}

std::string usage()
{
    std::size_t width = 0;
    for (const auto& row : commands)
        width = std::max(width, call(row).size());
    std::string text;
    for (const auto& row : commands) {
        auto line = (text.empty() ? "usage: " : "       ") + call(row);
        line.resize(width + 9, ' ');
        (text += line += row.help) += '\n';
    }
    (text += '\n') += about;

    width = 0;
    for (const auto& row : options)
        width = std::max(width, shown(row).size());
    text += '\n';
    for (const auto& row : options) {
        auto line = "  " + shown(row);
        line.resize(width + 4, ' ');
        (text += line += row.help) += '\n';
    }
    (text += '\n') += signals;
    return text;
}

} // namespace onlogin
