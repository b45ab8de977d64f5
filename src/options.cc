#include "options.hh"

#include "base/nearest.hh"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <vector>

#include <getopt.h>

namespace onlogin {

namespace {

using Command = Options::Command;

constexpr CommandRow commands[] = {
    {Command::Serve, "", "", "-c", "serve"},
    {Command::Check, "-t", "", "-c", "check the configuration as a start would, exit 0 or 1"},
    {Command::Doctor, "doctor", "", "-c --json", "check the whole deployment, say what to mend"},
    {Command::Keygen, "keygen", "", "", "print a new key, one line for session.keys_file"},
    {Command::Revoke, "revoke", "", "-c --openid --appid --all", "end the sessions of users"},
    {Command::Version, "-V", "--version", "", "print the version and those of the libraries"},
    {Command::Help, "-h", "--help", "", "print this help"},
};

constexpr OptionRow options[] = {
    {"-c", "FILE", &Options::config_file,
     "configuration; else $ONLOGIN_CONFIG, else /etc/onlogin/onlogin.json"},
    {"--json", "", &Options::json, "doctor answers in JSON, for programs"},
    {"--openid", "OPENID", &Options::openid, "revoke the sessions of this user"},
    {"--appid", "APPID", &Options::appid, "of this mini program alone; without a user, all of it"},
    {"--all", "", &Options::all, "revoke the sessions of everybody"},
};

constexpr std::string_view about =
    "Logs WeChat mini-program users in: trades the code of wx.login for the openid.\n"
    "A web server starts it or speaks to it: as a FastCGI responder when descriptor 0 is a\n"
    "listening socket (spawn-fcgi, systemd), as a CGI program when the environment holds a\n"
    "request. For example:\n"
    "\n"
    "    spawn-fcgi -n -s /run/onlogin/onlogin.sock -- /usr/sbin/onlogin\n";

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

const CommandRow* find_long(std::span<const CommandRow> rows, std::string_view name)
{
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](auto& row) { return row.long_name == name; });
    return found == rows.end() ? nullptr : &*found;
}

// `name` without the dashes before it.
std::string_view bare(std::string_view name)
{
    return name.substr(std::min(name.find_first_not_of('-'), name.size()));
}

// The option or the command that `name` is nearly; empty: it is near to none.
std::string nearly(std::string_view name)
{
    const auto meant = std::string{bare(name.substr(0, name.find('=')))};
    std::vector<std::string> known;
    for (const auto& row : commands)
        for (const auto word : {row.name, row.long_name})
            if (bare(word).size() > 1)
                known.emplace_back(word);
    for (const auto& row : options)
        if (!is_letter(row.name))
            known.emplace_back(row.name);
    std::vector<std::string> words;
    words.reserve(known.size());
    for (const auto& word : known)
        words.emplace_back(bare(word));
    const auto& word = nearest(meant, words);
    return edits_between(meant, word) * 3 <= word.size() ? known[&word - words.data()] : "";
}

UsageError unknown(const std::string& what, std::string_view name, const std::string& otherwise)
{
    const auto meant = nearly(name);
    return UsageError{"unknown " + what + ": " +
                      (meant.empty() ? otherwise : "did you mean " + meant + "?")};
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
    if (!command.long_name.empty())
        (text += " | ") += command.long_name;
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
        const auto* const row = is_word(name) ? find_command(name) : nullptr;
        if (!row)
            throw unknown("command \"" + std::string{name} + '"', name, "there is" + words());
        command(*row);
    }

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

    void letter(std::string_view name, const char* value)
    {
        if (const auto* const row = find_row(options, name))
            option(*row, value);
        else
            command(*find_row(commands, name));
    }

    void option(const OptionRow& row, const char* value)
    {
        if (value && !*value) // as from a shell's variable that is not set
            throw UsageError{std::string{row.name} + " lacks its value: " + shown(row)};
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
    static const CommandRow* find_command(std::string_view word)
    {
        const auto* const row = find_row(commands, word);
        return row ? row : find_long(commands, "--" + std::string{word});
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
// long options with their place in the table, from `first_long`; the long names of commands,
// likewise, from `first_command`.
class Getopt
{
public:
    static constexpr int word = 1;
    static constexpr int first_long = 256;
    static constexpr int first_command = 512;

    Getopt()
    {
        for (const auto& row : commands) {
            if (is_letter(row.name))
                letters_ += row.name[1];
            if (!row.long_name.empty())
                long_.push_back({row.long_name.data() + 2, no_argument, nullptr,
                                 first_command + static_cast<int>(&row - commands)});
        }
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

// The word of one dash that would be an option with two; empty: there is none.
std::string lacks_a_dash(char* const* argv)
{
    for (; *argv; ++argv)
        if (std::string word{*argv}; word.size() > 2 && word[0] == '-' && word[1] != '-')
            if (find_row(options, '-' + word) || find_long(commands, '-' + word))
                return word;
    return {};
}

// What is wrong with the option that getopt does not take.
UsageError refusal(bool lacks_value, char* const* argv)
{
    const bool letter = optopt > 0 && optopt < Getopt::first_long;
    const std::string name =
        letter ? std::string{'-', static_cast<char>(optopt)} : argv[optind - 1];
    if (lacks_value) {
        const auto* const row = find_row(options, name);
        return UsageError{name + " lacks its value: " + (row ? shown(*row) : name + "=…")};
    }
    if (optopt >= Getopt::first_long)
        return UsageError{name.substr(0, name.find('=')) + " takes no value"};
    if (const auto word = letter ? lacks_a_dash(argv) : ""; !word.empty())
        return UsageError{"unknown option " + word + ": did you mean -" + word + "?"};
    const std::string below = "below are those that there are";
    if (!letter)
        return unknown("option " + name, name, below);
    // -v for -V
    const std::string other{'-', static_cast<char>(optopt ^ ('a' ^ 'A'))};
    const bool there = find_row(options, other) || find_row(commands, other);
    return UsageError{"unknown option " + name + ": " +
                      (there ? "did you mean " + other + "?" : below)};
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
        else if (found < Getopt::first_long)
            parser.letter(std::string{'-', static_cast<char>(found)}, optarg);
        else if (found < Getopt::first_command)
            parser.option(option_rows()[static_cast<std::size_t>(found - Getopt::first_long)],
                          optarg);
        else
            parser.command(command_rows()[static_cast<std::size_t>(found - Getopt::first_command)]);
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
