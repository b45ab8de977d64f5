#pragma once

// The login codes that were issued, and how often each code was exchanged.

#include "behaviour.hh"

#include <deque>
#include <string>
#include <unordered_map>

namespace onlogin::fake {

struct CodeRecord
{
    bool issued = false; // else somebody made it up
    std::string appid;   // the app that it was issued for
    Behaviour behaviour;
    Clock::time_point expires;
    bool used = false;
    unsigned exchanges = 0;
};

// Remembers the last million codes; older ones are as if never seen.
class CodeBook
{
public:
    // A fresh code of `appid`, for one login.
    std::string issue(const std::string& appid, Behaviour behaviour);

    // Counts one exchange of `code`. The record is valid until the next call.
    CodeRecord& exchange(const std::string& code);

    // How many exchanges `code` has seen.
    [[nodiscard]] unsigned exchanges(const std::string& code) const;

private:
    CodeRecord& record(const std::string& code);

    std::unordered_map<std::string, CodeRecord> records_;
    std::deque<std::string> seen_; // the codes of records_, oldest first
};

} // namespace onlogin::fake
