#include "random_text.hh"

#include <random>

namespace onlogin::fake {

namespace {

// Its first 62 are alphanumeric.
constexpr std::string_view alphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t hash(std::string_view text)
{
    std::uint64_t value = 0xcbf29ce484222325;
    for (const char c : text)
        value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return value;
}

} // namespace

std::uint64_t random_number()
{
    static std::mt19937_64 numbers = [] {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device()};
        return std::mt19937_64{seed};
    }();
    return numbers();
}

std::string random_code()
{
    std::string code = "0";
    while (code.size() < 32)
        code += alphabet[random_number() % 62];
    return code;
}

std::string random_phone_code()
{
    std::string code;
    while (code.size() < 64)
        code += "0123456789abcdef"[random_number() % 16];
    return code;
}

std::string random_access_token()
{
    std::string token = "74_";
    while (token.size() < 136)
        token += alphabet[random_number() % 64];
    return token;
}

std::string random_session_key()
{
    // 16 bytes are 21 whole groups of six bits and two bits more.
    std::string key;
    while (key.size() < 21)
        key += base64_alphabet[random_number() % 64];
    key += base64_alphabet[random_number() % 4 * 16];
    return key + "==";
}

std::string identifier(std::string_view seed)
{
    std::mt19937_64 numbers{hash(seed)}; // the standard fixes what it yields, on every machine
    std::string text = "o";
    while (text.size() < 28)
        text += alphabet[numbers() % 64];
    return text;
}

std::string mobile_number(std::string_view seed)
{
    std::mt19937_64 numbers{hash(seed)};
    std::string text = "1";
    text += "3456789"[numbers() % 7];
    while (text.size() < 11)
        text += static_cast<char>('0' + numbers() % 10);
    return text;
}

} // namespace onlogin::fake
