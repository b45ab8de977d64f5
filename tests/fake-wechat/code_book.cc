#include "code_book.hh"

#include "random_text.hh"

namespace onlogin::fake {

std::string CodeBook::issue(const std::string& appid, Behaviour behaviour)
{
    auto code = random_code();
    auto& issued = record(code);
    issued.issued = true;
    issued.appid = appid;
    issued.expires = Clock::now() + behaviour.life;
    issued.behaviour = std::move(behaviour);
    return code;
}

CodeRecord& CodeBook::exchange(const std::string& code)
{
    auto& exchanged = record(code);
    ++exchanged.exchanges;
    return exchanged;
}

unsigned CodeBook::exchanges(const std::string& code) const
{
    const auto found = records_.find(code);
    return found == records_.end() ? 0 : found->second.exchanges;
}

CodeRecord& CodeBook::record(const std::string& code)
{
    const auto [place, added] = records_.try_emplace(code);
    auto& result = place->second;
    if (added) {
        seen_.push_back(code);
        if (seen_.size() > 1'000'000) {
            records_.erase(seen_.front());
            seen_.pop_front();
        }
    }
    return result;
}

} // namespace onlogin::fake
