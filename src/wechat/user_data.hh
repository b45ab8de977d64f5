#pragma once

// What WeChat's client encrypts and signs for the server (wx.getUserInfo, wx.getWeRunData and the
// like), and what the server signs for WeChat: all with the session_key of the user's last login.
// https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
//
// It fails in two ways (wechat/errors.hh). StaleSession: the session_key is not the one it was made
// with, or it is too old. A new login and then fresh data mend it. BadUserData: what no login
// mends, as it is nothing that WeChat's client has made for this mini program, or it was changed.
//
// Nothing vouches for the data. Whoever sends it can change it without the key, its first 16 bytes
// at will by way of the iv. Who the user is says the token, not an openId in here.

#include "base/rfc3339.hh"
#include "base/secret.hh"

#include <chrono>
#include <string>
#include <string_view>

#include <json/value.h>

namespace onlogin {

// A JSON object.
struct UserData
{
    Secret text;        // as WeChat has written it, but for strings that are none of JSON
    Json::Value object; // the same, to look into
};

// The object in `encrypted_data`, whose watermark names `appid`. Both texts are base64 as it
// arrives here: line breaks are left out, with the blanks and tabs beside them, and any other blank
// is a + that a form has lost. Its strings may hold anything, as users call themselves anything
// (base/json_strings.hh), and a byte order mark before it is left out. Throws BadUserData where the
// texts are not base64 or of a wrong length, where what the key does open is cut, damaged or no
// JSON object, and where the watermark is of another mini program or missing; StaleSession where
// the key opens nothing that looks like an object, or is none.
UserData open_user_data(const Secret& session_key, std::string_view encrypted_data,
                        std::string_view iv, std::string_view appid);

// Throws StaleSession where the watermark says that WeChat made `data` more than `limit` before
// `now`; BadUserData where it was that much after, or does not say in whole seconds when that was.
void check_age(const UserData& data, Time now, std::chrono::seconds limit);

// Throws BadUserData unless `signature` is what WeChat's client says with `raw_data`: the SHA-1 of
// raw_data and session_key, in hex digits of lower case. The session_key must have opened the user
// data beside it, so that it is not to blame; StaleSession where there is none.
void check_raw_data(const Secret& session_key, std::string_view raw_data,
                    std::string_view signature);

// What WeChat's server wants to see with the body of a request on behalf of the user, empty for a
// GET: its HMAC-SHA256 in hex digits of lower case. Throws StaleSession where there is no key.
std::string user_signature(const Secret& session_key, std::string_view body);

} // namespace onlogin
