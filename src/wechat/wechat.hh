#pragma once

// WeChat's server API, as it really behaves.

#include "net/shared_tasks.hh"
#include "wechat/access_tokens.hh"
#include "wechat/api.hh"
#include "wechat/timed.hh"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace onlogin {

// Who a user is to a mini program, in WeChat's words: what code2session answers. From the login on
// it is the token that says who a user is (Claims in session/token.hh), and allow() that tells
// whether it counts.
struct WechatIdentity
{
    std::string openid;
    std::string unionid; // empty: WeChat gave none
    Secret session_key;
};

// What asks for the identity behind a login code; it holds the AppSecret.
Secret code2session_url(const MiniProgram& mini, std::string_view code);

// The identity in an answer of code2session
// (https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session). Throws
// Unusable if it has no openid.
WechatIdentity read_code2session(const Json::Value& answer);

// Deadlines, and the time that WeChat took, include waiting for an access token. What fails is
// Refused, Unreachable, Unusable or TimedOut; those who share a call share what comes of it, with
// the time of the whole call. Failures that an operator must mend are logged with what mends them.
class Wechat
{
public:
    Wechat(Loop& loop, WechatApi& api, AccessTokens& tokens, Advisor& advisor);

    // Trades a login code for the user's identity, before `deadline`. WeChat takes a code once:
    // who brings the same code at the same time shares one call, and nothing that may have reached
    // WeChat is sent again (see WechatApi). Needs no access token and waits for none.
    Task<Timed<WechatIdentity>> code2session(std::shared_ptr<const MiniProgram> mini,
                                             std::string code, Clock::time_point deadline);

    // The phone_info behind a code of getPhoneNumber, an object. A code works once; the same user
    // with the same code at the same time shares one call. An access token that WeChat refuses is
    // renewed, and the code sent again: WeChat has not looked at it.
    // https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber
    Task<Timed<Json::Value>> phone_number(std::shared_ptr<const MiniProgram> mini,
                                          std::string openid, std::string code,
                                          Clock::time_point deadline);

    // Whether `session_key` is still the one with which WeChat encrypts for the user: a later
    // wx.login may have replaced it.
    // https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey
    //
    // Throws StaleSession, and asks nobody, where there is no key.
    Task<Timed<bool>> check_session(std::shared_ptr<const MiniProgram> mini, std::string openid,
                                    Secret session_key, Clock::time_point deadline);

private:
    using RequestWith = std::function<HttpRequest(std::string_view access_token)>;

    Task<WechatIdentity> ask_for_identity(std::shared_ptr<const MiniProgram> mini, std::string code,
                                          Clock::time_point deadline);
    Task<Json::Value> ask_for_phone(std::shared_ptr<const MiniProgram> mini, std::string code,
                                    Clock::time_point deadline);
    Task<bool> ask_about_key(std::shared_ptr<const MiniProgram> mini, std::string openid,
                             std::string signature, Clock::time_point deadline);
    Task<Json::Value> call_with_token(std::shared_ptr<const MiniProgram> mini, Api api,
                                      RequestWith request_with, Clock::time_point deadline);

    WechatApi& api_;
    AccessTokens& tokens_;
    Advisor& advisor_;
    SharedTasks<Timed<WechatIdentity>> logins_;
    SharedTasks<Timed<Json::Value>> phones_;
};

} // namespace onlogin
