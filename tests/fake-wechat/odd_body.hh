#pragma once

// Answers that WeChat should never send, and that a client must survive.

#include "wechat_text.hh"

#include <span>
#include <string>
#include <string_view>

namespace onlogin::fake {

struct OddBody
{
    std::string_view name;
    std::string_view help;
    std::string_view content_type;
    std::string (*make)(Members regular); // from the answer that would have been sent
};

std::span<const OddBody> odd_bodies();

} // namespace onlogin::fake
