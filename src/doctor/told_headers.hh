#pragma once

// The headers that a backend has from us alone, or not at all: the one list of them. The snippets
// of nginx are made from it (tests/header-snippets), the doctor goes by it, and tests forge each.
//
// Those of WeChat's cloud hosting are what its containers read
// (https://developers.weixin.qq.com/miniprogram/dev/wxcloudservice/wxcloudrun/src/development/weixin/),
// and what its clients and gateways are seen to send there. nginx knows no pattern for names: what
// is not here, it passes on.

namespace onlogin {

enum class Told
{
    User,    // the answer to `auth` says it
    Phone,   // the answer to `phone` says it
    Address, // nginx itself knows it: the client's
    Foreign, // it says who somebody is, or is a token, and we do not know it: nobody is told
    Control, // it steers cloud hosting itself: nobody is told
    Worker,  // of Tencent's wafer2, for the worker: no backend is told
};

struct ToldHeader
{
    const char* name;
    Told told;
};

inline constexpr ToldHeader told_headers[] = {
    {"X-WX-OPENID", Told::User},
    {"X-WX-APPID", Told::User},
    {"X-WX-UNIONID", Told::User},
    {"X-WX-SOURCE", Told::User},
    {"Onlogin-Phone-Number", Told::Phone},
    {"Onlogin-Phone-Country", Told::Phone},
    {"X-Original-Forwarded-For", Told::Address},
    {"X-WX-FROM-OPENID", Told::Foreign},
    {"X-WX-FROM-APPID", Told::Foreign},
    {"X-WX-FROM-UNIONID", Told::Foreign},
    {"X-WX-CLOUDBASE-ACCESS-TOKEN", Told::Foreign},
    {"X-WX-FROM-CLOUDBASE-ACCESS-TOKEN", Told::Foreign},
    {"X-WX-ENV", Told::Control},
    {"X-WX-SERVICE", Told::Control},
    {"X-WX-REGION", Told::Control},
    {"X-WX-GATEWAY-ID", Told::Control},
    {"X-WX-RESOURCE-APPID", Told::Control},
    {"X-WX-CONTAINER-PATH", Told::Control},
    {"X-WX-HTTP-HOST", Told::Control},
    {"X-WX-CALL-ID", Told::Control},
    {"X-WX-LOCAL-DEBUG", Told::Control},
    {"X-WX-USER-TIMEOUT", Told::Control},
    {"X-WX-EXCLUDE-CREDENTIALS", Told::Control},
    {"X-WX-INCLUDE-CREDENTIALS", Told::Control},
    {"X-WX-REQUEST-CONTENT-ENCODING", Told::Control},
    {"X-WX-RESPONSE-CONTENT-ACCEPT-ENCODING", Told::Control},
    {"X-WX-SKEY", Told::Worker},
    {"X-WX-CODE", Told::Worker},
    {"X-WX-ENCRYPTED-DATA", Told::Worker},
    {"X-WX-IV", Told::Worker},
    {"X-WX-ID", Told::Worker},
};

} // namespace onlogin
