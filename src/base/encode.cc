#include "base/encode.hh"

#include <algorithm>

namespace onlogin {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

// \u00XX
void append_escape(std::string& to, unsigned char character)
{
    to += "\\u00";
    to += hex_digits[character >> 4];
    to += hex_digits[character & 15];
}

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

unsigned byte_at(std::string_view text, std::size_t at)
{
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

constexpr std::string_view replacement = "\xef\xbf\xbd";

// The surrogate that `text` begins with, in three bytes; 0: none.
unsigned first_surrogate(std::string_view text)
{
    const auto second = byte_at(text, 1), third = byte_at(text, 2);
    if (byte_at(text, 0) != 0xed || second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf)
        return 0;
    return 0xd000U | (second & 0x3fU) << 6U | (third & 0x3fU);
}

} // namespace

bool is_line_separator(std::string_view character)
{
    return character == "\u2028" || character == "\u2029";
}

std::string to_hex(std::string_view bytes)
{
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (const char c : bytes) {
        hex += hex_digits[static_cast<unsigned char>(c) >> 4];
        hex += hex_digits[static_cast<unsigned char>(c) & 15];
    }
    return hex;
}

void append_percent_encoded(std::string& to, std::string_view text)
{
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_unreserved(byte)) {
            to += c;
        } else {
            to += '%';
            to += "0123456789ABCDEF"[byte >> 4];
            to += "0123456789ABCDEF"[byte & 15];
        }
    }
}

std::optional<std::string> form_decode(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            result += ' ';
        } else if (text[i] != '%') {
            result += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return std::nullopt;
            result += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return result;
}

bool is_visible_ascii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Utf8Character first_utf8_character(std::string_view text)
{
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80)
        return {1, true};
    const std::size_t following = lead >= 0xc2 && lead <= 0xdf   ? 1
                                  : lead >= 0xe0 && lead <= 0xef ? 2
                                  : lead >= 0xf0 && lead <= 0xf4 ? 3
                                                                 : 0;
    unsigned char low = 0x80, high = 0xbf; // of the second byte, narrower after some leads
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    std::size_t size = 1;
    for (; size <= following; ++size, low = 0x80, high = 0xbf) {
        if (size == text.size())
            return {size, false};
        const auto byte = static_cast<unsigned char>(text[size]);
        if (byte < low || byte > high)
            return {size, false};
    }
    return {size, following > 0};
}

bool is_plain_name(std::string_view text)
{
    constexpr std::size_t longest = 20;
    return !text.empty() && text.size() <= longest && is_letter(text[0]) &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
           });
}

std::string without_surrogates(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const auto half = first_surrogate(text);
        const auto other = half ? first_surrogate(text.substr(3)) : 0;
        if (half >= 0xd800 && half < 0xdc00 && other >= 0xdc00) {
            const auto code = 0x10000U + ((half & 0x3ffU) << 10U | (other & 0x3ffU));
            for (const unsigned byte : {0xf0U | code >> 18U, 0x80U | (code >> 12U & 0x3fU),
                                        0x80U | (code >> 6U & 0x3fU), 0x80U | (code & 0x3fU)})
                result += static_cast<char>(byte);
            text.remove_prefix(6);
        } else if (half) {
            result += replacement;
            text.remove_prefix(3);
        } else {
            result += text[0];
            text.remove_prefix(1);
        }
    }
    return result;
}

bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        const auto character = first_utf8_character(text);
        if (!character.well_formed)
            return false;
        text.remove_prefix(character.size);
    }
    return true;
}

void append_json_string(std::string& to, std::string_view text)
{
    const bool utf8 = is_utf8(text);
    to += '"';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte == '"' || byte == '\\') {
            to += '\\';
            to += text[i];
        } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
            append_escape(to, byte);
        } else if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
            append_escape(to, static_cast<unsigned char>(text[++i]));
        } else if (is_line_separator(text.substr(i, 3))) {
            to += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
            i += 2;
        } else {
            to += text[i];
        }
    }
    to += '"';
}

} // namespace onlogin
