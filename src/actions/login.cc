#include "actions/actions.hh"
#include "actions/allow.hh"
#include "actions/ask_wechat.hh"
#include "actions/choose_mini_program.hh"
#include "actions/code.hh"
#include "gateway/errors.hh"
#include "gateway/params.hh"
#include "wechat/errors.hh"
#include "wechat/user_data.hh"

namespace onlogin {

namespace {

Json::Value describe(const WechatIdentity& identity, std::chrono::seconds life)
{
    Json::Value data;
    data["openid"] = identity.openid;
    if (!identity.unionid.empty())
        data["unionid"] = identity.unionid;
    data["expires_in"] = static_cast<Json::Int64>(life.count());
    return data;
}

// For clients written against a server that hands on what WeChat says: the same members again where
// WeChat has them, and the session_key in both places.
Response expose(Json::Value data, const WechatIdentity& identity)
{
    data["session_key"] = identity.session_key.reveal();
    auto wechat = data;
    wechat.removeMember("expires_in");
    wechat.removeMember("token");
    return Response::ok(data, wechat);
}

// Tencent's wafer2-client-sdk sends its code as a header, and nothing else. It takes an answer only
// with a session.
bool is_wafer2(const Request& request, const Params& params, const Config& config)
{
    if (request.wafer2.code.empty() || params.find("code"))
        return false;
    if (!config.session.keys)
        throw BadRequest{phrase("X-WX-Code asks for a session, and this login server has none: "
                                "set session.keys_file")};
    return true;
}

// What WeChat has encrypted for us, if that came along and can be read; of any age, as nothing
// depends on it. The login is good without.
Json::Value profile(const Wafer2Login& login, const WechatIdentity& identity,
                    const std::string& appid)
{
    try {
        if (!login.encrypted_data.empty())
            return open_user_data(identity.session_key, login.encrypted_data, login.iv, appid)
                .object;
    } catch (const BadUserData&) {  // damaged, or of another mini program
    } catch (const StaleSession&) { // encrypted before this login
    }
    return Json::Value{Json::objectValue};
}

// Who has logged in, for that client: the profile, and the openid in any case. It takes no answer
// without.
Json::Value user_info(const Wafer2Login& login, const WechatIdentity& identity,
                      const std::string& appid)
{
    auto user = profile(login, identity, appid);
    user.removeMember("watermark");
    user["openId"] = identity.openid; // WeChat has left it out at times
    return user;
}

// The session goes on that the request is part of: the same answer as to the login that began it,
// with a fresh token when it is time for one. No code is spent, and WeChat is not asked.
Task<Response> go_on(App& app, Request& request, const std::string& appid)
{
    const auto config = app.config;
    const auto user = co_await allow(app, request);
    const auto& claims = user.claims();
    if (!appid.empty() && appid != claims.appid)
        throw Unauthorized{"a token of another mini program"};
    const auto renewed = renew(config->session, user);
    const auto expires = renewed ? renewed->expires : claims.expires;
    const auto left = std::chrono::floor<std::chrono::seconds>(expires - wall_time());
    auto data = describe({claims.openid, claims.unionid, {}}, left);
    data["token"] = renewed ? renewed->token : request.token.reveal();
    co_return Response::ok(data);
}

} // namespace

Task<Response> login(App& app, Request& request)
{
    const auto config = app.config;
    const Params params{request};
    const bool has_code = params.find("code") || !request.wafer2.code.empty();
    // WeChat prefetches data for a mini program that starts by a GET with a code, or in its place
    // with what wx.setBackgroundFetchToken was given.
    // https://developers.weixin.qq.com/miniprogram/dev/framework/ability/pre-fetch.html
    if (auto token = params.find("token"); token && !has_code && request.method != "POST") {
        request.token = Secret{std::move(*token)};
        auto response = co_await go_on(app, request, params.find("appid").value_or(""));
        co_return response;
    }
    const auto mini = choose_mini_program(*config, request, params);
    request.trace.app = mini->appid;
    const bool wafer2 = is_wafer2(request, params, *config);
    const auto& code = wafer2 ? request.wafer2.code.reveal() : params.require("code");
    check_login_code(code);

    const WaitForWechat wait{app};
    const auto deadline = deadline_of(request, *mini);
    const auto outcome = co_await app.wechat.code2session(mini, code, deadline);
    const auto& identity = answer_to(request, outcome);
    const auto& session = config->session;
    auto data = describe(identity, token_life(session));
    if (session.keys)
        data["token"] = begin_session(session, mini->appid, identity);
    if (wafer2) {
        data["skey"] = data["token"];
        data["userinfo"] = user_info(request.wafer2, identity, mini->appid);
        co_return Response::ok(data); // that client keeps all of it: no session_key, ever
    }
    if (mini->expose_session_key)
        co_return expose(std::move(data), identity);
    co_return Response::ok(data);
}

} // namespace onlogin
