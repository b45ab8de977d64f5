// What the paths of WeChat have seen, for those who want to know what reached them.

#include "endpoints.hh"

namespace onlogin::fake {

void note(World& world, const Request& request, const Query& query)
{
    auto& seen = world.seen[request.path];
    ++seen.requests;
    seen.access_token = find(query, "access_token");
    seen.method = request.method;
    seen.query = request.query;
    seen.content_type = request.content_type;
    seen.body_bytes = request.body.size();
}

Answer show_seen(World& world, const Request& /*request*/, const Query& query)
{
    const auto found = world.seen.find(find(query, "path"));
    const auto seen = found == world.seen.end() ? SeenRequests{} : found->second;
    return answer(write({{"requests", std::to_string(seen.requests)},
                         {"access_token", json_string(seen.access_token)},
                         {"method", json_string(seen.method)},
                         {"query", json_string(seen.query)},
                         {"content_type", json_string(seen.content_type)},
                         {"body_bytes", std::to_string(seen.body_bytes)}}),
                  json);
}

} // namespace onlogin::fake
