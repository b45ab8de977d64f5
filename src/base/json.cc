#include "base/json.hh"

#include "base/encode.hh"
#include "base/json_slips.hh"
#include "base/json_strings.hh"
#include "base/secret.hh"

#include <algorithm>
#include <memory>
#include <sstream>
#include <vector>

#include <json/reader.h>
#include <json/version.h>
#include <json/writer.h>

namespace onlogin {

namespace {

std::unique_ptr<Json::CharReader> make_reader(bool comments)
{
    Json::CharReaderBuilder builder;
    Json::CharReaderBuilder::strictMode(&builder.settings_);
    builder["allowComments"] = comments;
    builder["collectComments"] = false;
    builder["strictRoot"] = false; // a lone string is valid JSON, though no object
    builder["stackLimit"] = 32;
    return std::unique_ptr<Json::CharReader>{builder.newCharReader()};
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// How long the number is that `text` begins with (RFC 8259, section 6); 0: none.
std::size_t number_length(std::string_view text)
{
    std::size_t at = 0;
    const auto skip = [&](std::string_view any) {
        const bool found = at < text.size() && any.find(text[at]) != any.npos;
        at += found;
        return found;
    };
    const auto skip_digits = [&] {
        const auto first = at;
        while (at < text.size() && is_digit(text[at]))
            ++at;
        return at > first;
    };
    skip("-");
    if (!skip("0") && !skip_digits())
        return 0;
    if (skip(".") && !skip_digits())
        return 0;
    if (skip("eE")) {
        skip("+-");
        if (!skip_digits())
            return 0;
    }
    return at < text.size() && is_digit(text[at]) ? 0 : at; // 0 behind which there are more
}

// jsoncpp takes no number that is too large for a double, or makes an infinity of it.
bool is_beyond_double(std::string_view number)
{
    constexpr std::size_t most_digits = 308; // that always fit
    if (number.size() <= most_digits && number.find_first_of("eE") == number.npos)
        return false;
    double value = 0;
    return !(std::istringstream{std::string{number}} >> value);
}

// The numbers in `text` that are beyond those of a double. Absent where it is not JSON and jsoncpp
// would overlook that: jsoncpp, however strict, takes comments behind a value, a byte order mark
// before it and numbers as +1, 01, 1. and a lone -, ends at a zero byte and lets control characters
// stand in strings.
std::optional<std::vector<std::string_view>> check_for_jsoncpp(std::string_view text)
{
    std::vector<std::string_view> beyond;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        if (in_string ? byte < 0x20 : c == '/' || c == '\0' || c == '+' || byte >= 0x80)
            return std::nullopt;
        if (c == '"') {
            in_string = !in_string;
        } else if (c == '\\' && in_string) {
            ++i;
        } else if (!in_string && (c == '-' || is_digit(c))) {
            const auto length = number_length(text.substr(i));
            if (length == 0)
                return std::nullopt;
            if (is_beyond_double(text.substr(i, length)))
                beyond.push_back(text.substr(i, length));
            i += length - 1;
        }
    }
    return beyond;
}

// `text` with the largest double instead of the numbers that stand there.
Secret with_largest(std::string_view text, const std::vector<std::string_view>& numbers)
{
    constexpr std::string_view largest = "1.7976931348623157e308";
    std::string result;
    result.reserve(text.size() + numbers.size() * (largest.size() + 1)); // it may be a secret
    const auto* from = text.data();
    for (const auto number : numbers) {
        result.append(from, number.data());
        result += number.starts_with('-') ? "-" : "";
        result += largest;
        from = number.data() + number.size();
    }
    result.append(from, text.data() + text.size());
    return Secret{std::move(result)};
}

// Where the object or list ends that `text` begins with.
std::size_t end_of_first(std::string_view text)
{
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"')
            in_string = !in_string;
        else if (c == '\\' && in_string)
            ++i;
        else if (!in_string && (c == '{' || c == '['))
            ++depth;
        else if (!in_string && (c == '}' || c == ']') && --depth <= 0)
            return i + 1;
    }
    return text.size();
}

// jsoncpp tells of what it did not find where a comma leads to nothing. Line and column from 1.
bool follows_comma_too_many(const std::string& text, int line, int column, const std::string& error)
{
    std::size_t at = 0;
    while (--line > 0 && (at = text.find('\n', at)) != text.npos)
        ++at;
    if (at == text.npos || (at += static_cast<std::size_t>(column) - 1) >= text.size())
        return false;
    return (text[at] == '}' && error.starts_with("Missing '}' or object member name")) ||
           (text[at] == ']' && error.starts_with("Syntax error: value"));
}

} // namespace

std::optional<Json::Value> parse_json(std::string_view text)
{
    static const auto reader = make_reader(false);
    Json::Value value;
    const auto beyond = check_for_jsoncpp(text);
    if (!beyond)
        return std::nullopt;
    Secret changed;
    if (!beyond->empty()) {
        changed = with_largest(text, *beyond);
        text = changed.reveal();
    }
    try {
        if (reader->parse(text.data(), text.data() + text.size(), &value, nullptr))
            return value;
    } catch (const Json::Exception&) { // deeper than the limit
    }
    return std::nullopt;
}

JsonFault json_fault(std::string_view text)
{
    const auto end = end_of_first(text);
    if (end < text.size() && parse_json(text.substr(0, end)))
        return JsonFault::MoreBehind;
    Json::Value value;
    std::string errors;
    try {
        make_reader(false)->parse(text.data(), text.data() + text.size(), &value, &errors);
    } catch (const Json::Exception&) {
        return JsonFault::TooDeep;
    }
    const bool twice = errors.find("\n  Duplicate key: ") != errors.npos;
    return twice ? JsonFault::TwiceNamed : JsonFault::NotJson;
}

CommentedJson parse_commented_json(const std::string& text)
{
    CommentedJson result;
    if (auto slip = find_json_slip(text)) {
        result.error = std::move(slip->what);
        result.line = slip->line;
        return result;
    }
    std::string errors;
    try {
        const auto reader = make_reader(true);
        if (reader->parse(text.data(), text.data() + text.size(), &result.value, &errors))
            return result;
    } catch (const Json::Exception&) {
        result.error = "nested too deeply";
        result.line = 1;
        return result;
    }
    // "* Line 3, Column 5\n  Missing ',' or '}' in object declaration\n", then more of the same
    int column = 1;
    if (sscanf(errors.c_str(), "* Line %d, Column %d", &result.line, &column) != 2)
        result.line = 1;
    const auto begin = errors.find("\n  ");
    const auto end = begin == errors.npos ? errors.npos : errors.find('\n', begin + 3);
    result.error = begin == errors.npos ? "not JSON" : errors.substr(begin + 3, end - begin - 3);
    // What it quotes may be a secret: 'TEXT' is not a number, and Duplicate key: 'TEXT'
    constexpr std::size_t longest_duplicate = 40; // with a name that the configuration may have
    if (result.error.starts_with('\''))
        result.error = "what begins as a number is none; a text stands in quotes";
    else if (result.error.starts_with("Duplicate key") && result.error.size() > longest_duplicate)
        result.error = "Duplicate key";
    if (follows_comma_too_many(text, result.line, column, result.error)) {
        if (result.error.ends_with('.'))
            result.error.pop_back();
        result.error += "; is there a comma too many before this?";
    }
    return result;
}

int line_of(const std::string& text, const Json::Value& value)
{
    const auto end = std::min<std::ptrdiff_t>(value.getOffsetStart(), std::ssize(text));
    return 1 + static_cast<int>(std::count(text.begin(), text.begin() + end, '\n'));
}

std::string write_json(const Json::Value& value)
{
    static const auto writer = [] {
        Json::StreamWriterBuilder builder;
        builder["indentation"] = "";
        builder["emitUTF8"] = true;
        return std::unique_ptr<Json::StreamWriter>{builder.newStreamWriter()};
    }();
    std::ostringstream text;
    writer->write(value, &text);
    return with_well_formed_strings(text.view());
}

std::string json_library()
{
    return "jsoncpp " JSONCPP_VERSION_STRING "\n";
}

} // namespace onlogin
