#pragma once

// The store of ended sessions, open from the first configuration with session keys on.

#include "config/config.hh"
#include "store/revocations.hh"

#include <memory>
#include <string>

namespace onlogin {

class SessionStore
{
public:
    SessionStore(Loop& loop, Log& log, Resolver& resolver)
        : loop_{loop}
        , log_{log}
        , resolver_{resolver}
    {
    }

    // Opens the store, unless it is open or sessions are off. Throws ConfigError where another one
    // is open: requests may be waiting for it. Throws what open_revocations() throws.
    void open(const SessionConfig& session);

    // Null: sessions have been off so far.
    [[nodiscard]] Revocations* get() { return store_.get(); }

private:
    Loop& loop_;
    Log& log_;
    Resolver& resolver_;
    Secret url_; // of the open one; may hold a password
    std::unique_ptr<Revocations> store_;
};

} // namespace onlogin
