#pragma once

// One action each; the router's table says who may call which. Each throws what the errors.hh of
// this folder and of those below list.

#include "actions/app.hh"
#include "gateway/request.hh"
#include "gateway/response.hh"

namespace onlogin {

// Trades a mini program's login code for the user's openid and a session.
Task<Response> login(App& app, Request& request);

// Ends the session of the token that the request carries, on every worker that shares the store.
Task<Response> logout(App& app, Request& request);

// Trades the code of getPhoneNumber for the phone number of the user whose token it is.
Task<Response> phone(App& app, Request& request);

// What WeChat's client has encrypted for the server, decrypted with the session's session_key.
Task<Response> decrypt(App& app, Request& request);

// The body's signature with the session's session_key, as WeChat's server API wants it.
Task<Response> sign(App& app, Request& request);

// 204 with who the token is of in headers, and a fresh token when it is time for one.
Task<Response> auth(App& app, Request& request);

// Whether the session_key of the token still holds, as WeChat says.
Task<Response> check_session(App& app, Request& request);

// 204 with a token for WeChat's server API, which only the server in front may see.
Task<Response> access_token(App& app, Request& request);

// 200 while the worker serves, 503 while it drains.
Task<Response> health(App& app, Request& request);

} // namespace onlogin
