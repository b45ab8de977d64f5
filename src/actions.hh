#pragma once

// One action each; the router's table says who may call which. Each throws what error.hh lists.

#include "app.hh"
#include "http.hh"

namespace onlogin {

// Trades a mini program's login code for the user's openid.
Task<Response> login(App& app, Request& request);

// 200 while the worker serves, 503 while it drains.
Task<Response> health(App& app, Request& request);

} // namespace onlogin
