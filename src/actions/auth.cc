#include "actions/actions.hh"
#include "actions/allow.hh"

namespace onlogin {

Task<Response> auth(App& app, Request& request)
{
    const auto config = app.config;
    const auto user = co_await allow(app, request);
    Response response{204, {}, {}, {}};
    tell_user(response, config->session, user);
    co_return response;
}

} // namespace onlogin
