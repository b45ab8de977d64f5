#include "base/json_strings.hh"

#include "base/encode.hh"

#include <algorithm>
#include <charconv>

namespace onlogin {

namespace {

constexpr std::string_view replacement = "\\ufffd";
constexpr std::size_t longest_escape = replacement.size();

// The code unit of the escape that `text` begins with, as \ud83d; below zero: none.
int escaped_unit(std::string_view text)
{
    int unit = 0;
    const auto hex = text.substr(0, longest_escape);
    if (hex.size() < longest_escape || !hex.starts_with("\\u"))
        return -1;
    const auto [end, error] = std::from_chars(hex.data() + 2, hex.data() + hex.size(), unit, 16);
    return error == std::errc{} && end == hex.data() + hex.size() && unit >= 0 ? unit : -1;
}

// Appends what stands for the escape that `text` begins with; how many bytes of `text` that are.
std::size_t append_escape(std::string& to, std::string_view text)
{
    const int unit = escaped_unit(text);
    if (unit < 0xd800 || unit > 0xdfff) {
        const auto size = std::min<std::size_t>(2, text.size());
        to += text.substr(0, size);
        return size;
    }
    const int next = escaped_unit(text.substr(longest_escape));
    const bool pair = unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff;
    const auto size = pair ? 2 * longest_escape : longest_escape;
    to += pair ? text.substr(0, size) : replacement;
    return size;
}

// The same for a character that is not escaped.
std::size_t append_character(std::string& to, std::string_view text)
{
    const auto [size, well_formed] = first_utf8_character(text);
    const auto character = text.substr(0, size);
    if (!well_formed) {
        to += replacement;
    } else if (is_line_separator(character)) {
        to += character.back() == '\xa8' ? "\\u2028" : "\\u2029";
    } else if (const auto byte = static_cast<unsigned char>(text[0]); byte < 0x20) {
        to += "\\u00";
        to += to_hex(character);
    } else {
        to += character;
    }
    return size;
}

} // namespace

std::string with_well_formed_strings(std::string_view json)
{
    std::string result;
    result.reserve(longest_escape * json.size());
    bool in_string = false;
    while (!json.empty()) {
        const char c = json[0];
        std::size_t size = 1;
        if (c == '"') {
            in_string = !in_string;
            result += c;
        } else if (!in_string) {
            result += c;
        } else if (c == '\\') {
            size = append_escape(result, json);
        } else {
            size = append_character(result, json);
        }
        json.remove_prefix(size);
    }
    return result;
}

} // namespace onlogin
