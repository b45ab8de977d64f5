#pragma once

// The value of session.revocations, understood:
//
//   off
//   sqlite:PATH
//   redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]
//   rediss://…[?ca_file=PATH&cert_file=PATH&key_file=PATH]    with TLS
//   redis+unix://[[USER]:PASSWORD@]/PATH[?db=DB]
//
// User and password are percent-encoded.

#include "base/secret.hh"
#include "net/url.hh"

#include <string>

namespace onlogin {

struct StoreAddress
{
    enum class Kind
    {
        Off,
        Sqlite,
        Redis,
    };
    Kind kind = Kind::Off;
    std::string shown; // for the log: without user and password
    std::string path;  // of the SQLite file or the unix socket; empty: endpoint
    Endpoint endpoint;
    std::string user; // empty: Redis's default user
    Secret password;  // empty: none
    long db = 0;
    bool tls = false;
    std::string ca_file; // empty: the system's
    std::string cert_file;
    std::string key_file;

    friend bool operator==(const StoreAddress&, const StoreAddress&) = default;
};

// Relative paths are completed with `directory`. Throws ConfigError, one line that says what is
// wrong with `value` and holds nothing of its password.
StoreAddress parse_store_address(const std::string& value, const std::string& directory);

} // namespace onlogin
