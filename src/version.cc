#include "version.hh"

#include "base/json.hh"
#include "https/client.hh"
#include "net/loop.hh"
#include "store/redis_client.hh"
#include "store/sqlite.hh"

// The Makefile gives the commit to this file alone, so that a new one rebuilds no other.
#ifndef ONLOGIN_COMMIT
#define ONLOGIN_COMMIT "unknown"
#endif

namespace onlogin {

std::string describe_version()
{
    return std::string{"onlogin "} + version + " (" ONLOGIN_COMMIT ")\n" + loop_library() +
           http_client_libraries() + json_library() + sqlite_library() + redis_library();
}

} // namespace onlogin
