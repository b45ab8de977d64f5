#include "actions/actions.hh"
#include "actions/allow.hh"

namespace onlogin {

Task<Response> logout(App& app, Request& request)
{
    const auto user = co_await allow(app, request);
    co_await end_session(app, user);
    co_return Response::ok(Json::Value{Json::objectValue});
}

} // namespace onlogin
