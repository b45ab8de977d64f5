// Ended sessions in a Redis, for the processes of many hosts. A row is a key that expires.
//
// A Redis may lose what it kept: emptied, restarted without its data, gone back to an older state
// by a failover, full and evicting; and its clock may be wrong when keys expire. So each process
// remembers the rows that it has written or met. A mark beside the rows, a random name and a count
// of all that has been written, is read with every question: when it is not what it was, and now
// and then without that, the process looks for its rows and writes back what is missing.

#include "base/crypto.hh"
#include "base/encode.hh"
#include "base/language.hh"
#include "store/errors.hh"
#include "store/look.hh"
#include "store/redis_client.hh"
#include "store/redis_words.hh"
#include "store/revocations.hh"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <vector>

namespace onlogin {

namespace {

constexpr std::string_view prefix = "onlogin:ended:";
constexpr std::string_view mark_key = "store"; // behind the prefix; no row is called so

constexpr milliseconds between_looks{1'000};   // at the mark, where nobody asks
constexpr milliseconds between_rounds{60'000}; // through all rows that are known
constexpr std::size_t at_once = 100;           // of these
constexpr milliseconds too_late{60'000};       // to look for a row that expires this soon

// For a row that has gone before anybody has asked how long it was to stay: what session.max_age_s
// is, unless somebody has raised it.
constexpr milliseconds usual_stay = std::chrono::hours{24 * 31};

constexpr auto keys_are_gone =
    "keys have gone: it evicts them, its clock was wrong, or somebody has deleted them";

// Another host may have written a later moment, or one that is to be kept longer. Returns the mark.
constexpr auto keep_latest = R"(
local before = redis.call('GET', KEYS[1])
local stays = redis.call('PTTL', KEYS[1])
if before and tonumber(before) > tonumber(ARGV[1]) then ARGV[1] = before end
if stays > tonumber(ARGV[2]) then ARGV[2] = stays end
local done = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if done.err then return done end
local name, count = string.match(redis.call('GET', KEYS[2]) or '', '^(%w+) (%d+)$')
local mark = (name or ARGV[3]) .. ' ' .. string.format('%.0f', (tonumber(count) or 0) + 1)
redis.call('SET', KEYS[2], mark)
return mark
)";

std::string name_of(std::string_view key)
{
    return std::string{prefix}.append(key);
}

std::optional<long long> number_in(std::string_view text)
{
    long long number = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end)
        return std::nullopt;
    return number;
}

// Of a store: which it is, and how much has been written to it.
struct Mark
{
    std::string name;
    long long count = 0;

    static std::optional<Mark> read(const RedisReply& reply)
    {
        const auto& text = reply.text;
        const auto space = text.find(' ');
        if (reply.kind != RedisReply::Kind::Text || space == text.npos)
            return std::nullopt;
        const auto count = number_in(std::string_view{text}.substr(space + 1));
        if (!count)
            return std::nullopt;
        return Mark{text.substr(0, space), *count};
    }
};

class RedisRevocations : public Revocations
{
public:
    RedisRevocations(Loop& loop, Log& log, Resolver& resolver, const StoreAddress& address,
                     RedisTimes times)
        : loop_{loop}
        , log_{log}
        , shown_{address.shown}
        , client_{loop, log, resolver, address, redis_words, times}
        , timer_{loop}
        , keeper_{keep_what_is_known()}
    {
        keeper_.start();
    }

protected:
    Task<long long> latest_until(Keys keys) override
    {
        std::vector<std::string> words{"MGET"};
        for (const auto& key : keys)
            words.push_back(name_of(key));
        words.push_back(name_of(mark_key));
        const auto reply = co_await client_.ask(std::move(words));
        if (reply.list.size() != keys.size() + 1)
            throw StoreUnreachable{"Redis gave an answer that makes no sense"};
        notice(reply.list.back());
        long long until = 0;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const auto found = until_in(reply.list[i]);
            if (found > 0)
                remember(keys[i], found, std::nullopt);
            const auto known = known_until(keys[i]);
            if (known > found && is_to_stay(known_[keys[i]]))
                lost(keys_are_gone);
            until = std::max({until, found, known});
        }
        co_return until;
    }

    Task<> keep(Row row) override
    {
        const auto now = wall_time().time_since_epoch().count();
        const auto stay = std::max(milliseconds{row.forget - now}, row.at_least);
        co_await write(row.key, row.until, stay, RedisClient::Look::Now);
        remember(row.key, row.until, stay);
    }

private:
    struct Known
    {
        long long until = 0;
        std::optional<Clock::time_point> forget; // absent: the Redis has not been asked yet
    };

    static long long until_in(const RedisReply& value)
    {
        if (value.kind == RedisReply::Kind::Nothing)
            return 0;
        const auto until = number_in(value.text);
        if (!until)
            throw StoreUnreachable{"another program has written to " + std::string{prefix} +
                                   "* in Redis: choose another database"};
        return *until;
    }

    long long known_until(const std::string& key)
    {
        const auto known = known_.find(key);
        if (known == known_.end())
            return 0;
        if (known->second.forget.value_or(Clock::time_point::max()) > Clock::now())
            return known->second.until;
        known_.erase(known);
        return 0;
    }

    // Whether the row is known to stay for so long that it must still be there.
    static bool is_to_stay(const Known& row)
    {
        return row.forget && *row.forget - Clock::now() > too_late;
    }

    void remember(const std::string& key, long long until, std::optional<milliseconds> stay)
    {
        auto& known = known_[key];
        const bool is_new = known.until == 0;
        known.until = std::max(known.until, until);
        if (stay) {
            const auto forget = Clock::now() + *stay;
            known.forget = std::max(known.forget.value_or(forget), forget);
        } else if (is_new) {
            met_.push_back(key);
        }
    }

    // `found` is the mark as it is now.
    void notice(const RedisReply& found)
    {
        asked_ = true;
        auto mark = Mark::read(found);
        if (mark_ && !mark)
            lost("it has been emptied, or has restarted without its data");
        else if (mark_ && mark->name != mark_->name)
            lost("it is another one, or has been emptied");
        else if (mark_ && mark->count < mark_->count)
            lost("it has gone back to an older state");
        mark_ = std::move(mark);
    }

    void lost(const char* how)
    {
        lost_ = how;
        timer_.start(milliseconds{0}, [this] { due_.set(); });
    }

    Task<> keep_what_is_known()
    {
        for (;;) {
            timer_.start(between_looks, [this] { due_.set(); });
            co_await due_;
            try {
                co_await look();
            } catch (const StoreUnreachable&) { // the client has told the log
            }
        }
    }

    Task<> look()
    {
        if (!std::exchange(asked_, false)) {
            std::vector<std::string> words{"MGET", name_of(mark_key)};
            const auto reply = co_await client_.ask(std::move(words));
            if (reply.list.size() == 1)
                notice(reply.list.front());
        }
        while (!met_.empty()) {
            const auto key = met_.back();
            std::vector<std::string> words{"PTTL", name_of(key)};
            const auto reply = co_await client_.ask(std::move(words));
            if (const auto known = known_.find(key); known != known_.end() && !known->second.forget)
                known->second.forget =
                    Clock::now() + (reply.number > 0 ? milliseconds{reply.number} : usual_stay);
            std::erase(met_, key);
        }
        const bool evicts = std::exchange(evicted_, client_.server().evicted) != evicted_;
        const bool due = Clock::now() - looked_through_at_ > between_rounds;
        if (lost_.empty() && !evicts && client_.connections() == looked_through_ && !due)
            co_return;
        co_await put_back();
    }

    // Writes the rows that are known and not there.
    Task<> put_back()
    {
        const auto connection = client_.connections();
        std::erase_if(known_, [](const auto& row) {
            return row.second.forget.value_or(Clock::time_point::max()) <= Clock::now();
        });
        std::vector<std::string> keys;
        for (const auto& row : known_)
            if (is_to_stay(row.second))
                keys.push_back(row.first);
        long long written = 0;
        for (std::size_t begin = 0; begin < keys.size(); begin += at_once) {
            const std::vector<std::string> some(
                keys.begin() + static_cast<std::ptrdiff_t>(begin),
                keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), begin + at_once)));
            written += co_await put_back_some(some);
        }
        if (written > 0 && lost_.empty())
            lost_ = keys_are_gone;
        if (const auto how = std::exchange(lost_, {});
            !how.empty() && (written > 0 || how != keys_are_gone))
            log_.error(
                "revocations lost",
                {{"store", shown_},
                 {"reason", how},
                 {"put_back", written},
                 {"advice", translate("set appendonly yes and maxmemory-policy noeviction; what "
                                      "ended and no running worker knows lives again: "
                                      "onlogin revoke --all ends it")}});
        looked_through_ = connection;
        looked_through_at_ = Clock::now();
    }

    Task<long long> put_back_some(std::vector<std::string> keys)
    {
        std::vector<std::string> words{"MGET"};
        for (const auto& key : keys)
            words.push_back(name_of(key));
        const auto reply = co_await client_.ask(std::move(words));
        std::vector<SharedTask<bool>> writing;
        for (std::size_t i = 0; i < keys.size() && i < reply.list.size(); ++i) {
            const auto known = known_.find(keys[i]);
            if (known == known_.end() || !known->second.forget ||
                until_in(reply.list[i]) >= known->second.until)
                continue;
            const auto left = std::chrono::ceil<milliseconds>(*known->second.forget - Clock::now());
            writing.push_back(SharedTask<bool>::start(
                loop_, write(keys[i], known->second.until, left, RedisClient::Look::Lately)));
        }
        for (const auto& one : writing)
            co_await one.end();
        co_return static_cast<long long>(writing.size());
    }

    Task<bool> write(std::string key, long long until, milliseconds stay, RedisClient::Look look)
    {
        const auto expires = std::max<long long>(1, stay.count());
        std::vector<std::string> words{"EVAL",
                                       keep_latest,
                                       "2",
                                       name_of(key),
                                       name_of(mark_key),
                                       std::to_string(until),
                                       std::to_string(expires),
                                       to_hex(random_bytes(8))};
        const auto reply = co_await client_.ask(std::move(words), look);
        // Another name, or a smaller count, is for notice() to see.
        if (auto mark = Mark::read(reply);
            mark && (!mark_ || (mark_->name == mark->name && mark_->count <= mark->count)))
            mark_ = std::move(mark);
        co_return true;
    }

    Loop& loop_;
    Log& log_;
    std::string shown_;
    std::unordered_map<std::string, Known> known_; // rows by their keys
    std::vector<std::string> met_;                 // keys of rows of which it is not known how long
    std::string evicted_;                          // how many keys, the last time
    std::optional<Mark> mark_;                     // as it was the last time
    bool asked_ = false;                           // for the mark, since the last look
    std::string lost_;                             // how the store has lost rows; empty: it has not
    unsigned looked_through_ = 1;                  // on which connection, the last time
    Clock::time_point looked_through_at_ = Clock::now();
    RedisClient client_;
    Timer timer_;
    Event due_; // the next look
    Task<> keeper_;
};

RedisTimes patient_times()
{
    RedisTimes times;
    times.connect = times.answer = milliseconds{10'000};
    return times;
}

Task<> ask_for_trouble(Loop& loop, RedisClient& client, std::string& trouble)
{
    try {
        std::vector<std::string> words{"MGET", name_of(mark_key)};
        co_await client.ask(std::move(words));
        words.assign(redis_words.probe.begin(), redis_words.probe.end());
        co_await client.ask(std::move(words));
    } catch (const StoreUnreachable& error) {
        trouble = error.what();
    }
    loop.stop();
}

} // namespace

std::string ask_redis(const StoreAddress& address, RedisServer& server)
{
    constexpr int nowhere = -1;
    Log log{Level::Error, false, nowhere}; // what matters is returned
    Loop loop;
    Resolver resolver{loop, log};
    RedisClient client{loop, log, resolver, address, redis_words, patient_times()};
    std::string trouble;
    auto task = ask_for_trouble(loop, client, trouble);
    task.start();
    loop.run();
    server = client.server();
    return trouble;
}

std::unique_ptr<Revocations> open_redis_revocations(Loop& loop, Log& log, Resolver& resolver,
                                                    const StoreAddress& address, Durable durable)
{
    // A command may wait for a server far away.
    const auto times = durable == Durable::AtOnce ? patient_times() : RedisTimes{};
    return std::make_unique<RedisRevocations>(loop, log, resolver, address, times);
}

} // namespace onlogin
