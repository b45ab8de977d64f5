#include "actions/actions.hh"
#include "actions/allow.hh"
#include "gateway/params.hh"
#include "wechat/user_data.hh"

namespace onlogin {

Task<Response> sign(App& app, Request& request)
{
    check_body(request);
    const auto user = co_await allow(app, request);
    const auto& claims = user.claims();

    Json::Value data;
    data["signature"] = user_signature(claims.session_key, request.body);
    co_return Response::ok(data);
}

} // namespace onlogin
