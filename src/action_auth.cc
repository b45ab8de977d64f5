#include "actions.hh"
#include "sessions.hh"

namespace onlogin {

// The headers are those of WeChat's own cloud hosting, so that a backend written for it runs here:
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/development/weixin/callcontainer.html
Task<Response> auth(App& app, Request& request)
{
    const auto config = app.config;
    const auto user = co_await allow(app, request);
    const auto& claims = user.claims();
    request.trace.app = claims.appid;
    Response response{204, {}, {}, {}};
    response.headers = {{"X-WX-OPENID", claims.openid},
                        {"X-WX-APPID", claims.appid},
                        {"X-WX-UNIONID", claims.unionid},
                        {"X-WX-SOURCE", "wx_client"}};
    if (auto token = renew(config->session, user))
        response.headers.emplace_back("Onlogin-Token", std::move(*token));
    co_return response;
}

} // namespace onlogin
