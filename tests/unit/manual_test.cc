// The manual pages, the sample configuration and the README say what the program's own tables say.

#include "base/errors.hh"
#include "base/json.hh"
#include "config/keys.hh"
#include "gateway/request.hh"
#include "options.hh"
#include "wechat/errcodes.hh"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <regex.h>
#include <stdlib.h>

using namespace onlogin;

namespace {

using Words = std::set<std::string>;
using Lines = std::vector<std::string>;

// Where the Makefile is, above this file.
const std::filesystem::path& root()
{
    static const auto found = [] {
        auto directory = std::filesystem::absolute(__FILE__).parent_path();
        while (!exists(directory / "Makefile") && directory.has_relative_path())
            directory = directory.parent_path();
        return directory;
    }();
    return found;
}

std::string contents(const std::filesystem::path& name)
{
    std::ifstream file{root() / name};
    BOOST_REQUIRE_MESSAGE(file, "run this where the sources are: there is no " << root() / name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// From the line `title` to the next that begins with one of the marks.
std::string part(const std::string& text, const std::string& title, const Lines& marks)
{
    const auto begin = ('\n' + text).find('\n' + title + '\n');
    BOOST_REQUIRE_MESSAGE(begin != text.npos, "there is no part " << title);
    const auto inside = begin + title.size();
    auto end = text.size();
    for (const auto& mark : marks)
        end = std::min(end, text.find('\n' + mark, inside));
    return text.substr(inside + 1, end - inside);
}

// What the first group of the pattern (extended, see regex(7)) matches in each line, in order.
Lines all(const std::string& text, const std::string& pattern)
{
    regex_t regex;
    BOOST_REQUIRE(regcomp(&regex, pattern.c_str(), REG_EXTENDED | REG_NEWLINE) == 0);
    Lines found;
    regmatch_t groups[2];
    const char* rest = text.c_str();
    for (int flags = 0; regexec(&regex, rest, 2, groups, flags) == 0; rest += groups[0].rm_eo) {
        found.emplace_back(rest + groups[1].rm_so, rest + groups[1].rm_eo);
        flags = REG_NOTBOL;
    }
    regfree(&regex);
    return found;
}

Words set_of(const Lines& lines)
{
    return {lines.begin(), lines.end()};
}

// Shows the lines that only one of them has. Two that have none were not found.
template <class Collection>
void check_equal(const Collection& is, const Collection& should)
{
    BOOST_TEST(!should.empty());
    BOOST_CHECK_EQUAL_COLLECTIONS(is.begin(), is.end(), should.begin(), should.end());
}

// What the worker is made of, whatever folder it is in.
std::string sources()
{
    std::string text;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root() / "src"})
        if (entry.path().extension() == ".cc" || entry.path().extension() == ".hh")
            text += contents(entry.path());
    return text;
}

std::string page()
{
    return contents("src/onlogin.8");
}

// How mdoc writes a command, or an option with its value: Cm doctor, Fl t, Fl -json, Fl c Ar FILE
std::string mdoc(std::string_view name, std::string_view argument = {})
{
    auto text =
        name.starts_with('-') ? "Fl " + std::string{name.substr(1)} : "Cm " + std::string{name};
    if (!argument.empty())
        text += " Ar " + std::string{argument};
    return text;
}

// Cm doctor, Fl h | -help
std::string in_synopsis(const CommandRow& command)
{
    auto text = mdoc(command.name);
    if (!command.long_name.empty())
        text += " | " + std::string{command.long_name.substr(1)};
    return text;
}

// The names in backquotes; .drain_ms behind limits.in_flight is limits.drain_ms.
Lines names_in(const std::string& cell)
{
    auto names = all(cell, "`([^`]+)`");
    for (std::size_t i = 1; i < names.size(); ++i)
        if (names[i].starts_with('.'))
            names[i].insert(0, names[0], 0, names[0].find('.'));
    return names;
}

std::string trimmed(const std::string& text)
{
    const auto begin = text.find_first_not_of(' ');
    return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// Each key of the README's table, its default, as it stands there, in the words of the key table.
void check_readme(const std::string& section, const std::map<std::string, std::string>& words)
{
    std::map<std::string, std::string> defaults;
    Words known, with_default, shown, shown_with_default;
    for (const auto& key : config_keys()) {
        defaults[key.name] = key.otherwise;
        known.insert(key.name);
        if (!key.otherwise.empty())
            with_default.insert(key.name);
    }
    for (const auto& row : all(section, "^[|] (`.*)$")) {
        const auto bar = row.find('|');
        const auto cell = row.substr(bar + 1, row.find('|', bar + 1) - bar - 1);
        std::string shown_default;
        std::copy_if(cell.begin(), cell.end(), std::back_inserter(shown_default),
                     [](char c) { return c != '`'; });
        shown_default = trimmed(shown_default);
        if (const auto word = words.find(shown_default); word != words.end())
            shown_default = word->second;
        for (const auto& name : names_in(row.substr(0, bar))) {
            BOOST_TEST(known.count(name) == 1U, name << " is no key");
            if (!shown_default.empty()) {
                BOOST_TEST(shown_default == defaults[name], name << ": " << shown_default);
                shown_with_default.insert(name);
            }
            shown.insert(name);
        }
    }
    check_equal(shown_with_default, with_default);
    for (const auto& name : all(section, "`((wechat|limits|session|log)\\.[a-z_]+)`"))
        shown.insert(name);
    check_equal(shown, known);
}

} // namespace

BOOST_AUTO_TEST_SUITE(manual)

BOOST_AUTO_TEST_CASE(the_synopsis_is_the_table_of_commands)
{
    std::string synopsis;
    for (const auto& command : command_rows()) {
        synopsis += ".Nm\n";
        if (!command.name.empty())
            synopsis += '.' + in_synopsis(command) + '\n';
        std::istringstream options{std::string{command.options}};
        for (std::string name; options >> name;)
            for (const auto& option : option_rows())
                if (option.name == name)
                    synopsis += ".Op " + mdoc(name, option.argument) + '\n';
    }
    BOOST_TEST(part(page(), ".Sh SYNOPSIS", {".Sh"}) == synopsis);
}

BOOST_AUTO_TEST_CASE(each_command_and_option_is_described_once)
{
    Lines rows;
    for (const auto& command : command_rows())
        if (!command.name.empty())
            rows.push_back(in_synopsis(command));
    for (const auto& option : option_rows())
        rows.push_back(mdoc(option.name, option.argument));
    check_equal(all(page(), "^\\.It ((Fl|Cm) .*)$"), rows);
}

BOOST_AUTO_TEST_CASE(the_signals_are_those_that_are_watched)
{
    const auto watched = set_of(all(sources(), "SignalWatch [a-z_]+[{][a-z_]+, (SIG[A-Z]+)"));
    BOOST_TEST(watched.size() >= 3U);
    check_equal(set_of(all(page(), "^\\.It Dv (SIG.*)$")), watched);
    for (const auto& signal : watched)
        BOOST_TEST(usage().find(signal) != std::string::npos, signal);
}

BOOST_AUTO_TEST_CASE(the_variables_of_a_request_are_those_that_are_read)
{
    auto names = set_of(all(sources(), "variables\\(\"([A-Z_]+)\"\\)"));
    const Variables variables{
        [&](std::string_view name, std::size_t) -> std::optional<std::string_view> {
            names.emplace(name);
            return std::nullopt;
        }};
    auto request = read_variables(variables);
    check_length(request, variables, 1);
    check_equal(set_of(all(part(page(), ".Ss Requests", {".Sh", ".Ss"}), "^\\.It Ev (.*)$")),
                names);
}

BOOST_AUTO_TEST_CASE(each_action_is_described)
{
    const auto requests = part(page(), ".Ss Requests", {".Sh", ".Ss"});
    check_equal(set_of(all(requests, "^\\.It Ql ([a-z_]+)$")),
                set_of(all(sources(), "^    [{]\"([a-z_]+)\", Kind::")));
}

BOOST_AUTO_TEST_CASE(each_variable_of_the_environment_is_described)
{
    auto read = set_of(all(sources(), "getenv\\(\"([A-Z_]+)\"\\)"));
    for (const auto& name : all(sources(), "take_variable\\(\"([A-Z_]+)\"\\)"))
        read.insert(name);
    auto described = set_of(all(part(page(), ".Sh ENVIRONMENT", {".Sh"}), "^\\.It Ev (.*)$"));
    // Of a CGI request, some are read before it is one: these are described with the request.
    for (const auto& name : all(part(page(), ".Ss Requests", {".Sh", ".Ss"}), "^\\.It Ev (.*)$")) {
        read.insert(name);
        described.insert(name);
    }
    check_equal(described, read);
}

BOOST_AUTO_TEST_CASE(each_errcode_is_described_with_the_status_of_its_answer)
{
    Lines rows;
    for (int errcode = -1; errcode < 100'000; ++errcode)
        if (const auto& row = find_errcode(errcode); row.first == errcode && errcode != 0)
            rows.push_back(std::to_string(row.first) +
                           (row.last == row.first ? "" : "-" + std::to_string(row.last)) + " Ta " +
                           std::to_string(row.status));
    BOOST_TEST(rows.size() > 10U);
    check_equal(all(page(), "^\\.It (-?[0-9]+(-[0-9]+)? Ta [0-9]+) Ta "), rows);
}

BOOST_AUTO_TEST_CASE(each_key_is_described_with_its_values_and_its_default)
{
    Lines items;
    for (const auto& key : config_keys()) {
        auto item = key.name + " Pq ";
        for (const char c : key.value)
            item += c == '"' ? std::string{"\\(dq"} : std::string{c};
        if (!key.otherwise.empty())
            item += "; default " + key.otherwise;
        items.push_back(std::move(item));
    }
    check_equal(all(contents("src/onlogin.json.5"), "^\\.It Va (.*)$"), items);
}

BOOST_AUTO_TEST_CASE(the_sample_lacks_an_appid_and_says_so)
{
    const auto file = root() / "src/onlogin.json";
    const auto text = contents("src/onlogin.json");
    const auto before = text.substr(0, text.find("\"appid\": \"\""));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    BOOST_CHECK_EXCEPTION(load_config(file.string(), ""), ConfigError, [&](const auto& error) {
        return std::string{error.what()}.starts_with(file.string() + ":" + std::to_string(line) +
                                                     ": apps[0].appid: put in ");
    });
}

BOOST_AUTO_TEST_CASE(the_sample_has_every_key_with_its_default)
{
    auto text = contents("src/onlogin.json");
    const auto parsed = parse_commented_json(text);
    BOOST_REQUIRE_EQUAL(parsed.error, "");
    for (const auto& key : config_keys()) {
        const auto dot = key.name.find('.');
        const auto section = key.name.substr(0, dot), name = key.name.substr(dot + 1);
        const auto& object = dot == key.name.npos  ? parsed.value
                             : section == "apps[]" ? parsed.value["apps"][0]
                                                   : parsed.value[section];
        if (key.name == "apps[].secret") // instead of secret_file, so as a remark
            BOOST_TEST(text.find("(\"secret\" instead of") != text.npos);
        else
            BOOST_TEST(object.isMember(name), key.name);
    }
    BOOST_TEST(parsed.value["apps"][0]["url"].asString() == "");
    BOOST_TEST(!parsed.value["apps"][0]["expose_session_key"].asBool());
    BOOST_TEST(parsed.value["apps"][0]["secret_file"].asString().starts_with("secrets/"));

    // Filled in, it is good.
    char directory[] = "/tmp/onlogin-manual-XXXXXX";
    BOOST_REQUIRE(mkdtemp(directory));
    const std::filesystem::path place{directory};
    std::filesystem::create_directory(place / "secrets");
    for (const auto* const name : {"app.secret", "internal.key"}) {
        const auto secret = place / "secrets" / name;
        std::ofstream{secret} << "0123456789abcdef0123456789abcdef\n";
        std::filesystem::permissions(secret, std::filesystem::perms{0600});
    }
    text.replace(text.find("\"appid\": \"\""), 11, "\"appid\": \"wx0123456789abcdef\"");
    std::ofstream{place / "onlogin.json"} << text;
    const auto config = load_config((place / "onlogin.json").string(), "");
    std::filesystem::remove_all(place);
    BOOST_TEST(config.apps.at(0)->url == config.wechat.url);
    const auto defaults = config_keys(), sampled = config_keys(config);
    BOOST_TEST(defaults.size() >= 22U);
    BOOST_REQUIRE_EQUAL(sampled.size(), defaults.size());
    for (std::size_t i = 0; i < defaults.size(); ++i)
        if (defaults[i].name != "internal_key_file") // which the package has made
            BOOST_TEST(sampled[i].otherwise == defaults[i].otherwise, defaults[i].name);
}

BOOST_AUTO_TEST_CASE(the_schema_for_editors_has_every_key_and_no_other)
{
    const auto schema = parse_json(contents("src/onlogin.schema.json"));
    BOOST_REQUIRE(schema);
    std::set<std::string> found;
    const auto& top = (*schema)["properties"];
    for (const auto& name : top.getMemberNames()) {
        const auto& entry = name == "apps" ? top[name]["items"] : top[name];
        for (const auto& key : entry["properties"].getMemberNames())
            found.insert(std::string{name}.append(name == "apps" ? "[]." : ".").append(key));
        if (!entry.isMember("properties") && name != "$schema")
            found.insert(name);
        BOOST_TEST(entry.isMember("properties") == entry.isMember("additionalProperties"), name);
    }
    std::set<std::string> expected;
    for (const auto& key : config_keys()) {
        expected.insert(key.name);
        const auto dot = key.name.find('.');
        const auto section = key.name.substr(0, dot), name = key.name.substr(dot + 1);
        const auto& entry = dot == key.name.npos  ? top[name]
                            : section == "apps[]" ? top["apps"]["items"]["properties"][name]
                                                  : top[section]["properties"][name];
        BOOST_TEST(!entry["description"].asString().empty(), key.name);
        std::string value = entry["type"] == "string"    ? "a string"
                            : entry["type"] == "boolean" ? "true or false"
                            : entry["type"] == "integer"
                                ? "a whole number from " + entry["minimum"].asString() + " to " +
                                      entry["maximum"].asString()
                                : "";
        for (const auto& word : entry["enum"])
            value.append(value.empty() ? "one of \"" : ", \"").append(word.asString()).append("\"");
        BOOST_TEST(value == key.value, key.name);
        if (entry.isMember("default"))
            BOOST_TEST(entry["default"].asString() == key.otherwise, key.name);
    }
    BOOST_TEST(found == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_readme_has_every_key_and_its_default)
{
    check_readme(part(contents("README.md"), "## Configuration", {"## "}), {});
}

BOOST_AUTO_TEST_CASE(the_chinese_readme_has_every_key_and_its_default)
{
    check_readme(part(contents("README.zh-CN.md"), "## 配置", {"## "}),
                 {{"系统自带", "the system's"}, {"无", "none"}});
}

BOOST_AUTO_TEST_SUITE_END()
