#pragma once

// What WeChat's client encrypts for the server, as wx.getUserInfo's encryptedData.
// https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html

#include "secret.hh"

#include <optional>
#include <string_view>

#include <json/value.h>

namespace onlogin {

// The object in `encrypted_data`, which has the member `watermark`. All three texts are base64.
// Absent unless it decrypts to a JSON object whose watermark names `appid`. It is what WeChat says,
// as long as nobody else has the session_key.
std::optional<Json::Value> open_user_data(const Secret& session_key,
                                          std::string_view encrypted_data, std::string_view iv,
                                          std::string_view appid);

} // namespace onlogin
