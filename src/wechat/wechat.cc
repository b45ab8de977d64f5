#include "wechat/wechat.hh"

#include "base/encode.hh"
#include "https/errors.hh"
#include "wechat/errcodes.hh"
#include "wechat/user_data.hh"

namespace onlogin {

namespace {

// Grown, a text would leave copies of a secret behind.
constexpr std::size_t longest_url = 2048;

HttpRequest phone_request(const MiniProgram& mini, std::string_view access_token,
                          std::string_view code)
{
    std::string url;
    url.reserve(longest_url);
    url += mini.url;
    url += "/wxa/business/getuserphonenumber?access_token=";
    append_percent_encoded(url, access_token);
    std::string json = "{\"code\":";
    append_json_string(json, code);
    json += '}';
    return {Secret{std::move(url)}, Secret{std::move(json)}};
}

// https://developers.weixin.qq.com/minigame/en/dev/tutorial/open-ability/http-signature.html
HttpRequest check_request(const MiniProgram& mini, std::string_view access_token,
                          std::string_view openid, std::string_view signature)
{
    std::string url;
    url.reserve(longest_url);
    url += mini.url;
    url += "/wxa/checksession?access_token=";
    append_percent_encoded(url, access_token);
    url += "&openid=";
    append_percent_encoded(url, openid);
    url += "&signature=";
    url += signature;
    url += "&sig_method=hmac_sha256";
    return {Secret{std::move(url)}};
}

} // namespace

Secret code2session_url(const MiniProgram& mini, std::string_view code)
{
    std::string url;
    url.reserve(longest_url);
    url += mini.url;
    url += "/sns/jscode2session?appid=";
    append_percent_encoded(url, mini.appid);
    url += "&secret=";
    append_percent_encoded(url, mini.secret.reveal());
    url += "&js_code=";
    append_percent_encoded(url, code);
    url += "&grant_type=authorization_code";
    return Secret{std::move(url)};
}

WechatIdentity read_code2session(const Json::Value& answer)
{
    WechatIdentity identity{text_in(answer, "openid"), text_in(answer, "unionid"),
                            Secret{text_in(answer, "session_key")}};
    if (identity.openid.empty())
        throw Unusable{"the answer has no openid"};
    return identity;
}

Wechat::Wechat(Loop& loop, WechatApi& api, AccessTokens& tokens, Advisor& advisor)
    : api_{api}
    , tokens_{tokens}
    , advisor_{advisor}
    , logins_{loop}
    , phones_{loop}
{
}

Task<Timed<WechatIdentity>> Wechat::code2session(std::shared_ptr<const MiniProgram> mini,
                                                 std::string code, Clock::time_point deadline)
{
    const auto shared = logins_.join(mini->appid + ' ' + code, [&] {
        return timed(ask_for_identity(std::move(mini), std::move(code), deadline));
    });
    co_return co_await shared.end();
}

Task<WechatIdentity> Wechat::ask_for_identity(std::shared_ptr<const MiniProgram> mini,
                                              std::string code, Clock::time_point deadline)
{
    const HttpRequest request{code2session_url(*mini, code)};
    const auto answer = co_await api_.call(*mini, Api::Login, request, deadline);
    co_return read_code2session(answer);
}

Task<Timed<Json::Value>> Wechat::phone_number(std::shared_ptr<const MiniProgram> mini,
                                              std::string openid, std::string code,
                                              Clock::time_point deadline)
{
    const auto shared = phones_.join(mini->appid + ' ' + openid + ' ' + code, [&] {
        return timed(ask_for_phone(std::move(mini), std::move(code), deadline));
    });
    co_return co_await shared.end();
}

Task<Json::Value> Wechat::ask_for_phone(std::shared_ptr<const MiniProgram> mini, std::string code,
                                        Clock::time_point deadline)
{
    const RequestWith request_with = [&](std::string_view token) {
        return phone_request(*mini, token, code);
    };
    const auto answer = co_await call_with_token(mini, Api::Phone, request_with, deadline);
    if (!answer["phone_info"].isObject())
        throw Unusable{"the answer has no phone_info"};
    co_return answer["phone_info"];
}

Task<Timed<bool>> Wechat::check_session(std::shared_ptr<const MiniProgram> mini, std::string openid,
                                        Secret session_key, Clock::time_point deadline)
{
    auto signature = user_signature(session_key, "");
    auto question =
        ask_about_key(std::move(mini), std::move(openid), std::move(signature), deadline);
    co_return co_await timed(std::move(question));
}

Task<bool> Wechat::ask_about_key(std::shared_ptr<const MiniProgram> mini, std::string openid,
                                 std::string signature, Clock::time_point deadline)
{
    constexpr int of_another_key = 87009;
    const RequestWith request_with = [&](std::string_view token) {
        return check_request(*mini, token, openid, signature);
    };
    try {
        co_await call_with_token(mini, Api::SessionKey, request_with, deadline);
        co_return true;
    } catch (const Refused& refused) {
        if (refused.errcode != of_another_key)
            throw;
    }
    co_return false;
}

Task<Json::Value> Wechat::call_with_token(std::shared_ptr<const MiniProgram> mini, Api api,
                                          RequestWith request_with, Clock::time_point deadline)
{
    auto token = co_await tokens_.get(mini, deadline);
    for (bool renewed = false;; renewed = true) {
        try {
            const auto request = request_with(token.reveal());
            co_return co_await api_.call(*mini, api, request, deadline);
        } catch (const Refused& refused) {
            if (!refuses_access_token(refused))
                throw;
            if (renewed) {
                advisor_.refused(mini->appid, refused);
                throw;
            }
        }
        auto other = co_await tokens_.renew(mini, std::move(token), deadline);
        token = std::move(other);
    }
}

} // namespace onlogin
