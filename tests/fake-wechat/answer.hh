#pragma once

// What an endpoint answers, and how long it takes.

#include "behaviour.hh"
#include "gateway/response.hh"
#include "wechat_text.hh"

#include <string>
#include <string_view>

namespace onlogin::fake {

// The content types that WeChat gives its JSON.
inline constexpr std::string_view plain = "text/plain";
inline constexpr std::string_view json = "application/json; encoding=utf-8"; // tokens, numbers

struct Answer
{
    Response response;
    milliseconds delay{0};
};

Answer answer(std::string text, std::string_view content_type = plain, int status = 200);

// HTTP 200, as WeChat refuses; errcode 0 is "ok".
Answer refusal(int errcode, std::string_view content_type = plain);

// What `behaviour` makes of the answer that would have been sent. Redirections lead to `path`.
Answer answer_as(const Behaviour& behaviour, Members members, std::string_view content_type,
                 std::string path);

} // namespace onlogin::fake
