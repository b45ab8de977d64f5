#include "code_book.hh"

#include "random_text.hh"

namespace onlogin::fake {

bool CodeRecord::good(Purpose purpose, const std::string& app) const
{
    return issued_for == purpose && appid == app && Clock::now() < expires;
}

std::string CodeBook::issue(Purpose purpose, const std::string& appid, Behaviour behaviour)
{
    auto code = purpose == Purpose::Phone ? random_phone_code() : random_code();
    auto& issued = records_[code];
    issued.issued_for = purpose;
    issued.appid = appid;
    issued.expires = Clock::now() + behaviour.life;
    issued.behaviour = std::move(behaviour);
    return code;
}

CodeRecord& CodeBook::exchange(const std::string& code)
{
    auto& exchanged = records_[code];
    ++exchanged.exchanges;
    return exchanged;
}

unsigned CodeBook::exchanges(const std::string& code) const
{
    const auto* const found = records_.find(code);
    return found ? found->exchanges : 0;
}

} // namespace onlogin::fake
