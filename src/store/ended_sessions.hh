#pragma once

// The worker's store of ended sessions. It is opened at the start, or by the first reload whose
// configuration needs one; from then on it stays the same until the worker ends.

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

    // Opens the store at `address`, unless it is the one that is open. Throws ConfigError when
    // another one is open, which cannot be exchanged: requests may be waiting for its answers. Also
    // throws what open_revocations() throws.
    void open(const StoreAddress& address);

    // The store; null: none has been opened so far.
    [[nodiscard]] Revocations* get() { return store_.get(); }

private:
    Loop& loop_;
    Log& log_;
    Resolver& resolver_;
    StoreAddress address_; // of the open one
    std::unique_ptr<Revocations> store_;
};

} // namespace onlogin
