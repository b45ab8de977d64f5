#pragma once

// Who has logged in, and with which session_key: the last one that an exchange gave out.

#include "recent.hh"

#include <string>

namespace onlogin::fake {

struct KnownUser
{
    std::string session_key;
    std::string unionid; // empty: none
};

// Remembers the last million; older ones are as if they had never logged in.
class KnownUsers
{
public:
    void log_in(const std::string& appid, const std::string& openid, KnownUser user)
    {
        users_[appid + '/' + openid] = std::move(user);
    }

    // Null if there is none.
    [[nodiscard]] const KnownUser* find(const std::string& appid, const std::string& openid) const
    {
        return users_.find(appid + '/' + openid);
    }

private:
    Recent<KnownUser> users_{1'000'000};
};

} // namespace onlogin::fake
