#pragma once

// What the actions share that wait for WeChat.

#include "config/config.hh"
#include "gateway/request.hh"

namespace onlogin {

// When WeChat must have answered, retries and waiting included: wechat.timeout_ms after `request`
// arrived.
inline Clock::time_point deadline_of(const Request& request, const MiniProgram& mini)
{
    return request.arrived + milliseconds{mini.timeout_ms};
}

} // namespace onlogin
