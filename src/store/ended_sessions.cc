#include "store/ended_sessions.hh"

#include "base/errors.hh"

namespace onlogin {

void SessionStore::open(const SessionConfig& session)
{
    if (!session.keys)
        return;
    if (store_ && url_.reveal() != session.revocations)
        throw ConfigError{"session.revocations names another store than the one that is open: "
                          "restart to change it"};
    if (store_)
        return;
    store_ = open_revocations(loop_, log_, resolver_, session.store);
    url_ = Secret{session.revocations};
}

} // namespace onlogin
