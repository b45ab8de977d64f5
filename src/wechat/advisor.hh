#pragma once

// Tells the operator, in the log, what to mend when WeChat refuses or cannot be reached.

#include "base/log.hh"
#include "net/errors.hh"
#include "net/loop.hh"
#include "net/once_a_minute.hh"
#include "wechat/errors.hh"

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace onlogin {

// The same advice on the same mini program is given once a minute at most.
class Advisor
{
public:
    explicit Advisor(Log& log)
        : log_{log}
    {
    }

    // WeChat refused something for `appid`. What is the client's own mistake is told of only when
    // it comes in floods.
    void refused(const std::string& appid, const Refused& refused);

    // WeChat could not be reached for `appid`; the log gets the cause and what mends it.
    void unreachable(const std::string& appid, const Unreachable& failure);

    // After a change of the configuration: gives advice again that was given a moment ago.
    void forget() { advised_.clear(); }

private:
    // Empty texts are left out of the log.
    struct Advice
    {
        std::string_view rid;     // WeChat's
        std::string_view address; // ours, as WeChat sees it
        std::string_view reason;
        std::string advice;
    };

    bool is_flood(const std::string& appid);
    void advise(const std::string& appid, int errcode, const Advice& advice);

    Log& log_;
    std::map<std::pair<std::string, int>, OnceAMinute> advised_;         // by appid and errcode
    std::map<std::string, std::deque<Clock::time_point>> invalid_codes_; // 40029, by appid
};

} // namespace onlogin
