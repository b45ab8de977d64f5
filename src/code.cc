#include "code.hh"

#include "error.hh"

#include <algorithm>

namespace onlogin {

namespace {

bool is_code(std::string_view text)
{
    return !text.empty() && text.size() <= 128 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

} // namespace

void check_login_code(std::string_view code)
{
    if (code == "the code is a mock one")
        throw MockCode{};
    if (!is_code(code))
        throw BadRequest{"the parameter code is not a login code of wx.login"};
}

void check_phone_code(std::string_view code)
{
    if (!is_code(code))
        throw BadRequest{"the parameter code is not a phone code of getPhoneNumber"};
}

} // namespace onlogin
