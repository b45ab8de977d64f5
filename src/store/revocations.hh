#pragma once

// Which sessions have been ended before their time: by a logout one token, by `onlogin revoke` all
// of a user, of a mini program, or of everybody.
//
// A session begins with the login. A renewed token continues it, and still counts by the time of
// the login: by the time when the token itself was issued, one that is renewed just after all
// sessions of its user were ended would live on.
//
// Times are in milliseconds. end_all() with a moment ends the sessions that began in that
// millisecond or before it, and none that began later. A token of another issuer may know its login
// to the second only. That is taken for the beginning of the second, so that in doubt the session
// ends and the user logs in once more. Hosts that share a store compare each other's times: their
// clocks are to be set (NTP).

#include "base/log.hh"
#include "base/rfc3339.hh"
#include "net/loop.hh"
#include "net/resolver.hh"
#include "store/address.hh"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace onlogin {

// What its token says of a session, as far as a store has to know it.
struct Session
{
    std::string jti;
    std::string openid;
    std::string appid;
    Time began;
};

// Which sessions: those of one user in one mini program or, with an empty appid, in all; with an
// empty openid, those of all users of a mini program; with both empty, all.
struct Scope
{
    std::string openid;
    std::string appid;
};

// One store, shared by all processes and hosts whose configuration names it. Outlives the tasks
// that it returns.
//
// Call from the loop, which no call blocks by waiting for another host or for a lock; only SQLite's
// checkpoint, every 1,000 pages, waits for the disk.
//
// That a session has ended is a promise: when end() and end_all() return, ended() says so in this
// process at once, and in all others that share the store within a second. What a process knows to
// be ended it goes on knowing, also if the store has lost it (restored, emptied, exchanged,
// restarted without its data): the process notices, says so in the log, and puts it back.
//
// All calls throw StoreUnreachable when the store cannot be asked: after half a second or so, and
// after a second where something is to be ended or the store is a Redis. The client's answer is a
// 503 then. A later call tries again, or the store connects by itself.
class Revocations
{
public:
    Revocations() = default;
    Revocations(const Revocations&) = delete;
    Revocations& operator=(const Revocations&) = delete;
    virtual ~Revocations() = default;

    // Whether `session` has been ended, by anybody, as of now.
    Task<bool> ended(Session session);

    // Ends the token `jti`, which would have lived until `expires`. The store forgets it soon after
    // that, but not before `longest` has passed: the clock may be wrong now, or be set later.
    Task<> end(std::string jti, Time expires, std::chrono::seconds longest = {});

    // Ends the sessions of `scope` that began at `moment` or before. The store forgets it when
    // `longest` has passed: no token may live longer than that, see longest_life().
    Task<> end_all(Scope scope, Time moment, std::chrono::seconds longest);

protected:
    // What a store keeps. The key stands for a token or a scope, and all sessions of that are
    // ended that began at `until` or before. Times: milliseconds since 1970.
    struct Row
    {
        std::string key;
        long long until;
        long long forget;      // when the store may drop the row,
        milliseconds at_least; // but not before this has passed, whatever clocks say
    };
    // All the keys that fit one session: it is ended if any of their rows says so.
    using Keys = std::array<std::string, 5>;

    // The largest `until` of the rows with these keys; 0: there is no such row.
    virtual Task<long long> latest_until(Keys keys) = 0;
    // Where there is a row of this key, the later `until` and the later `forget` of both stay.
    virtual Task<> keep(Row row) = 0;
};

// How long any token may live, renewals included, by the largest values that the configuration
// takes. Not by those that it has now: who ends all sessions has often just made them shorter, and
// the tokens were issued before. That the rows stay for years is no harm, since they are few.
std::chrono::seconds longest_life();

// Whether end() and end_all() wait until a power failure cannot undo them any more. That is for
// SQLite: a Redis does as it is configured, and is given ten seconds instead of one to answer.
enum class Durable
{
    Soon,   // for the worker, whose loop may not wait for the disk: a power failure can undo the
            // last seconds
    AtOnce, // for `onlogin revoke`
};

// Opens the store at `address`. An SQLite file is opened now: throws StoreUnreachable if it cannot
// be used. A Redis is connected to in the background: throws ConfigError if a file for TLS cannot
// be used, and all else shows in the log. With "off" nobody's session is ended, and end() and
// end_all() throw StoreUnreachable.
std::unique_ptr<Revocations> open_revocations(Loop& loop, Log& log, Resolver& resolver,
                                              const StoreAddress& address,
                                              Durable durable = Durable::Soon);

// The stores, for open_revocations() alone.
std::unique_ptr<Revocations> open_sqlite_revocations(Loop& loop, Log& log, const std::string& path,
                                                     Durable durable);
std::unique_ptr<Revocations> open_redis_revocations(Loop& loop, Log& log, Resolver& resolver,
                                                    const StoreAddress& address, Durable durable);

} // namespace onlogin
