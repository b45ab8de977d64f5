#include "wechat/errcodes.hh"

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>

namespace onlogin {

namespace {

constexpr auto misconfigured = marked("the login server's WeChat configuration was refused");
constexpr auto bug = marked("WeChat says that the request lacks a parameter: check wechat.url "
                            "and any proxy between this host and WeChat, they must pass the "
                            "query string on");
constexpr auto account = marked(
    "the mini program's account may not use this interface, or is banned or frozen: read the "
    "notices at mp.weixin.qq.com");

constexpr auto wrong_secret = marked(
    "the AppSecret is wrong or was reset: take the current one from mp.weixin.qq.com, Development "
    "settings, put it into the secret file and restart the worker");
constexpr auto bad_token = marked(
    "WeChat refuses even a new access token: does something else renew the tokens of this mini "
    "program by force (force_refresh of stable_token)?");

using enum Recover;

constexpr Errcode rows[] = {
    {-1, -1, 503, 2, Later, marked("WeChat is busy"), ""},
    {40029, 40029, 401, 0, Login, marked("the login code is not valid"), ""},
    {40163, 40163, 401, 0, Login, marked("the login code has been used already"), ""},
    {42003, 42003, 401, 0, Login, marked("the login code has expired"), ""},
    {40226, 40226, 403, 0, Never, marked("WeChat refuses this user"), ""},
    {45011, 45011, 429, 60, Later, marked("too many requests, WeChat asks to wait a minute"), ""},
    {45009, 45009, 429, 3600, Later, marked("WeChat's quota for this mini program is used up"),
     marked("the quota of this mini program is used up: see its interface limits at "
            "mp.weixin.qq.com, and "
            "why so many requests come (wx.login belongs to the start of a session, not to every "
            "page)")},
    {40013, 40013, 500, 0, Never, misconfigured,
     marked("WeChat does not know this appid: compare it with mp.weixin.qq.com, Development "
            "settings")},
    {40125, 40125, 500, 0, Never, misconfigured, wrong_secret},
    {40164, 40164, 500, 0, Never, misconfigured,
     marked(
         "this host's address is not in the IP whitelist: add it at mp.weixin.qq.com, Development "
         "settings")},
    {40243, 40243, 500, 0, Never, misconfigured,
     marked("the AppSecret is frozen: unfreeze it at mp.weixin.qq.com, Development settings")},
    {41002, 41002, 500, 0, Never, misconfigured, bug},
    {41004, 41004, 500, 0, Never, misconfigured, bug},
    {41008, 41008, 500, 0, Never, misconfigured, bug},
    {40002, 40002, 500, 0, Never, misconfigured, bug},
    {40001, 40001, 502, 0, Login, marked("WeChat refused the access token"), bad_token},
    {40014, 40014, 502, 0, Login, marked("WeChat refused the access token"), bad_token},
    {42001, 42001, 502, 0, Login, marked("WeChat refused the access token"), bad_token},
    {87009, 87009, 502, 0, Login, marked("WeChat refused the signature"), ""},
    {48000, 48999, 500, 0, Never, misconfigured, account},
    {50001, 50002, 500, 0, Never, misconfigured, account},
    {61000, 61999, 500, 0, Never, misconfigured, account},
};

constexpr auto unknown = marked("WeChat answered an errcode that is not in its documentation "
                                "of this interface: look it up at developers.weixin.qq.com");

constexpr Errcode any_other{0, 0, 502, 0, Login, marked("WeChat refused the login"), unknown};

// What means something else where an access token is sent along.
constexpr Errcode phone_rows[] = {
    {40029, 40029, 401, 0, Login,
     marked("the phone code is not valid: send the code of getPhoneNumber, not that of wx.login, "
            "once and "
            "within 5 minutes"),
     ""},
    {40163, 40163, 401, 0, Login, marked("the phone code has been used already"), ""},
    {0, 0, 502, 0, Login, marked("WeChat refused to tell the phone number"), unknown},
};

constexpr Errcode session_key_rows[] = {
    {0, 0, 502, 0, Login, marked("WeChat refused to check the session"), unknown},
};

// Only whether the token was refused matters, and that has an end elsewhere.
constexpr Errcode token_check_rows[] = {
    {std::numeric_limits<int>::min(), std::numeric_limits<int>::max(), 502, 0, Login,
     marked("WeChat refused to check the access token"), ""},
};

// A refused AppSecret may be called this, too: it is no token that is refused here.
constexpr Errcode token_rows[] = {
    {40001, 40001, 500, 0, Never, misconfigured, wrong_secret},
    {89501, 89507, 502, 0, Login, marked("WeChat refused to give an access token"),
     marked("WeChat wants the mini program's administrator to confirm this host's address: see the "
            "message that it has sent them")},
    {0, 0, 502, 0, Login, marked("WeChat refused to give an access token"), unknown},
};

// By Api: rows that come before the general ones; the last one is any other code.
constexpr std::span<const Errcode> rows_of[] = {
    {&any_other, 1}, token_rows, phone_rows, session_key_rows, token_check_rows};

const Errcode* find_row(std::span<const Errcode> table, int errcode)
{
    for (const auto& row : table)
        if (errcode >= row.first && errcode <= row.last)
            return &row;
    return nullptr;
}

} // namespace

const Errcode& find_errcode(int errcode, Api api)
{
    const auto own = rows_of[static_cast<std::size_t>(api)];
    if (const auto* const row = find_row(own, errcode))
        return *row;
    const auto* const row = find_row(rows, errcode);
    return row ? *row : own.back();
}

bool refuses_access_token(const Refused& refused)
{
    constexpr int codes[] = {40001, 40014, 42001};
    return refused.api != Api::Token && refused.api != Api::Login &&
           std::find(std::begin(codes), std::end(codes), refused.errcode) != std::end(codes);
}

} // namespace onlogin
