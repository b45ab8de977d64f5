#pragma once

// What the actions share that wait for WeChat.

#include "config/config.hh"
#include "gateway/request.hh"
#include "wechat/timed.hh"

namespace onlogin {

// When WeChat must have answered, retries and waiting included: wechat.timeout_ms after `request`
// arrived.
inline Clock::time_point deadline_of(const Request& request, const MiniProgram& mini)
{
    return request.arrived + milliseconds{mini.timeout_ms};
}

// WeChat's answer, which `outcome` owns; the log's line of `request` says how long WeChat took.
// Throws what went wrong instead.
template <class T>
const T& answer_to(Request& request, const Timed<T>& outcome)
{
    request.trace.wechat_ms = outcome.took.count();
    if (outcome.failure)
        std::rethrow_exception(outcome.failure);
    return *outcome.answer;
}

} // namespace onlogin
