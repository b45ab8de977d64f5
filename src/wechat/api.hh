#pragma once

// One call to WeChat's server API, as it really behaves: the errcode is in a body of any content
// type, with HTTP status 200.

#include "config/config.hh"
#include "https/client.hh"
#include "wechat/advisor.hh"
#include "wechat/errors.hh"

#include <string>
#include <string_view>

#include <json/value.h>

namespace onlogin {

// Reads what WeChat answers. Success has no errcode, or errcode 0; an errcode may be a number or a
// string. Throws Refused, or Unusable if the text is not a JSON object.
Json::Value read_answer(std::string_view body, Api api);

// The text `name` in an answer; empty if there is none.
std::string text_in(const Json::Value& answer, const char* name);

class WechatApi
{
public:
    WechatApi(Loop& loop, HttpClient& http, Advisor& advisor);

    // Sends `request` for `mini`, both of which outlive the task, and reads the answer. Nothing
    // that may have reached WeChat is sent again; one retry follows on -1 (busy) and when nothing
    // was sent. What an operator must mend is logged, but for a refused access token: the caller
    // gets another one.
    //
    // Throws Refused, Unreachable, Unusable, TimedOut.
    Task<Json::Value> call(const MiniProgram& mini, Api api, const HttpRequest& request,
                           Clock::time_point deadline);

private:
    Loop& loop_;
    HttpClient& http_;
    Advisor& advisor_;
};

} // namespace onlogin
