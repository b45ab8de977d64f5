#include "actions/actions.hh"
#include "actions/allow.hh"
#include "actions/ask_wechat.hh"

namespace onlogin {

Task<Response> check_session(App& app, Request& request)
{
    const auto user = co_await allow(app, request);
    const auto& claims = user.claims();
    const auto mini = user.mini_program();
    const WaitForWechat wait{app};
    const auto deadline = deadline_of(request, *mini);
    const auto outcome =
        co_await app.wechat.check_session(mini, claims.openid, claims.session_key, deadline);
    Json::Value data;
    data["valid"] = answer_to(request, outcome);
    co_return Response::ok(data);
}

} // namespace onlogin
