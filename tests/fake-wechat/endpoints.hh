#pragma once

// What answers at the paths of fake_wechat.cc: from a request to its answer. All of them may throw
// BadRequest, for what WeChat would not be asked.

#include "answer.hh"
#include "query.hh"
#include "world.hh"

namespace onlogin::fake {

using Endpoint = Answer(World& world, const Request& request, const Query& query);

Endpoint jscode2session, issue_code, count_exchanges;         // logins.cc
Endpoint stable_token, show_access_token, spoil_access_token; // token_endpoints.cc
Endpoint check_session;                                       // session_checks.cc
Endpoint user_data;                                           // user_profiles.cc
Endpoint get_phone_number, issue_phone_code;                  // phone_numbers.cc

} // namespace onlogin::fake
