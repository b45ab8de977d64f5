#include "base64.hh"

#include "secret.hh"

#include <array>
#include <cstdint>

namespace onlogin {

namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t no_value = 0xff;

constexpr auto values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_value);
    for (std::uint8_t i = 0; i < 64; ++i)
        table[static_cast<unsigned char>(alphabet[i])] = i;
    return table;
}();

// Three bytes to four characters.
void encode_group(const char* bytes, char* text)
{
    std::uint32_t bits = 0;
    for (int i = 0; i < 3; ++i)
        bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
    for (int i = 0; i < 4; ++i)
        text[i] = alphabet[bits >> (18 - 6 * i) & 63];
}

// Four characters to three bytes. False: one of them is no character of base64url.
bool decode_group(const char* text, char* bytes)
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
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string bytes(text.size() * 3 / 4, '\0');
    std::size_t written = 0;
    bool good = true;
    for (; text.size() >= 4; text.remove_prefix(4), written += 3)
        good = decode_group(text.data(), bytes.data() + written) && good;
    if (!text.empty()) {
        char last[4] = {'A', 'A', 'A', 'A'}, group[3]; // A adds nothing: what is behind must be 0
        text.copy(last, text.size());
        good = decode_group(last, group) && group[2] == 0 && (text.size() == 3 || group[1] == 0) &&
               good;
        bytes.replace(written, text.size() - 1, group, text.size() - 1);
    }
    if (good)
        return bytes;
    wipe(bytes);
    return std::nullopt;
}

} // namespace onlogin
