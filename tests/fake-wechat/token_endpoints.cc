// Access tokens: fetched as from WeChat, and spoiled as others spoil them.
// https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken

#include "base/json.hh"
#include "endpoints.hh"
#include "gateway/errors.hh"

#include <algorithm>
#include <charconv>

namespace onlogin::fake {

namespace {

struct FetchRequest
{
    int errcode = 0; // of what is wrong with its form
    std::string grant_type{}, appid{}, secret{};
    bool force = false;
};

FetchRequest read(const Request& request)
{
    if (request.method != "POST")
        return {.errcode = 43002};
    const auto body = parse_json(request.body);
    if (!body || !body->isObject())
        return {.errcode = 47001};
    const auto text = [&](const char* name) {
        const auto& value = (*body)[name];
        return value.isString() ? value.asString() : std::string{};
    };
    const auto& force = (*body)["force_refresh"];
    if (!force.isNull() && !force.isBool())
        return {.errcode = 47001};
    return {0, text("grant_type"), text("appid"), text("secret"),
            !force.isNull() && force.asBool()};
}

// The errcode of what is wrong with it, in WeChat's order; 0 if nothing is.
int check(const FetchRequest& fetch, const std::vector<KnownApp>& apps)
{
    if (fetch.errcode)
        return fetch.errcode;
    if (fetch.appid.empty())
        return 41002;
    if (fetch.secret.empty())
        return 41004;
    if (fetch.grant_type != "client_credential")
        return 40002;
    return check_app(apps, fetch.appid, fetch.secret);
}

Answer state(const World& world, const std::string& appid)
{
    const auto now = world.tokens.look(appid);
    const auto found = world.desks.find(appid);
    const auto desk = found == world.desks.end() ? TokenDesk{} : found->second;
    return answer(write({{"access_token", json_string(now.text)},
                         {"fetches", std::to_string(desk.fetches)},
                         {"forced", std::to_string(desk.forced)},
                         {"expires_in", std::to_string(now.left.count())}}),
                  json);
}

int read_number(const std::string& text, const char* name)
{
    int value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stopped != end || value < 0 || value > 99'999)
        throw BadRequest{untranslated(std::string{name} + " has no such value: see /fake/help")};
    return value;
}

} // namespace

Answer stable_token(World& world, const Request& request, const Query& /*query*/)
{
    const auto fetch = read(request);
    const int errcode = check(fetch, world.apps);
    if (!find(world.apps, fetch.appid))
        return refusal(errcode, json);
    auto& desk = world.desks[fetch.appid];
    ++desk.fetches;
    desk.forced += fetch.force;
    if (errcode)
        return refusal(errcode, json);

    const auto& behaviour = desk.behaviour;
    const auto as_told = [&](Members members) {
        return answer_as(behaviour, std::move(members), json, request.path);
    };
    if (refuses(behaviour, desk.refusals))
        return as_told(error_members(*behaviour.errcode, behaviour.errcode_as_string));
    const auto token = fetch.force ? world.tokens.renew(fetch.appid, behaviour.token_life)
                                   : world.tokens.fetch(fetch.appid, behaviour.token_life);
    if (!token)
        return as_told(error_members(45009));
    return as_told({{"access_token", json_string(token->text)},
                    {"expires_in", std::to_string(token->left.count())}});
}

Answer show_access_token(World& world, const Request& /*request*/, const Query& query)
{
    const auto appid = world.require_app(query);
    auto options = query;
    const auto renewals = std::ranges::find(options, "renewals", &Query::value_type::first);
    if (renewals != options.end()) {
        world.tokens.set_renewals(appid,
                                  static_cast<unsigned>(read_number(renewals->second, "renewals")));
        options.erase(renewals);
    }
    if (options.size() > 1) {
        auto& desk = world.desks[appid];
        desk.behaviour = read_options(Purpose::Token, options);
        desk.refusals = 0;
    }
    return state(world, appid);
}

Answer spoil_access_token(World& world, const Request& /*request*/, const Query& query)
{
    const auto appid = world.require_app(query);
    const auto how = find(query, "how");
    const auto chosen = find(query, "errcode");
    const auto errcode = [&](int usual) {
        return chosen.empty() ? usual : read_number(chosen, "errcode");
    };
    if (how == "dead")
        world.tokens.kill(appid, errcode(40001));
    else if (how == "replaced")
        world.tokens.replace(appid, errcode(40001), world.desks[appid].behaviour.token_life);
    else if (how == "expired")
        world.tokens.expire(appid, errcode(42001));
    else
        throw BadRequest{untranslated("how is dead, replaced or expired: see /fake/help")};
    return state(world, appid);
}

} // namespace onlogin::fake
