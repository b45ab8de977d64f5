#include "wechat/advisor.hh"

#include "net/descriptors.hh"
#include "wechat/errcodes.hh"

#include <cstring>

namespace onlogin {

namespace {

// This many invalid codes in a minute are no longer a client's mistake.
constexpr std::size_t flood = 20;

constexpr int invalid_code = 40029;

} // namespace

void Advisor::refused(const std::string& appid, const Refused& refused)
{
    Marked advice = find_errcode(refused.errcode, refused.api).advice;
    if (refused.api == Api::Login && refused.errcode == invalid_code && is_flood(appid))
        advice = marked("many login codes are invalid: is this the appid of the mini program that "
                        "calls? Codes of another appid, of the developer tools without an appid, "
                        "and phone codes are answered like that");
    if (!advice.empty())
        advise(appid, refused.errcode, {refused.rid, refused.address, "", translate(advice)});
}

void Advisor::unreachable(const std::string& appid, const Unreachable& failure)
{
    if (const int shortage = descriptor_shortage())
        advise(appid, 0, {"", "", strerror(shortage), advice_on(shortage)});
    else
        advise(appid, 0, {"", "", failure.what(), failure.advice});
}

bool Advisor::is_flood(const std::string& appid)
{
    auto& times = invalid_codes_[appid];
    times.push_back(Clock::now());
    while (times.size() > flood)
        times.pop_front();
    return times.size() == flood && times.back() - times.front() < milliseconds{60'000};
}

void Advisor::advise(const std::string& appid, int errcode, const Advice& advice)
{
    if (!advised_[{appid, errcode}].is_time())
        return;
    const bool answered = advice.reason.empty();
    log_.error("wechat", {{"app", appid},
                          {"errcode", answered ? std::optional<long long>{errcode} : std::nullopt},
                          {"rid", advice.rid},
                          {"address", advice.address},
                          {"reason", advice.reason},
                          {"advice", advice.advice}});
}

} // namespace onlogin
