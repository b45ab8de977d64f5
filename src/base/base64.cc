#include "base/base64.hh"

#include "base/secret.hh"

#include <array>
#include <cstdint>

namespace onlogin {

namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t no_value = 0xff;

using Values = std::array<std::uint8_t, 256>;

// Of each character. The alphabets differ in the last two.
constexpr Values values_of(char last_but_one, char last)
{
    Values table{};
    table.fill(no_value);
    for (std::uint8_t i = 0; i < 62; ++i)
        table[static_cast<unsigned char>(alphabet[i])] = i;
    table[static_cast<unsigned char>(last_but_one)] = 62;
    table[static_cast<unsigned char>(last)] = 63;
    return table;
}
constexpr Values url_values = values_of('-', '_'), plain_values = values_of('+', '/');

// Three bytes to four characters.
void encode_group(const char* bytes, char* text)
{
    std::uint32_t bits = 0;
    for (int i = 0; i < 3; ++i)
        bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
    for (int i = 0; i < 4; ++i)
        text[i] = alphabet[bits >> (18 - 6 * i) & 63];
}

// Four characters to three bytes. False: one of them is not of the alphabet.
bool decode_group(const Values& values, const char* text, char* bytes)
{
    std::uint32_t bits = 0, all = 0;
    for (int i = 0; i < 4; ++i) {
        const std::uint32_t value = values[static_cast<unsigned char>(text[i])];
        all |= value;
        bits = bits << 6 | (value & 63);
    }
    for (int i = 0; i < 3; ++i)
        bytes[i] = static_cast<char>(bits >> (16 - 8 * i) & 255);
    return all < 64;
}

std::optional<std::string> decode(const Values& values, std::string_view text)
{
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string bytes(text.size() * 3 / 4, '\0');
    std::size_t written = 0;
    bool good = true;
    for (; text.size() >= 4; text.remove_prefix(4), written += 3)
        good = decode_group(values, text.data(), bytes.data() + written) && good;
    if (!text.empty()) {
        char last[4] = {'A', 'A', 'A', 'A'}, group[3]; // A adds nothing: what is behind must be 0
        text.copy(last, text.size());
        good = decode_group(values, last, group) && group[2] == 0 &&
               (text.size() == 3 || group[1] == 0) && good;
        bytes.replace(written, text.size() - 1, group, text.size() - 1);
    }
    if (good)
        return bytes;
    wipe(bytes);
    return std::nullopt;
}

} // namespace

void append_base64url(std::string& to, std::string_view bytes)
{
    auto written = to.size();
    to.resize(written + (bytes.size() * 4 + 2) / 3);
    for (; bytes.size() >= 3; bytes.remove_prefix(3), written += 4)
        encode_group(bytes.data(), to.data() + written);
    if (!bytes.empty()) {
        char last[3]{}, text[4];
        bytes.copy(last, bytes.size());
        encode_group(last, text);
        to.replace(written, bytes.size() + 1, text, bytes.size() + 1);
    }
}

std::optional<std::string> base64url_decode(std::string_view text)
{
    return decode(url_values, text);
}

std::optional<std::string> base64_decode(std::string_view text)
{
    if (text.size() % 4 != 0)
        return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    return decode(plain_values, text);
}

} // namespace onlogin
