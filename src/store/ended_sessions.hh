#pragma once

// The store of ended sessions, once there is one: a reload may ask for it first, and cannot change
// it.

#include "store/address.hh"
#include "store/revocations.hh"

#include <memory>

namespace onlogin {

class EndedSessions
{
public:
    EndedSessions(Loop& loop, Log& log, Resolver& resolver)
        : loop_{loop}
        , log_{log}
        , resolver_{resolver}
    {
    }

    // Opens the store, unless it is open. Throws ConfigError where another one is open: requests
    // may be waiting for it. Throws what open_revocations() throws.
    void open(const StoreAddress& address);

    // Null: not opened so far.
    [[nodiscard]] Revocations* get() { return store_.get(); }

private:
    Loop& loop_;
    Log& log_;
    Resolver& resolver_;
    StoreAddress address_; // of the open one
    std::unique_ptr<Revocations> store_;
};

} // namespace onlogin
