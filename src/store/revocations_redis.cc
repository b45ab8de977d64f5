// Ended sessions in a Redis, for the processes of many hosts. A row is a key that expires.

#include "store/errors.hh"
#include "store/redis_client.hh"
#include "store/revocations.hh"

#include <algorithm>
#include <charconv>

namespace onlogin {

namespace {

constexpr std::string_view prefix = "onlogin:ended:";

constexpr RedisWords::Refusal refusals[] = {
    {"NOAUTH", "put its password into session.revocations: redis://:PASSWORD@HOST:PORT/DB"},
    {"WRONGPASS", "user or password in session.revocations is wrong"},
    {"NOPERM", "its ACL must allow the user MGET, GET, SET, PTTL and EVAL on ~onlogin:*"},
    {"LOADING", "it reads its data, and answers soon"},
    {"READONLY", "it is a replica: name the master in session.revocations"},
    {"MASTERDOWN", "it is a replica: name the master in session.revocations"},
    {"OOM", "it is out of memory: raise its maxmemory"},
    {"MISCONF", "it cannot write its data to the disk: see its log"},
    {"MOVED", "it is part of a cluster, which is not supported"},
    {"CROSSSLOT", "it is part of a cluster, which is not supported"},
    {"CLUSTERDOWN", "it is part of a cluster, which is not supported"},
    {"BUSY", "a script holds it up"},
};

constexpr RedisWords words_of_revocations{
    .refusals = refusals,
    .other_refusal = "see its log and session.revocations",
    .replica = "it is a replica: name the master in session.revocations",
    .loading = "it reads its data, and answers soon",
    .back = "revocations back",
    .disconnected = "revocations disconnected",
    .unreachable = "revocations unreachable",
    .may_be_evicted = "revocations may be evicted",
    .evicted_advice =
        "set maxmemory-policy noeviction, or ended sessions live again when it is full",
    .may_be_lost = "revocations may be lost",
    .lost_advice = "set appendonly yes, or ended sessions live again when it restarts",
};

// Another host may have written a later moment, or one that is to be kept longer.
constexpr auto keep_latest = R"(
local before = redis.call('GET', KEYS[1])
local stays = redis.call('PTTL', KEYS[1])
if before and tonumber(before) > tonumber(ARGV[1]) then ARGV[1] = before end
if stays > tonumber(ARGV[2]) then ARGV[2] = stays end
return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
)";

std::string name_of(const std::string& key)
{
    return std::string{prefix} + key;
}

class RedisRevocations : public Revocations
{
public:
    RedisRevocations(Loop& loop, Log& log, Resolver& resolver, const StoreAddress& address)
        : client_{loop, log, resolver, address, words_of_revocations}
    {
    }

protected:
    Task<long long> latest_until(Keys keys) override
    {
        std::vector<std::string> words{"MGET"};
        for (const auto& key : keys)
            words.push_back(name_of(key));
        const auto reply = co_await client_.ask(std::move(words));
        if (reply.list.size() != keys.size())
            throw StoreUnreachable{"Redis gave an answer that makes no sense"};
        long long until = 0;
        for (const auto& value : reply.list)
            if (value.kind != RedisReply::Kind::Nothing)
                until = std::max(until, number_in(value.text));
        co_return until;
    }

    Task<> keep(Row row) override
    {
        const auto now = wall_time().time_since_epoch().count();
        std::vector<std::string> words{
            "EVAL",
            keep_latest,
            "1",
            name_of(row.key),
            std::to_string(row.until),
            std::to_string(std::max(1LL, row.forget - static_cast<long long>(now)))};
        co_await client_.ask(std::move(words));
    }

private:
    static long long number_in(const std::string& text)
    {
        long long number = 0;
        const auto* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        if (read.ec != std::errc{} || read.ptr != end)
            throw StoreUnreachable{"another program has written to " + std::string{prefix} +
                                   "* in Redis: choose another database"};
        return number;
    }

    RedisClient client_;
};

} // namespace

std::unique_ptr<Revocations> open_redis_revocations(Loop& loop, Log& log, Resolver& resolver,
                                                    const StoreAddress& address)
{
    return std::make_unique<RedisRevocations>(loop, log, resolver, address);
}

} // namespace onlogin
