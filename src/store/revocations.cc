#include "store/revocations.hh"

#include "store/errors.hh"

#include <algorithm>

namespace onlogin {

namespace {

// Rows stay for a moment longer than what they are about: the clocks of hosts differ.
constexpr milliseconds grace = std::chrono::minutes{2};

// Later than any token was issued: 9999-12-31.
constexpr long long always = 253'402'300'799'999;

// The appid, which holds no colon, stands first: so no two share a key.
std::string token_key(const std::string& jti)
{
    return "token:" + jti;
}

std::string scope_key(const std::string& openid, const std::string& appid)
{
    if (openid.empty())
        return appid.empty() ? "all" : "app:" + appid;
    return appid.empty() ? "user:" + openid : "user-of:" + appid + ':' + openid;
}

long long count(Time time)
{
    return time.time_since_epoch().count();
}

class NoRevocations : public Revocations
{
    Task<long long> latest_until(Keys) override { co_return 0; }
    Task<> keep(Row) override
    {
        throw StoreUnreachable{"session.revocations is \"off\": no session can be ended; name a "
                               "store there, as sqlite:/var/lib/onlogin/revocations.db"};
        co_return;
    }
};

} // namespace

Task<bool> Revocations::ended(Session session)
{
    Keys keys{token_key(session.jti), scope_key(session.openid, {}),
              scope_key(session.openid, session.appid), scope_key({}, session.appid),
              scope_key({}, {})};
    const auto until = co_await latest_until(std::move(keys));
    co_return count(session.began) <= until;
}

Task<> Revocations::end(std::string jti, Time expires, std::chrono::seconds longest)
{
    Row row{token_key(jti), always, count(expires + grace), longest};
    co_await keep(std::move(row));
}

Task<> Revocations::end_all(Scope scope, Time moment, std::chrono::seconds longest)
{
    Row row{scope_key(scope.openid, scope.appid), count(moment),
            count(wall_time() + longest + grace), longest};
    co_await keep(std::move(row));
}

std::chrono::seconds longest_life()
{
    // The most that config/keys.cc takes for session.lifetime_s and session.max_age_s.
    return std::chrono::seconds{31'536'000} + std::chrono::seconds{315'360'000};
}

std::unique_ptr<Revocations> open_revocations(Loop& loop, Log& log, Resolver& resolver,
                                              const StoreAddress& address, Durable durable)
{
    switch (address.kind) {
    case StoreAddress::Kind::Sqlite:
        return open_sqlite_revocations(loop, log, address.path, durable);
    case StoreAddress::Kind::Redis:
        return open_redis_revocations(loop, log, resolver, address, durable);
    case StoreAddress::Kind::Off:
        break;
    }
    return std::make_unique<NoRevocations>();
}

} // namespace onlogin
