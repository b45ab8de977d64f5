#include "world.hh"

#include "gateway/errors.hh"

namespace onlogin::fake {

std::string World::require_app(const Query& query) const
{
    auto appid = find(query, "appid");
    if (!find(apps, appid))
        throw BadRequest{untranslated("appid is missing or unknown: see /fake/apps")};
    return appid;
}

} // namespace onlogin::fake
