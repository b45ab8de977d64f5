#include "wechat/user_data.hh"

#include "base/base64.hh"
#include "base/crypto.hh"
#include "base/encode.hh"
#include "base/json.hh"
#include "base/json_strings.hh"
#include "base/odd_text.hh"
#include "wechat/errors.hh"

#include <algorithm>

namespace onlogin {

namespace {

constexpr std::size_t block = 16; // of AES: key, iv, and what the data consists of

// Only where the key is to blame: a login mends nothing else. That an answer so tells padding from
// text gives nothing away: who may ask has the session, and for that the same data is decrypted
// without any art.
[[noreturn]] void fail_for_key(std::string cause)
{
    throw StaleSession{marked("the data does not fit the session, as after a later wx.login: "
                              "log in first, then fetch the data"),
                       std::move(cause)};
}

constexpr auto damaged = marked("the parameter encryptedData is cut or damaged: send all of it");
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

bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Whether a % and two hex digits stand somewhere in `text`.
bool is_percent_encoded(std::string_view text)
{
    for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
        if (at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2]))
            return true;
    return false;
}

// What `text`, the parameter `name`, looks like, which should be base64, and what mends it.
Phrase why_no_base64(const std::string& name, std::string_view text)
{
    const Fillings places{{"name", name}};
    if (is_percent_encoded(text))
        return phrase("the parameter {name} is percent-encoded twice, or once and then sent as "
                      "JSON: leave encodeURIComponent out, wx.request encodes what it sends by "
                      "itself",
                      places);
    if (text == "undefined" || text == "null" || text == "[object Object]")
        return phrase("the parameter {name} holds no base64 but what JavaScript writes for a "
                      "missing value or an object: send the string that WeChat gave",
                      places);
    if (text.find('"') != text.npos || text.find('\\') != text.npos)
        return phrase("the parameter {name} holds quotes or backslashes, as after JSON.stringify: "
                      "send it as WeChat gave it",
                      places);
    if (text.find_first_of("-_") != text.npos)
        return phrase("the parameter {name} is in the base64 of URLs: send it as WeChat gave it, "
                      "with + and /",
                      places);
    return phrase("the parameter {name} is not base64: send all of it, as WeChat gave it", places);
}

std::string read_base64(const std::string& name, std::string_view text)
{
    const auto clean = mended(text);
    auto bytes = base64_decode(clean);
    if (!bytes)
        throw BadUserData{why_no_base64(name, clean)};
    return std::move(*bytes);
}

// Whether `text` begins as an object with a member, as WeChat's do: {"openId":
bool begins_as_object(std::string_view text)
{
    const auto skip = [&](std::string_view any) {
        text.remove_prefix(std::min(text.find_first_not_of(any), text.size()));
    };
    const auto take = [&](char c) {
        skip(" \t\r\n");
        const bool found = text.starts_with(c);
        text.remove_prefix(found);
        return found;
    };
    if (!take('{') || !take('"'))
        return false;
    skip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return take('"') && take(':');
}

// What is wrong with `text`, which was decrypted and is no JSON. By chance, with a wrong key, it
// looks like some of an object once in billions of times.
[[noreturn]] void fail_for_text(std::string_view text, bool is_padded)
{
    const auto holds = [&](std::string_view name) { return text.find(name) != text.npos; };
    const bool begins = begins_as_object(text);
    if (!begins && !holds("\"watermark\"") && !holds("\"appid\""))
        fail_for_key("the session_key does not fit the data");
    if (!is_padded)
        throw BadUserData{phrase(damaged)};
    switch (json_fault(text)) {
    case JsonFault::MoreBehind:
        throw BadUserData{phrase("something stands behind the object that was decrypted: "
                                 "send encryptedData as it came")};
    case JsonFault::TooDeep:
        throw BadUserData{phrase("the data is nested deeper than 32: "
                                 "this is nothing that WeChat's client gives")};
    case JsonFault::TwiceNamed:
        throw BadUserData{phrase("the data names a member twice: "
                                 "this is nothing that WeChat's client gives")};
    case JsonFault::NotJson:
        break;
    }
    if (!begins) // the first block alone depends on the iv
        throw BadUserData{phrase("the beginning of the data does not decrypt: "
                                 "send iv and encryptedData as they came, together")};
    throw BadUserData{phrase("what was decrypted is not JSON from its beginning to its end: "
                             "send encryptedData as it came, all of it")};
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
        throw BadUserData{phrase("the parameter iv is not of 16 bytes: "
                                 "send the one that came with encryptedData")};
    if (data.empty() || data.size() % block != 0)
        throw BadUserData{phrase(damaged)};
    const Secret key{base64_decode(session_key.reveal()).value_or("")};
    if (key.reveal().size() != block)
        fail_for_key(session_key.empty() ? no_key : "the session_key is not 16 bytes in base64");

    const auto blocks = aes_128_cbc_decrypted(key.reveal(), start, data).value();
    const auto unpadded = without_padding(blocks.reveal(), block);
    if (!unpadded)
        fail_for_text(blocks.reveal(), false);
    Secret text{with_well_formed_strings(without_byte_order_mark(*unpadded))};
    auto object = parse_json(text.reveal());
    if (!object)
        fail_for_text(text.reveal(), true);
    if (!object->isObject())
        throw BadUserData{phrase("the data is not an object: "
                                 "this is nothing that WeChat's client gives")};
    const auto* const owner = watermark(*object, "appid");
    if (!owner || !owner->isString())
        throw BadUserData{phrase("the data does not say of which mini program it is: "
                                 "send what WeChat's client gives, with its watermark")};
    if (owner->asString() != appid)
        throw BadUserData{phrase("the data is not of this mini program: "
                                 "send it with a token of the one that it is of")};
    return {std::move(text), std::move(*object)};
}

void check_age(const UserData& data, Time now, std::chrono::seconds limit)
{
    const auto* const made = watermark(data.object, "timestamp");
    if (!made || made->type() == Json::realValue || !made->isInt64())
        throw BadUserData{phrase("the data does not say when WeChat made it")};
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
    if (made->asInt64() < (seconds - limit).count())
        throw StaleSession{
            marked("the data is too old: log in, fetch it again and send it at once"),
            "user data older than session.watermark_age_s"};
    if (made->asInt64() > (seconds + limit).count())
        throw BadUserData{phrase("the data is from the future: is the clock of this host right?")};
}

void check_raw_data(const Secret& session_key, std::string_view raw_data,
                    std::string_view signature)
{
    if (session_key.empty())
        fail_for_key(no_key);
    const Secret expected{to_hex(sha1({raw_data, session_key.reveal()}))};
    if (!equal_in_constant_time(expected.reveal(), signature))
        throw BadUserData{
            phrase("the parameters rawData and signature do not fit: "
                   "send both as they came with encryptedData, no character changed")};
}

std::string user_signature(const Secret& session_key, std::string_view body)
{
    if (session_key.empty())
        throw StaleSession{marked("the session has no session_key: log in again"), no_key};
    return to_hex(hmac_sha256(session_key.reveal(), body));
}

} // namespace onlogin
