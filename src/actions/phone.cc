#include "actions/actions.hh"
#include "actions/allow.hh"
#include "actions/ask_wechat.hh"
#include "actions/code.hh"
#include "gateway/errors.hh"
#include "gateway/params.hh"
#include "https/errors.hh"

#include <algorithm>
#include <string_view>

namespace onlogin {

namespace {

// A part of a phone number, which WeChat writes as a text or, at times, as a number.
std::string phone_text(const Json::Value& value)
{
    auto text = value.isString() || value.isUInt64() ? value.asString() : std::string{};
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == ' ';
    });
    if (text.empty() || text.size() > 32 || !plain)
        throw Unusable{"the phone number is none"};
    return text;
}

// A server that makes it of the client's path, decoded, would let the client write headers.
void check_redirect(std::string_view redirect)
{
    if (std::any_of(redirect.begin(), redirect.end(),
                    [](char c) { return (c >= '\0' && c < ' ') || c == 0x7f; }))
        throw BadRequest{phrase("the path of the request holds control characters")};
}

// To the server in front, which goes on with the client's request and hands it to the backend. The
// client sees what the backend answers, and not the number.
// https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_ignore_headers
Response for_backend(const std::string& redirect, const Json::Value& phone)
{
    Response response{200, {}, {}, {}}; // nginx would keep the charset of a type for what follows
    response.headers = {{"X-Accel-Redirect", redirect},
                        {"Onlogin-Phone-Number", phone_text(phone["purePhoneNumber"])},
                        {"Onlogin-Phone-Country", phone_text(phone["countryCode"])}};
    return response;
}

} // namespace

Task<Response> phone(App& app, Request& request)
{
    const auto config = app.config;
    const auto user = co_await allow(app, request);
    const auto& claims = user.claims();
    const Params params{request};
    const auto& code = params.require("code");
    check_phone_code(code);
    check_redirect(request.redirect); // before the code is spent

    const auto mini = user.mini_program();
    const WaitForWechat wait{app};
    const auto deadline = deadline_of(request, *mini);
    const auto outcome = co_await app.wechat.phone_number(mini, claims.openid, code, deadline);
    const auto& number = answer_to(request, outcome);
    if (request.redirect.empty())
        co_return Response::ok(number);
    auto response = for_backend(request.redirect, number);
    tell_user(response, config->session, user);
    co_return response;
}

} // namespace onlogin
