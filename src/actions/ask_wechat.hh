#pragma once

// What the actions share that wait for WeChat.

#include "actions/app.hh"
#include "actions/errors.hh"
#include "config/config.hh"
#include "gateway/request.hh"
#include "wechat/timed.hh"

namespace onlogin {

// Counts one that waits for WeChat, as long as it lives, against limits.in_flight. Throws Busy
// where that is reached. Whoever does not wait for WeChat is counted nowhere, so that a WeChat that
// hangs keeps no guarded request and no logout from its answer; connections bound those.
class WaitForWechat
{
public:
    explicit WaitForWechat(App& app)
        : app_{app}
    {
        if (app.asking_wechat >= app.config->limits.in_flight)
            throw Busy{marked("too many logins at once")};
        ++app.asking_wechat;
    }
    WaitForWechat(const WaitForWechat&) = delete;
    WaitForWechat& operator=(const WaitForWechat&) = delete;
    ~WaitForWechat() { --app_.asking_wechat; }

private:
    App& app_;
};

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
