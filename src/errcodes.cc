#include "errcodes.hh"

namespace onlogin {

namespace {

constexpr std::string_view misconfigured = "the login server's WeChat configuration was refused";
constexpr std::string_view bug = "WeChat says that the request lacks a parameter: check wechat.url "
                                 "and any proxy between this host and WeChat, they must pass the "
                                 "query string on";
constexpr std::string_view account =
    "the mini program's account may not use this interface, or is banned or frozen: read the "
    "notices at mp.weixin.qq.com";

using recover::later;
using recover::login;
using recover::never;

constexpr Errcode rows[] = {
    {-1, -1, 503, 2, later, "WeChat is busy", ""},
    {40029, 40029, 401, 0, login, "the login code is not valid", ""},
    {40163, 40163, 401, 0, login, "the login code has been used already", ""},
    {42003, 42003, 401, 0, login, "the login code has expired", ""},
    {40226, 40226, 403, 0, never, "WeChat refuses this user", ""},
    {45011, 45011, 429, 60, later, "too many logins, WeChat asks to wait a minute", ""},
    {45009, 45009, 429, 3600, later, "WeChat's quota for this mini program is used up",
     "the quota of this mini program is used up: see its interface limits at mp.weixin.qq.com, and "
     "why so many logins come (wx.login belongs to the start of a session, not to every page)"},
    {40013, 40013, 500, 0, never, misconfigured,
     "WeChat does not know this appid: compare it with mp.weixin.qq.com, Development settings"},
    {40125, 40125, 500, 0, never, misconfigured,
     "the AppSecret is wrong or was reset: take the current one from mp.weixin.qq.com, Development "
     "settings, put it into the secret file and restart the worker"},
    {40164, 40164, 500, 0, never, misconfigured,
     "this host's address is not in the IP whitelist: add it at mp.weixin.qq.com, Development "
     "settings"},
    {40243, 40243, 500, 0, never, misconfigured,
     "the AppSecret is frozen: unfreeze it at mp.weixin.qq.com, Development settings"},
    {41002, 41002, 500, 0, never, misconfigured, bug},
    {41004, 41004, 500, 0, never, misconfigured, bug},
    {41008, 41008, 500, 0, never, misconfigured, bug},
    {40002, 40002, 500, 0, never, misconfigured, bug},
    {48000, 48999, 500, 0, never, misconfigured, account},
    {50001, 50002, 500, 0, never, misconfigured, account},
    {61000, 61999, 500, 0, never, misconfigured, account},
};

constexpr Errcode any_other{
    0,
    0,
    502,
    0,
    login,
    "WeChat refused the login",
    "WeChat answered an errcode that is not in its "
    "documentation of code2Session: look it up at developers.weixin.qq.com"};

} // namespace

const Errcode& find_errcode(int errcode)
{
    for (const auto& row : rows)
        if (errcode >= row.first && errcode <= row.last)
            return row;
    return any_other;
}

} // namespace onlogin
