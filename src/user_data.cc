#include "user_data.hh"

#include "base64.hh"
#include "crypto.hh"
#include "encode.hh"
#include "json.hh"

#include <algorithm>

namespace onlogin {

namespace {

// With + and /, and padded (RFC 4648, section 4).
std::optional<std::string> decode_base64(std::string_view text)
{
    if (text.size() % 4 != 0)
        return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    std::string url{text};
    std::replace(url.begin(), url.end(), '+', '-');
    std::replace(url.begin(), url.end(), '/', '_');
    auto bytes = base64url_decode(url);
    wipe(url);
    return bytes;
}

} // namespace

std::optional<Json::Value> open_user_data(const Secret& session_key,
                                          std::string_view encrypted_data, std::string_view iv,
                                          std::string_view appid)
{
    const Secret key{decode_base64(session_key.reveal()).value_or("")};
    const auto start = decode_base64(iv).value_or("");
    const auto data = decode_base64(encrypted_data).value_or("");
    if (key.reveal().size() != 16 || start.size() != 16)
        return std::nullopt;
    const auto text = aes_128_cbc_decrypted(key.reveal(), start, data);
    if (!text || !is_utf8(text->reveal()))
        return std::nullopt;
    auto object = parse_json(text->reveal());
    if (!object || !object->isObject())
        return std::nullopt;
    const auto& watermark = (*object)["watermark"];
    if (!watermark.isObject() || !watermark["appid"].isString() ||
        watermark["appid"].asString() != appid)
        return std::nullopt;
    return object;
}

} // namespace onlogin
