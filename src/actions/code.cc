#include "actions/code.hh"

#include "actions/errors.hh"
#include "base/encode.hh"
#include "gateway/errors.hh"

#include <string>

namespace onlogin {

namespace {

constexpr std::size_t longest_code = 128;

void check_code(std::string_view text, const Phrase& kind)
{
    if (text.starts_with("[object "))
        throw BadRequest{phrase("the parameter code is not a {kind}: it is what JavaScript writes "
                                "for an object, so send the member code of it",
                                {{"kind", kind}})};
    if (text.size() > longest_code)
        throw BadRequest{phrase("the parameter code is not a {kind}: it is longer than {most} "
                                "characters",
                                {{"kind", kind}, {"most", std::to_string(longest_code)}})};
    if (!is_visible_ascii(text))
        throw BadRequest{phrase("the parameter code is not a {kind}: it holds blanks, control "
                                "characters or others than ASCII",
                                {{"kind", kind}})};
}

} // namespace

void check_login_code(std::string_view code)
{
    if (code == "the code is a mock one")
        throw MockCode{};
    check_code(code, phrase("login code of wx.login"));
}

void check_phone_code(std::string_view code)
{
    check_code(code, phrase("phone code of getPhoneNumber"));
}

} // namespace onlogin
