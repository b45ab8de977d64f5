#include "actions/actions.hh"
#include "actions/allow.hh"
#include "gateway/params.hh"
#include "wechat/user_data.hh"

namespace onlogin {

Task<Response> decrypt(App& app, Request& request)
{
    const auto config = app.config;
    const Params params{request};
    const auto user = co_await allow(app, request);
    const auto& claims = user.claims();

    const auto data = open_user_data(claims.session_key, params.require("encryptedData"),
                                     params.require("iv"), claims.appid);
    if (params.find("rawData") || params.find("signature"))
        check_raw_data(claims.session_key, params.require("rawData"), params.require("signature"));
    check_age(data, wall_time(), std::chrono::seconds{config->session.watermark_age_s});
    co_return Response::ok_verbatim(data.text.reveal());
}

} // namespace onlogin
