#pragma once

// A WeChat to log in against: https://api.weixin.qq.com as far as a login needs it.
//
//   GET /sns/jscode2session?appid=&secret=&js_code=&grant_type=authorization_code
//                                 as WeChat: checks in its order, its wording, HTTP 200 for all
//   GET /fake/code?appid=…        a fresh login code; further parameters are options of
//                                 behaviour.hh and say what its exchange will do
//   GET /fake/exchanges?code=…    how many exchanges that code has seen, issued or not
//   GET /fake/apps                the apps it knows: a line each, appid and secret
//   GET /fake/help                this, for people
//
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session

#include "code_book.hh"
#include "http.hh"
#include "known_apps.hh"
#include "query.hh"

#include <string>
#include <vector>

namespace onlogin::fake {

class FakeWechat
{
public:
    FakeWechat(Loop& loop, std::vector<KnownApp> apps);

    // Never throws. What the exchange of a code changes is changed before any delay: a client that
    // loses patience has used up its code, as it would with WeChat.
    Task<Response> answer(Request& request);

private:
    struct Later
    {
        Response response;
        milliseconds delay{0};
    };
    struct Endpoint
    {
        std::string_view path;
        Later (FakeWechat::*answer)(const Request& request, const Query& query);
    };
    static const Endpoint endpoints[];

    Later decide(const Request& request);
    Later exchange(const Request& request, const Query& query);
    Later issue(const Request& request, const Query& query);
    Later count(const Request& request, const Query& query);
    Later list_apps(const Request& request, const Query& query);
    Later help(const Request& request, const Query& query);

    Loop& loop_;
    const std::vector<KnownApp> apps_;
    CodeBook codes_;
};

// The endpoints, the options of a code and the magic codes, for people.
std::string help_text();

} // namespace onlogin::fake
