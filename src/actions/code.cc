#include "actions/code.hh"

#include "actions/errors.hh"
#include "base/encode.hh"
#include "gateway/errors.hh"

#include <string>

namespace onlogin {

namespace {

constexpr std::size_t longest_code = 128;

void check_code(std::string_view text, const std::string& kind)
{
    const auto fail = [&](const std::string& why) {
        throw BadRequest{"the parameter code is not a " + kind + ": " + why};
    };
    if (text.starts_with("[object "))
        fail("it is what JavaScript writes for an object, so send the member code of it");
    if (text.size() > longest_code)
        fail("it is longer than " + std::to_string(longest_code) + " characters");
    if (!is_visible_ascii(text))
        fail("it holds blanks, control characters or others than ASCII");
}

} // namespace

void check_login_code(std::string_view code)
{
    if (code == "the code is a mock one")
        throw MockCode{};
    check_code(code, "login code of wx.login");
}

void check_phone_code(std::string_view code)
{
    check_code(code, "phone code of getPhoneNumber");
}

} // namespace onlogin
