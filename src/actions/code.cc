#include "actions/code.hh"

#include "actions/errors.hh"
#include "base/encode.hh"
#include "gateway/errors.hh"

namespace onlogin {

namespace {

bool is_code(std::string_view text)
{
    return !text.empty() && text.size() <= 128 && is_visible_ascii(text);
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
