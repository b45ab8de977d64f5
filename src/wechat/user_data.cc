#include "wechat/user_data.hh"

#include "base/base64.hh"
#include "base/crypto.hh"
#include "base/encode.hh"
#include "base/json.hh"
#include "wechat/errors.hh"

#include <algorithm>

namespace onlogin {

namespace {

constexpr std::size_t block = 16; // of AES: key, iv, and what the data consists of

// One text whatever does not fit, padding, UTF-8, JSON or signature: an answer is no padding
// oracle. The time it takes may be one and is left alone: who may ask has the session, and for that
// the same data is decrypted without any art.
[[noreturn]] void fail_for_key(std::string cause)
{
    throw StaleSession{"the data does not fit the session, as after a later wx.login: "
                       "log in first, then fetch the data",
                       std::move(cause)};
}

constexpr auto no_key = "no session_key in the token";

// Base64 as it was before it was wrapped into lines or went through a form.
std::string mended(std::string_view text)
{
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const auto blanks = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        const auto gap = text.substr(0, blanks);
        if (gap.find_first_of("\r\n") == gap.npos)
            for (const char c : gap)
                result += c == ' ' ? '+' : c;
        text.remove_prefix(blanks);
        const auto length = std::min(text.find_first_of(" \t\r\n"), text.size());
        result += text.substr(0, length);
        text.remove_prefix(length);
    }
    return result;
}

std::string read_base64(const std::string& name, std::string_view text)
{
    auto bytes = base64_decode(mended(text));
    if (!bytes)
        throw BadUserData{"the parameter " + name +
                          " is not base64: send JSON, or encode it with encodeURIComponent"};
    return std::move(*bytes);
}

const Json::Value* member(const Json::Value& object, std::string_view name)
{
    return object.isObject() ? object.find(name.data(), name.data() + name.size()) : nullptr;
}

const Json::Value* watermark(const Json::Value& object, std::string_view name)
{
    const auto* const mark = member(object, "watermark");
    return mark ? member(*mark, name) : nullptr;
}

} // namespace

UserData open_user_data(const Secret& session_key, std::string_view encrypted_data,
                        std::string_view iv, std::string_view appid)
{
    const auto data = read_base64("encryptedData", encrypted_data);
    const auto start = read_base64("iv", iv);
    if (start.size() != block)
        throw BadUserData{"the parameter iv is not of 16 bytes: "
                          "send the one that came with encryptedData"};
    if (data.empty() || data.size() % block != 0)
        throw BadUserData{"the parameter encryptedData is cut or damaged: send all of it"};
    const Secret key{base64_decode(session_key.reveal()).value_or("")};
    if (key.reveal().size() != block)
        fail_for_key(session_key.empty() ? no_key : "the session_key is not 16 bytes in base64");

    auto text = aes_128_cbc_decrypted(key.reveal(), start, data);
    if (!text || !is_utf8(text->reveal()))
        fail_for_key("the session_key does not fit the data");
    auto object = parse_json(text->reveal());
    if (!object || !object->isObject())
        fail_for_key("the session_key does not fit the data");
    const auto* const owner = watermark(*object, "appid");
    if (!owner || !owner->isString() || owner->asString() != appid)
        throw BadUserData{"the data is not of this mini program: "
                          "send it with a token of the one that it is of"};
    return {std::move(*text), std::move(*object)};
}

void check_age(const UserData& data, Time now, std::chrono::seconds limit)
{
    const auto* const made = watermark(data.object, "timestamp");
    if (!made || made->type() == Json::realValue || !made->isInt64())
        throw BadUserData{"the data does not say when WeChat made it"};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
    if (made->asInt64() < (seconds - limit).count())
        throw StaleSession{"the data is too old: log in, fetch it again and send it at once",
                           "user data older than session.watermark_age_s"};
    if (made->asInt64() > (seconds + limit).count())
        throw StaleSession{"the data is from the future by the clock of this server: "
                           "log in, then fetch it again",
                           "user data from the future: is the clock of this host right?"};
}

void check_raw_data(const Secret& session_key, std::string_view raw_data,
                    std::string_view signature)
{
    if (session_key.empty())
        fail_for_key(no_key);
    const Secret expected{to_hex(sha1({raw_data, session_key.reveal()}))};
    if (!equal_in_constant_time(expected.reveal(), signature))
        fail_for_key("the signature does not fit rawData and session_key");
}

std::string user_signature(const Secret& session_key, std::string_view body)
{
    if (session_key.empty())
        throw StaleSession{"the session has no session_key: log in again", no_key};
    return to_hex(hmac_sha256(session_key.reveal(), body));
}

} // namespace onlogin
