#pragma once

// What a start would refuse of a store, without one: for `onlogin -t` and the doctor.

#include "store/address.hh"

namespace onlogin {

// Throws StoreUnreachable and ConfigError in the words of open_revocations(), for the user of this
// process; root is to become the owner of an SQLite store before, see owner.hh. As at a start, a
// Redis is not asked: only the files for TLS are read. Changes and makes nothing.
void look_at_store(const StoreAddress& address);

// Whether systemd makes the directory of the store when it starts the worker (StateDirectory= of
// the unit that comes with it), so that it does not have to be there before.
bool is_made_by_unit(const StoreAddress& address);

} // namespace onlogin
