#include "net/resolver.hh"

#include "net/errors.hh"
#include "net/event.hh"

#include <algorithm>

namespace onlogin {

Resolver::Resolver(Loop& loop, Log& log, ResolverTimes times)
    : loop_{loop}
    , log_{log}
    , times_{times}
{
}

Task<Addresses> Resolver::resolve(std::string host)
{
    auto& entry = entries_[host];
    const auto now = Clock::now();
    const bool known = !entry.addresses.list.empty();
    const bool due = !known || entry.doubted || now - entry.fetched > times_.fresh;
    if (due && !entry.looking && now - entry.failed > times_.pause_after_failure) {
        entry.looking = true;
        entry.lookup = SharedTask<bool>::start(loop_, look_up(host));
    }
    if (!known && entry.looking) {
        const auto lookup = entry.lookup; // kept by the entry too: it goes on when we are cancelled
        co_await lookup.end();
    } else if (entry.doubted && entry.looking) {
        const auto lookup = entry.lookup;
        try {
            co_await with_deadline(loop_, now + times_.second_opinion, ended(lookup));
        } catch (const DeadlinePassed&) { // the last good answer serves
        }
    }
    entry.doubted = false;
    if (entry.addresses.list.empty())
        throw Unreachable{"cannot resolve " + host + ": " + entry.reason};
    co_return entry.addresses;
}

Task<> Resolver::ended(SharedTask<bool> lookup)
{
    co_await lookup.end();
}

void Resolver::doubt(const std::string& host)
{
    entries_[host].doubted = true;
}

bool Resolver::looking() const
{
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const auto& entry) { return entry.second.looking; });
}

Task<bool> Resolver::look_up(std::string host)
{
    auto& entry = entries_[host];
    std::vector<std::string> addresses;
    std::string reason;
    Event answered;
    const Lookup lookup{loop_, host, [&](auto found, auto why) {
                            addresses = std::move(found);
                            reason = std::move(why);
                            answered.set();
                        }};
    co_await answered;
    entry.looking = false;
    if (addresses.empty()) {
        entry.failed = Clock::now();
        entry.reason = reason.empty() ? "no addresses" : reason;
        if (!entry.addresses.list.empty())
            log_.warn(
                "name server failed",
                {{"host", host}, {"reason", entry.reason}, {"using", "the last good answer"}});
        co_return false;
    }
    entry.fetched = Clock::now();
    if (addresses != entry.addresses.list) {
        // Name servers turn the order round: that is no news.
        auto before = entry.addresses.list, after = addresses;
        std::sort(before.begin(), before.end());
        std::sort(after.begin(), after.end());
        if (before != after) {
            entry.addresses.list = addresses;
            ++entry.addresses.generation;
        }
    }
    co_return true;
}

} // namespace onlogin
