#pragma once

// Made-up text in the shapes that WeChat's values have. Good enough for a fake, not for secrets.

#include <cstdint>
#include <string>
#include <string_view>

namespace onlogin::fake {

// Another number on each call.
std::uint64_t random_number();

// A login code: 32 characters of [0-9A-Za-z], the first a 0.
std::string random_code();

// A phone code: 64 hexadecimal digits.
std::string random_phone_code();

// An access token: 136 characters of [0-9A-Za-z_-], the first ones `74_`.
std::string random_access_token();

// Base64 of 16 random bytes.
std::string random_session_key();

// 28 characters of [0-9A-Za-z_-], the first an `o`: the shape of an openid or unionid. Always the
// same for the same `seed`.
std::string identifier(std::string_view seed);

// 11 digits, the first a 1: the shape of a mobile number in China. Always the same for `seed`.
std::string mobile_number(std::string_view seed);

} // namespace onlogin::fake
