#pragma once

// The one-time codes that WeChat gives to mini programs.

#include <string_view>

namespace onlogin {

// Throws unless `code` can be one of wx.login: it is opaque, 1 to 128 bytes of visible ASCII (seen
// so far: 32 letters and digits). MockCode for what the developer tools give out for a project
// without a real appid, else BadRequest.
void check_login_code(std::string_view code);

// The same for a code of getPhoneNumber (seen so far: 64 hex digits).
void check_phone_code(std::string_view code);

} // namespace onlogin
