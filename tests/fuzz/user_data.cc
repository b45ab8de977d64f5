// Nothing but data of this key and this mini program opens: for libFuzzer,
// https://llvm.org/docs/LibFuzzer.html
//
// The first character chooses what the rest is: 0, what a client sends as encryptedData, and behind
// a zero byte as iv; 1, changes to good data; 2, what was encrypted with our key, to get at what is
// behind it; 3, rawData, and behind a zero byte its signature.

#include "wechat/user_data.hh"

#include "../encrypted.hh"
#include "base/base64.hh"
#include "base/crypto.hh"
#include "base/encode.hh"
#include "base/json.hh"
#include "base/json_strings.hh"
#include "base/odd_text.hh"
#include "gateway/response.hh"
#include "wechat/errors.hh"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

using namespace onlogin;

namespace {

constexpr std::string_view appid = "wx0123456789abcdef";
constexpr std::string_view iv = "AAAAAAAAAAAAAAAAAAAAAA==";
constexpr std::string_view good_text =
    R"({"openId":"o","watermark":{"timestamp":1000,"appid":"wx0123456789abcdef"}})";
const Time now = Time{} + std::chrono::seconds{1000};

const Secret& session_key()
{
    static const Secret key{"tiihtNczf5v6AKRyjwEUhQ=="};
    return key;
}

void require(bool condition)
{
    if (!condition)
        abort();
}

std::string encrypted(std::string_view text)
{
    static const Secret key{base64_decode(session_key().reveal()).value()};
    return aes_128_cbc_encrypted(key.reveal(), std::string(16, '\0'), text);
}

std::optional<UserData> open(std::string_view data, std::string_view start)
{
    try {
        return open_user_data(session_key(), data, start, appid);
    } catch (const BadUserData&) {
        return std::nullopt;
    } catch (const StaleSession&) {
        return std::nullopt;
    }
}

bool is_fresh(const UserData& data)
{
    try {
        check_age(data, now, std::chrono::seconds{300});
        return true;
    } catch (const BadUserData&) {
        return false;
    } catch (const StaleSession&) {
        return false;
    }
}

bool is_signed(std::string_view raw_data, std::string_view signature)
{
    try {
        check_raw_data(session_key(), raw_data, signature);
        return true;
    } catch (const BadUserData&) {
        return false;
    }
}

// What can be said of all that opens.
void check_opened(const UserData& data)
{
    const auto& text = data.text.reveal();
    require(is_utf8(text) && data.object.isObject());
    require(data.object["watermark"]["appid"].asString() == appid);
    const auto answer = parse_json(Response::ok_verbatim(text).body);
    // Nested by one more it may be too deep to be read here.
    require(!answer || (*answer)["data"] == data.object);
    if (is_fresh(data)) {
        const auto seconds = data.object["watermark"]["timestamp"].asInt64();
        require(seconds >= 700 && seconds <= 1300);
    }
}

void check_text(std::string_view text)
{
    const auto data = open(to_base64(encrypted(text)), iv);
    const auto right = with_well_formed_strings(without_byte_order_mark(text));
    require(is_utf8(right) || !parse_json(right));
    const auto json = parse_json(right);
    if (!json || !json->isObject())
        return require(!data);
    if (!data)
        return;
    require(data->text.reveal() == right);
    check_opened(*data);
}

// Each pair of bytes is a place and what is added to the byte there.
std::string changed(std::string bytes, std::string_view changes)
{
    for (std::size_t i = 0; i + 1 < changes.size(); i += 2) {
        auto& at = bytes[static_cast<unsigned char>(changes[i]) * bytes.size() / 256];
        at = static_cast<char>(at + changes[i + 1]);
    }
    return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto zero = std::min(rest.find('\0'), rest.size());
    const auto first = rest.substr(0, zero);
    const auto second = rest.substr(std::min(zero + 1, rest.size()));
    switch (*data % 4) {
    case 0:
        if (const auto opened = open(first, zero < rest.size() ? second : iv))
            check_opened(*opened);
        if (const auto bytes = base64_decode(first))
            require(to_base64(*bytes) == first);
        break;
    case 1: {
        static const auto good = std::string(16, '\0') + encrypted(good_text);
        const auto bytes = changed(good, rest);
        const auto opened = open(to_base64(bytes.substr(16)), to_base64(bytes.substr(0, 16)));
        require(bytes != good || (opened && opened->text.reveal() == good_text));
        if (opened)
            check_opened(*opened);
        break;
    }
    case 2:
        check_text(rest);
        break;
    case 3:
        require(is_signed(first, second) ==
                (second == to_hex(sha1({first, session_key().reveal()}))));
        require(user_signature(session_key(), rest).size() == 64);
        break;
    default:
        break;
    }
    return 0;
}
