#pragma once

// What a start would refuse of a store, without one: for `onlogin -t` and the doctor.

#include "store/address.hh"
#include "store/redis_client.hh"

#include <string>

namespace onlogin {

// Throws StoreUnreachable and ConfigError in the words of open_revocations(), for the user of this
// process; root is to become the owner of an SQLite store before, see owner.hh. As at a start, a
// Redis is not asked: only the files for TLS are read. Changes and makes nothing.
void look_at_store(const StoreAddress& address);

// Whether systemd makes the directory of the store when it starts the worker (StateDirectory= of
// the unit that comes with it), so that it does not have to be there before. For the unit, the
// configuration is root's; where a web server starts the worker, it is that user's.
bool is_made_by_unit(const StoreAddress& address, const std::string& config_file);

// What a worker would hear of the Redis at `address` if it asked, and if it wrote something; empty:
// nothing is wrong. Waits for it up to ten seconds, and fills in `server` if it answers. Changes
// nothing. Throws ConfigError if a file for TLS cannot be used.
std::string ask_redis(const StoreAddress& address, RedisServer& server);

} // namespace onlogin
