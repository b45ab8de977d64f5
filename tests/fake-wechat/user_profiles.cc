// What the mini program gets from wx.getUserProfile: encrypted and signed for the server.
// https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html

#include "base/crypto.hh"
#include "base/encode.hh"
#include "digests.hh"
#include "endpoints.hh"
#include "gateway/errors.hh"
#include "random_text.hh"

#include <algorithm>
#include <ctime>

namespace onlogin::fake {

namespace {

// As the client writes it, `/` as it is.
std::string text(std::string_view value)
{
    std::string result;
    append_json_string(result, value);
    return result;
}

// What anybody may see of the user.
Members public_members(const std::string& name)
{
    return {
        {"nickName", text(name + "·微信用户🐼")},
        {"gender", "1"},
        {"language", text("zh_CN")},
        {"city", text("Guangzhou")},
        {"province", text("Guangdong")},
        {"country", text("CN")},
        {"avatarUrl", text("https://thirdwx.qlogo.cn/mmopen/vi_32/" + identifier(name) + "/132")}};
}

std::string find_or(const Query& query, std::string_view name, const std::string& otherwise)
{
    const auto found = std::ranges::find(query, name, &Query::value_type::first);
    return found == query.end() ? otherwise : found->second;
}

constexpr std::string_view parameters[] = {
    "appid", "user", "openid", "unionid", "timestamp", "watermark_appid", "plain", "session_key"};

} // namespace

Answer user_data(World& world, const Request& /*request*/, const Query& query)
{
    const auto appid = world.require_app(query);
    for (const auto& [name, value] : query)
        if (std::ranges::find(parameters, name) == std::end(parameters))
            throw BadRequest{untranslated("there is no option " + name + ": see /fake/help")};
    const auto name = find_or(query, "user", "alice");
    const auto openid = find_or(query, "openid", identifier(appid + '/' + name));
    const auto* const known = world.users.find(appid, openid);
    const auto user = known ? *known : KnownUser{};
    const auto session_key = find_or(query, "session_key", user.session_key);
    if (session_key.empty())
        throw BadRequest{
            untranslated("this user has not logged in yet: let him, or add session_key=")};
    const auto key = from_base64(session_key);
    if (!key || key->size() != 16)
        throw BadRequest{
            untranslated("the session_key is not base64 of 16 bytes: log in with another one")};
    const auto timestamp = find_or(query, "timestamp", std::to_string(std::time(nullptr)));
    if (timestamp.find_first_not_of("-0123456789") != timestamp.npos)
        throw BadRequest{untranslated("timestamp has no such value: see /fake/help")};

    const auto shown = public_members(name);
    Members all{{"openId", text(openid)}};
    all.insert(all.end(), shown.begin(), shown.end());
    const auto unionid =
        find(query, "unionid") == "1" ? identifier("unionid/" + name) : user.unionid;
    if (!unionid.empty())
        all.emplace_back("unionId", text(unionid));
    all.emplace_back("watermark",
                     write({{"timestamp", timestamp},
                            {"appid", text(find_or(query, "watermark_appid", appid))}}));

    const auto iv = random_bytes(16);
    const auto raw_data = write(shown);
    return answer(
        write({{"encryptedData",
                json_string(base64(encrypt(*key, iv, find_or(query, "plain", write(all)))))},
               {"iv", json_string(base64(iv))},
               {"rawData", json_string(raw_data)},
               {"signature", json_string(sha1(raw_data + session_key))}}),
        json);
}

} // namespace onlogin::fake
