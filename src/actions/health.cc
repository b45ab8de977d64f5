#include "actions/actions.hh"

namespace onlogin {

Task<Response> health(App&, Request& request)
{
    Response response;
    response.status = request.draining ? 503 : 200;
    response.content_type = "text/plain; charset=utf-8";
    response.body = request.draining ? "draining\n" : "ok\n";
    co_return response;
}

} // namespace onlogin
