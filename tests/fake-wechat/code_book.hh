#pragma once

// The codes that were issued, for logins and for phone numbers, and how often each was exchanged.

#include "behaviour.hh"
#include "recent.hh"

#include <optional>
#include <string>

namespace onlogin::fake {

struct CodeRecord
{
    std::optional<Purpose> issued_for; // absent: somebody made it up
    std::string appid;                 // the app that it was issued for
    Behaviour behaviour;
    Clock::time_point expires;
    bool used = false;
    unsigned exchanges = 0; // requests that brought it
    unsigned refusals = 0;  // those answered with the errcode of its behaviour

    // Whether it was issued for this and has not expired.
    [[nodiscard]] bool good(Purpose purpose, const std::string& app) const;
};

// Remembers the last million codes; older ones are as if never seen.
class CodeBook
{
public:
    // A fresh code of `appid`, for one exchange: Login or Phone.
    std::string issue(Purpose purpose, const std::string& appid, Behaviour behaviour);

    // Counts one exchange of `code`. The record is valid until the next call.
    CodeRecord& exchange(const std::string& code);

    // How many exchanges `code` has seen.
    [[nodiscard]] unsigned exchanges(const std::string& code) const;

private:
    Recent<CodeRecord> records_{1'000'000};
};

} // namespace onlogin::fake
