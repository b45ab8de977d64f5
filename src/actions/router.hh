#pragma once

// From a request to the action that answers it: the table of actions, and the one place where
// exceptions become answers.

#include "actions/app.hh"
#include "gateway/request.hh"
#include "gateway/response.hh"

namespace onlogin {

// Answers `request`, whatever happens, and logs it. Which action: ONLOGIN_ACTION, which only the
// server in front can set; without it the last segment of the path if it names a public action;
// else login.
Task<Response> route(App& app, Request& request);

} // namespace onlogin
