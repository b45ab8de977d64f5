#include "store/ended_sessions.hh"

#include "base/errors.hh"

namespace onlogin {

void EndedSessions::open(const StoreAddress& address)
{
    if (store_ && address_ != address)
        throw ConfigError{"session.revocations names another store than the one that is open: "
                          "restart to change it"};
    if (store_)
        return;
    store_ = open_revocations(loop_, log_, resolver_, address);
    address_ = address;
}

} // namespace onlogin
