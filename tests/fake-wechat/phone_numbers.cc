// The exchange of a phone code for the user's number,
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/phone-number/api_getphonenumber

#include "base/json.hh"
#include "endpoints.hh"
#include "random_text.hh"

#include <ctime>

namespace onlogin::fake {

namespace {

// Of the JSON body; empty if it has none. WeChat does not look for it in the URL.
std::string code_of(const std::optional<Json::Value>& body)
{
    if (!body || !body->isObject())
        return {};
    const auto& code = (*body)["code"];
    return code.isString() ? code.asString() : std::string{};
}

Members refusal_members(int errcode, bool as_string)
{
    return error_members(errcode, as_string, random_code().substr(0, 14));
}

Answer refuse(int errcode)
{
    return answer(write(refusal_members(errcode, false)), json);
}

Members success_members(const Behaviour& behaviour, const std::string& appid)
{
    const auto& country = behaviour.country;
    const auto number =
        behaviour.phone.empty() ? mobile_number(appid + '/' + behaviour.user) : behaviour.phone;
    // Only numbers abroad come with the code of their country.
    const auto whole = country == "86" ? number : '+' + country + ' ' + number;
    const Members watermark{{"timestamp", std::to_string(std::time(nullptr))},
                            {"appid", json_string(appid)}};
    const Members info{
        {"phoneNumber", json_string(whole)},
        {"purePhoneNumber", json_string(number)},
        {"countryCode", behaviour.country_as_number ? country : json_string(country)},
        {"watermark", write(watermark)}};
    auto members = error_members(0, behaviour.errcode_as_string);
    members.emplace_back("phone_info", write(info));
    return members;
}

} // namespace

Answer get_phone_number(World& world, const Request& request, const Query& query)
{
    const auto body = parse_json(request.body);
    const auto code = code_of(body);
    auto& record = world.codes.exchange(code);
    const auto caller = world.tokens.caller(find(query, "access_token"));
    if (caller.errcode)
        return refusal(caller.errcode, json);
    if (request.method != "POST")
        return refusal(43002, json);
    if (!request.body.empty() && (!body || !body->isObject()))
        return refusal(47001, json);

    const auto magic = record.issued_for ? std::nullopt : read_magic_code(code);
    if (!magic && (record.used || !record.good(Purpose::Phone, caller.appid)))
        return refuse(40029);
    const auto& behaviour = magic ? *magic : record.behaviour;
    const bool refused = refuses(behaviour, record.refusals);
    record.used = !magic && !refused;
    auto members = refused ? refusal_members(*behaviour.errcode, behaviour.errcode_as_string)
                           : success_members(behaviour, caller.appid);
    return answer_as(behaviour, std::move(members), json, request.path);
}

Answer issue_phone_code(World& world, const Request& /*request*/, const Query& query)
{
    return answer(world.codes.issue(Purpose::Phone, world.require_app(query),
                                    read_options(Purpose::Phone, query)));
}

} // namespace onlogin::fake
