// The exchange of a login code,
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session

#include "base/encode.hh"
#include "endpoints.hh"
#include "random_text.hh"

namespace onlogin::fake {

namespace {

// The errcode of what is wrong with everything but the code, in WeChat's order; 0 if nothing is.
int check_caller(const Request& request, const Query& query, const std::vector<KnownApp>& apps,
                 const std::string& code)
{
    const auto appid = find(query, "appid");
    const auto secret = find(query, "secret");
    if (request.method != "GET" || appid.empty())
        return 41002; // WeChat does not see the parameters of a POST
    if (secret.empty())
        return 41004;
    if (code.empty())
        return 41008;
    if (find(query, "grant_type") != "authorization_code")
        return 40002;
    return check_app(apps, appid, secret);
}

Members success_members(World& world, const Behaviour& behaviour, const std::string& appid)
{
    const auto or_made = [](const std::string& given, const std::string& made) {
        return given.empty() ? made : given;
    };
    const auto openid = or_made(behaviour.openid, identifier(appid + '/' + behaviour.user));
    const KnownUser user{or_made(behaviour.session_key, random_session_key()),
                         // the same in all apps
                         behaviour.unionid ? identifier("unionid/" + behaviour.user) : ""};
    world.users.log_in(appid, openid, user);

    Members members{{"session_key", json_string(user.session_key)}};
    if (behaviour.expires_in)
        members.emplace_back("expires_in", "7200");
    members.emplace_back("openid", json_string(openid));
    if (behaviour.unionid)
        members.emplace_back("unionid", json_string(user.unionid));
    if (behaviour.errcode_zero)
        for (auto& member : error_members(0, behaviour.errcode_as_string))
            members.push_back(std::move(member));
    return members;
}

} // namespace

Answer jscode2session(World& world, const Request& request, const Query& query)
{
    const auto appid = find(query, "appid");
    const auto code = find(query, "js_code");
    auto& record = world.codes.exchange(code);
    if (const int errcode = check_caller(request, query, world.apps, code))
        return refusal(errcode);

    const auto magic = record.issued_for ? std::nullopt : read_magic_code(code);
    const auto& behaviour = magic ? *magic : record.behaviour;
    const auto in_form = [&](const Members& members) {
        return behaviour.qq ? qq_members(members) : members;
    };
    if (!magic && !record.good(Purpose::Login, appid))
        return answer(write(in_form(error_members(40029))));
    if (record.used)
        return answer(write(in_form(error_members(40163))));

    const bool refused = refuses(behaviour, record.refusals);
    record.used = !magic && !refused;
    const auto members = refused ? error_members(*behaviour.errcode, behaviour.errcode_as_string)
                                 : success_members(world, behaviour, appid);
    // Who follows a redirection shows up as one exchange more.
    std::string back = request.path + "?js_code=";
    append_percent_encoded(back, code);
    return answer_as(behaviour, in_form(members), plain, std::move(back));
}

Answer issue_code(World& world, const Request& /*request*/, const Query& query)
{
    return answer(world.codes.issue(Purpose::Login, world.require_app(query),
                                    read_options(Purpose::Login, query)));
}

Answer count_exchanges(World& world, const Request& /*request*/, const Query& query)
{
    return answer(std::to_string(world.codes.exchanges(find(query, "code"))));
}

} // namespace onlogin::fake
