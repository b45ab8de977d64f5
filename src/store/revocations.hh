#pragma once

// Which sessions have been ended before their time: by a logout one token, by `onlogin revoke` all
// of a user, of a mini program, or of everybody.
//
// Times are in milliseconds. What ends all until a moment ends the sessions that began in that
// millisecond or before it, and none that began later. A token whose times have whole seconds
// counts as of the beginning of its second: in doubt it ends, and the user logs in once more. Hosts
// that share a store compare times of each other's clocks: these are to be set (NTP).
//
// A session begins with the login, and a renewed token continues it: give the time of the login. By
// the time of the token alone, one that is renewed while its session is ended would live on.

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

// One store, shared by all who name it. Call from the loop; nothing here waits for
// another host or a lock (but a checkpoint of SQLite, every 1,000 pages, waits for the disk). All
// calls throw StoreUnreachable when the store cannot be asked, within about half a second (a second
// to end something): then the answer is 503. It is tried again by itself. Must outlive its tasks.
class Revocations
{
public:
    Revocations() = default;
    Revocations(const Revocations&) = delete;
    Revocations& operator=(const Revocations&) = delete;
    virtual ~Revocations() = default;

    // Whether `session` has been ended, by anybody, as of now.
    Task<bool> ended(Session session);

    // Ends the token `jti`, which would have lived until `expires`. Forgotten soon after that.
    Task<> end(std::string jti, Time expires);

    // Ends the sessions of `scope` that began until `moment`. Forgotten after `longest`, which is
    // how long a token may live: see longest_life().
    Task<> end_all(Scope scope, Time moment, std::chrono::seconds longest);

protected:
    // A session is ended if it began until the largest `until` of the keys that fit it.
    struct Row
    {
        std::string key;
        long long until;  // milliseconds since 1970
        long long forget; // likewise: when the row may go
    };
    using Keys = std::array<std::string, 5>;

    virtual Task<long long> latest_until(Keys keys) = 0; // 0: there is none
    virtual Task<> keep(Row row) = 0;
};

// How long any token may live, renewals included, whatever the configuration said when it was
// issued: who ends all sessions has often just made them shorter. There are few such rows.
std::chrono::seconds longest_life();

// Whether what is told to the store must survive a power failure before end() and end_all() return.
// On the loop it may not wait for the disk: the last seconds of logouts can be lost, if SQLite
// keeps them and the power fails.
enum class Durable
{
    Soon,
    AtOnce,
};

// Opens the store. Throws StoreUnreachable if an SQLite file cannot be used, and ConfigError if a
// file for TLS cannot. A Redis is connected to from now on, in the background.
// "off" ends nothing: nobody is ended, and end() and end_all() throw.
std::unique_ptr<Revocations> open_revocations(Loop& loop, Log& log, Resolver& resolver,
                                              const StoreAddress& address,
                                              Durable durable = Durable::Soon);

// The stores, for open_revocations() alone.
std::unique_ptr<Revocations> open_sqlite_revocations(Loop& loop, Log& log, const std::string& path,
                                                     Durable durable);
std::unique_ptr<Revocations> open_redis_revocations(Loop& loop, Log& log, Resolver& resolver,
                                                    const StoreAddress& address);

} // namespace onlogin
