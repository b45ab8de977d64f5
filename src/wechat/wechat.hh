#pragma once

// WeChat's server API, as it really behaves.

#include "net/shared_tasks.hh"
#include "wechat/access_tokens.hh"
#include "wechat/api.hh"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace onlogin {

// Who a user is to a mini program: what code2session answers.
struct Identity
{
    std::string openid;
    std::string unionid; // empty: WeChat gave none
    Secret session_key;
};

// What an exchange came to, and how long WeChat took. Exactly one of `identity` and `failure` is
// set.
struct Exchanged
{
    std::shared_ptr<const Identity> identity;
    std::exception_ptr failure; // Refused, Unreachable, Unusable, TimedOut
    milliseconds took{0};
};

// What asks for the identity behind a login code; it holds the AppSecret.
Secret code2session_url(const MiniProgram& mini, std::string_view code);

// The identity in an answer of code2session
// (https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session). Throws
// Unusable if it has no openid.
Identity read_code2session(const Json::Value& answer);

// Deadlines include waiting for an access token. Failures that an operator must mend are logged
// with what mends them.
class Wechat
{
public:
    Wechat(Loop& loop, WechatApi& api, AccessTokens& tokens, Advisor& advisor);

    // Trades a login code for the user's identity, before `deadline`. WeChat takes a code once:
    // calls with the same code at the same time share one exchange, and nothing that may have
    // reached WeChat is sent again (see WechatApi). Needs no access token and waits for none.
    Task<Exchanged> code2session(std::shared_ptr<const MiniProgram> mini, std::string code,
                                 Clock::time_point deadline);

    // The phone_info behind a code of getPhoneNumber, an object. A code works once; calls of the
    // same user with the same code at the same time share one exchange. An access token that WeChat
    // refuses is renewed, and the code sent again: WeChat has not looked at it.
    // https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber
    //
    // Throws Refused, Unreachable, Unusable, TimedOut.
    Task<Json::Value> phone_number(std::shared_ptr<const MiniProgram> mini, std::string openid,
                                   std::string code, Clock::time_point deadline);

    // Whether `session_key` is still the one with which WeChat encrypts for the user: a later
    // wx.login may have replaced it.
    // https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey
    //
    // Throws StaleSession where there is no key, Refused, Unreachable, Unusable, TimedOut.
    Task<bool> check_session(std::shared_ptr<const MiniProgram> mini, std::string openid,
                             Secret session_key, Clock::time_point deadline);

private:
    using RequestWith = std::function<HttpRequest(std::string_view access_token)>;

    Task<Exchanged> exchange(std::shared_ptr<const MiniProgram> mini, std::string code,
                             Clock::time_point deadline);
    Task<Json::Value> ask_for_phone(std::shared_ptr<const MiniProgram> mini, std::string code,
                                    Clock::time_point deadline);
    Task<Json::Value> call_with_token(std::shared_ptr<const MiniProgram> mini, Api api,
                                      RequestWith request_with, Clock::time_point deadline);

    WechatApi& api_;
    AccessTokens& tokens_;
    Advisor& advisor_;
    SharedTasks<Exchanged> logins_;
    SharedTasks<Json::Value> phones_;
};

} // namespace onlogin
