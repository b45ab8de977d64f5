#include "wechat_text.hh"

#include "base/encode.hh"
#include "random_text.hh"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace onlogin::fake {

namespace {

struct Wording
{
    int errcode;
    std::string_view text; // up to the rid; WeChat does not always set a comma before it
};

constexpr Wording wordings[] = {
    {-1, "system error, "},
    {40001, "invalid credential, access_token is invalid or not latest, could get access_token by "
            "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r "},
    {40002, "invalid grant_type, "},
    {40003, "invalid openid "},
    {40006, "invalid media size "},
    {40013, "invalid appid, "},
    {40014, "invalid access_token "},
    {40029, "invalid code, "},
    {40125, "invalid appsecret, "},
    {40129, "invalid scene "},
    {40163, "code been used, "},
    {40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist, "},
    {40169, "invalid length for scene, or the data is not json string "},
    {40226, "code blocked, "},
    {40243, "appsecret has been frozen, "},
    {41001, "access_token missing "},
    {41002, "appid missing, "},
    {41004, "appsecret missing, "},
    {41005, "media data missing "},
    {41008, "missing code, "},
    {42001, "access_token expired "},
    {42003, "code expired, "},
    {43001, "require GET method "},
    {43002, "require POST method "},
    {44002, "empty post data "},
    {44004, "empty content "},
    {45009, "reach max api daily quota limit "},
    {45011, "api minute-quota reach limit, must slower, retry next minute, "},
    {47001, "data format error "},
    {48001, "api unauthorized, "},
    {48004, "api forbidden for illegal reason, "},
    {50001, "user unauthorized, "},
    {50002, "user limited "},
    {61003, "component is not authorized by this account, "},
    {87008, "invalid sig_method, "},
    {87009, "invalid signature, "},
    {87014, "risky content "},
};

std::string_view wording(int errcode)
{
    const auto found = std::ranges::find(wordings, errcode, &Wording::errcode);
    return found == std::end(wordings) ? "unknown error, " : found->text;
}

} // namespace

std::string make_rid()
{
    const auto random = random_number();
    char text[27];
    std::snprintf(text, sizeof text, "%08x-%08x-%08x", static_cast<unsigned>(std::time(nullptr)),
                  static_cast<unsigned>(random), static_cast<unsigned>(random >> 32));
    return text;
}

std::string json_string(std::string_view text)
{
    std::string plain;
    append_json_string(plain, text);
    std::string result;
    for (const char c : plain) {
        if (c == '/')
            result += '\\';
        result += c;
    }
    return result;
}

void set(Members& members, std::string_view name, std::string value)
{
    const auto found = std::ranges::find(members, name, &Members::value_type::first);
    if (found != members.end())
        found->second = std::move(value);
    else
        members.emplace_back(name, std::move(value));
}

Members qq_members(const Members& members)
{
    Members all{{"errcode", "0"}};
    for (const auto* const name : {"errmsg", "openid", "session_key", "uin", "unionid"})
        all.emplace_back(name, json_string(""));
    for (const auto& [name, value] : members)
        if (name != "errmsg")
            set(all, name, value);
    return all;
}

std::string write(const Members& members)
{
    std::string text = "{";
    for (const auto& [name, value] : members) {
        if (text.size() > 1)
            text += ',';
        text += json_string(name) + ':' + value;
    }
    return text + '}';
}

Members error_members(int errcode, bool as_string, std::string_view hint)
{
    const auto number = std::to_string(errcode);
    std::string message = "ok";
    if (errcode != 0) {
        message = wording(errcode);
        if (!hint.empty()) {
            message.resize(message.find_last_not_of(", ") + 1);
            message += " hint: [" + std::string{hint} + "] ";
        }
        message += "rid: " + make_rid();
    }
    return {{"errcode", as_string ? json_string(number) : number},
            {"errmsg", json_string(message)}};
}

} // namespace onlogin::fake
