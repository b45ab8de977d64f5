#include "actions.hh"
#include "error.hh"
#include "mini_program.hh"
#include "params.hh"

#include <algorithm>

namespace onlogin {

namespace {

// A code is opaque: 1 to 128 bytes of visible ASCII. Seen so far: 32 letters and digits.
const std::string& check_code(const std::string& code)
{
    // What the developer tools give out for a project without a real appid.
    if (code == "the code is a mock one")
        throw MockCode{};
    const bool visible =
        std::all_of(code.begin(), code.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!visible || code.size() > 128)
        throw BadRequest{"the parameter code is not a login code of wx.login"};
    return code;
}

Json::Value describe(const Identity& identity, long lifetime_s)
{
    Json::Value data;
    data["openid"] = identity.openid;
    if (!identity.unionid.empty())
        data["unionid"] = identity.unionid;
    data["expires_in"] = static_cast<Json::Int64>(lifetime_s);
    return data;
}

// For clients written against a server that hands on what WeChat says: the same members again where
// WeChat has them, and the session_key in both places.
Response expose(Json::Value data, const Identity& identity)
{
    data["session_key"] = identity.session_key.reveal();
    auto wechat = data;
    wechat.removeMember("expires_in");
    return Response::ok(data, wechat);
}

} // namespace

Task<Response> login(App& app, Request& request)
{
    const auto config = app.config;
    const Params params{request};
    const auto& mini = choose_app(*config, request, params);
    request.trace.app = mini.appid;
    const auto& code = check_code(params.require("code"));

    const auto deadline = request.arrived + milliseconds{config->wechat.timeout_ms};
    const auto exchanged = co_await app.wechat.code2session(config, mini, code, deadline);
    request.trace.wechat_ms = exchanged.took.count();
    if (exchanged.failure)
        std::rethrow_exception(exchanged.failure);
    const auto& identity = *exchanged.identity;
    auto data = describe(identity, config->session.lifetime_s);
    if (mini.expose_session_key)
        co_return expose(std::move(data), identity);
    co_return Response::ok(data);
}

} // namespace onlogin
