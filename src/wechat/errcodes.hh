#pragma once

// What WeChat's error codes mean for us: a table.
//
// Sources: the pages of the mini-program server API for code2Session
// (https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session), phone
// numbers (…/user-info/phone-number/api_getphonenumber) and access tokens
// (https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken), the general
// table of return codes
// (https://developers.weixin.qq.com/doc/channels/API/basics/commErrCode.html), and answers that
// were really seen.

#include "base/language.hh"
#include "base/recover.hh"
#include "wechat/errors.hh"

namespace onlogin {

struct Errcode
{
    int first; // the codes of the row: first to last
    int last;
    int status;        // of our answer
    int retry_after_s; // of our answer; 0: none
    Recover recover;   // of our answer
    Marked message;    // of our answer
    Marked advice;     // for the operator; empty: nothing to mend on the server
};

// The row of `errcode` where `api` was asked; it stands for all codes that are not listed if there
// is none.
const Errcode& find_errcode(int errcode, Api api = Api::Login);

// Whether what was refused is the access token, so that another one may help.
bool refuses_access_token(const Refused& refused);

} // namespace onlogin
