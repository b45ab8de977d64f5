#include "options.hh"

#include <boost/test/unit_test.hpp>
#include <vector>

#include <stdlib.h>

using namespace onlogin;
using Command = Options::Command;

namespace {

Options parse(std::vector<std::string> words)
{
    words.insert(words.begin(), "onlogin");
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    return parse_options(static_cast<int>(words.size()), argv.data());
}

std::string complaint(const std::vector<std::string>& words)
{
    try {
        parse(words);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(each_command_is_known_by_its_name)
{
    BOOST_TEST((parse({}).command == Command::Serve));
    for (const auto& row : command_rows())
        if (!row.name.empty())
            BOOST_TEST((parse({std::string{row.name}}).command == row.command), row.name);
}

BOOST_AUTO_TEST_CASE(help_and_version_have_long_names_and_are_words_too)
{
    for (const auto* name : {"--help", "help", "--he"})
        BOOST_TEST((parse({name}).command == Command::Help), name);
    for (const auto* name : {"--version", "version", "--vers"})
        BOOST_TEST((parse({name}).command == Command::Version), name);
}

BOOST_AUTO_TEST_CASE(what_is_nearly_an_option_or_a_command_is_told_so)
{
    const std::pair<std::vector<std::string>, std::string> table[] = {
        {{"--jsn"}, "unknown option --jsn: did you mean --json?"},
        {{"doctor", "--jason"}, "unknown option --jason: did you mean --json?"},
        {{"revoke", "--openId=x"}, "unknown option --openId=x: did you mean --openid?"},
        {{"revoke", "--app-id", "x"}, "unknown option --app-id: did you mean --appid?"},
        {{"--hlep"}, "unknown option --hlep: below are those that there are"},
        {{"--verson"}, "unknown option --verson: did you mean --version?"},
        {{"--doctor"}, "unknown option --doctor: did you mean doctor?"},
        {{"-version"}, "unknown option -version: did you mean --version?"},
        {{"-help"}, "unknown option -help: did you mean --help?"},
        {{"doctor", "-json"}, "unknown option -json: did you mean --json?"},
        {{"-v"}, "unknown option -v: did you mean -V?"},
        {{"-H"}, "unknown option -H: did you mean -h?"},
        {{"-tC", "x"}, "unknown option -C: did you mean -c?"},
        {{"docter"}, "unknown command \"docter\": did you mean doctor?"},
        {{"Doctor"}, "unknown command \"Doctor\": did you mean doctor?"},
        {{"keygn"}, "unknown command \"keygn\": did you mean keygen?"},
        {{"revok", "--all"}, "unknown command \"revok\": did you mean revoke?"},
        {{"json"}, "unknown command \"json\": did you mean --json?"},
        {{"--json=yes"}, "--json takes no value"},
        {{"--help=all"}, "--help takes no value"},
    };
    for (const auto& [line, expected] : table)
        BOOST_TEST(complaint(line) == expected);
}

BOOST_AUTO_TEST_CASE(options_stand_before_or_behind_the_command)
{
    const std::vector<std::string> lines[] = {{"doctor", "-c", "x", "--json"},
                                              {"--json", "doctor", "-cx"},
                                              {"-c", "x", "--json", "doctor"},
                                              {"-cx", "--json", "--", "doctor"}};
    for (const auto& line : lines) {
        const auto options = parse(line);
        BOOST_TEST((options.command == Command::Doctor && options.json));
        BOOST_TEST(options.config_file == "x");
    }
    BOOST_TEST(!parse({"doctor"}).json);
    BOOST_TEST((parse({"-tc", "x"}).command == Command::Check));
}

BOOST_AUTO_TEST_CASE(the_configuration_is_named_by_option_then_environment_then_default)
{
    unsetenv("ONLOGIN_CONFIG");
    BOOST_TEST(parse({}).config_file == "/etc/onlogin/onlogin.json");
    setenv("ONLOGIN_CONFIG", "", 1);
    BOOST_TEST(parse({}).config_file == "/etc/onlogin/onlogin.json");
    setenv("ONLOGIN_CONFIG", "/x/env.json", 1);
    BOOST_TEST(parse({}).config_file == "/x/env.json");
    BOOST_TEST(parse({"-c", "own.json"}).config_file == "own.json");
    unsetenv("ONLOGIN_CONFIG");
}

BOOST_AUTO_TEST_CASE(help_wins)
{
    BOOST_TEST((parse({"doctor", "-h"}).command == Command::Help));
    BOOST_TEST((parse({"-h", "-t", "--json"}).command == Command::Help));
    BOOST_TEST((parse({"--help", "revoke", "--all"}).command == Command::Help));
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_what_mends_them)
{
    const std::pair<std::vector<std::string>, std::string> table[] = {
        {{"-x"}, "unknown option -x: below are those that there are"},
        {{"-tx"}, "unknown option -x: below are those that there are"},
        {{"--none"}, "unknown option --none: below are those that there are"},
        {{"-c"}, "-c lacks its value: -c FILE"},
        {{"doctor", "-c"}, "-c lacks its value: -c FILE"},
        {{"revoke", "--appid", "wx1", "--openid", ""}, "--openid lacks its value: --openid OPENID"},
        {{"server"}, "unknown command \"server\": there is doctor, keygen, revoke"},
        {{""}, "unknown command \"\": there is doctor, keygen, revoke"},
        {{"-"}, "unknown command \"-\": there is doctor, keygen, revoke"},
        {{"--", "-t"}, "unknown command \"-t\": there is doctor, keygen, revoke"},
        {{"doctor", "x"}, "unknown command \"x\": there is doctor, keygen, revoke"},
        {{"-t", "doctor"}, "-t and doctor are two commands: give one of them"},
        {{"--json"}, "--json does not belong here: it goes with onlogin doctor [-c FILE] [--json]"},
        {{"--json", "-t"},
         "--json does not belong here: it goes with onlogin doctor [-c FILE] [--json]"},
        {{"-V", "-c", "x"},
         "-c does not belong here: it goes with onlogin [-c FILE], onlogin -t [-c FILE], onlogin "
         "doctor [-c FILE] [--json], onlogin revoke [-c FILE] [--openid OPENID] [--appid APPID] "
         "[--all]"},
    };
    for (const auto& [line, expected] : table)
        BOOST_TEST(complaint(line) == expected);
}

BOOST_AUTO_TEST_CASE(the_order_of_words_does_not_depend_on_the_environment)
{
    setenv("POSIXLY_CORRECT", "1", 1);
    BOOST_TEST(parse({"doctor", "--json"}).json);
    unsetenv("POSIXLY_CORRECT");
}

BOOST_AUTO_TEST_CASE(help_lists_every_command_and_option)
{
    const auto text = usage();
    for (const auto& row : command_rows())
        BOOST_TEST(text.find(row.help) != text.npos, row.name);
    for (const auto& row : option_rows()) {
        BOOST_TEST(text.find("\n  " + std::string{row.name}) != text.npos, row.name);
        BOOST_TEST(text.find(row.help) != text.npos, row.name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
