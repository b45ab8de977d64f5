#pragma once

// WeChat's server API, as it really behaves.

#include "config.hh"
#include "error.hh"
#include "http_client.hh"
#include "secret.hh"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

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

// What the log tells the operator to mend; empty texts are left out.
struct Advice
{
    std::string_view rid;     // WeChat's
    std::string_view address; // ours, as WeChat sees it
    std::string_view reason;
    std::string_view advice;
};

// What asks for the identity behind a login code; it holds the AppSecret.
Secret code2session_url(const MiniProgram& mini, std::string_view code);

// Reads an answer of code2session
// (https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session).
// Success has no errcode, or errcode 0; an errcode may be a number or a string. Throws Refused, or
// Unusable if the text is not JSON or has no openid.
Identity read_code2session(std::string_view body);

class Wechat
{
public:
    Wechat(Loop& loop, HttpClient& http, Log& log);

    // Trades a login code for the user's identity, before `deadline`. WeChat takes a code once:
    // calls with the same code at the same time share one exchange, and nothing that may have
    // reached WeChat is sent again. One retry follows on -1 (busy) and when nothing was sent.
    // Failures that an operator must mend are logged with what mends them.
    Task<Exchanged> code2session(std::shared_ptr<const Config> config, const MiniProgram& mini,
                                 std::string code, Clock::time_point deadline);

    // After a change of the configuration: gives advice again that was given a moment ago.
    void forget_advice() { advised_.clear(); }

private:
    Task<Exchanged> exchange(std::shared_ptr<const Config> config, const MiniProgram& mini,
                             std::string code, Clock::time_point deadline);
    Task<Identity> ask(const MiniProgram& mini, const std::string& code,
                       Clock::time_point deadline);
    void note_refusal(const std::string& appid, const Refused& refused);
    void advise(const std::string& appid, int errcode, const Advice& advice);

    Loop& loop_;
    HttpClient& http_;
    Log& log_;
    std::unordered_map<std::string, std::weak_ptr<SharedTask<Exchanged>::State>> running_;
    std::map<std::pair<std::string, int>, Clock::time_point> advised_;
    std::map<std::string, std::deque<Clock::time_point>> invalid_codes_; // 40029, by appid
};

} // namespace onlogin
