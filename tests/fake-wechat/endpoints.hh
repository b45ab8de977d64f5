#pragma once

// What answers at the paths of fake_wechat.cc: from a request to its answer. All of them may throw
// BadRequest, for what WeChat would not be asked.

#include "answer.hh"
#include "gateway/request.hh"
#include "query.hh"
#include "world.hh"

namespace onlogin::fake {

using Endpoint = Answer(World& world, const Request& request, const Query& query);

// logins.cc
Endpoint jscode2session, issue_code, count_exchanges;
// token_endpoints.cc
Endpoint stable_token, show_access_token, spoil_access_token;
// phone_numbers.cc
Endpoint get_phone_number, issue_phone_code;
// session_checks.cc
Endpoint check_session;
// user_profiles.cc
Endpoint user_data;
// open_apis.cc
Endpoint msg_sec_check, img_sec_check, get_unlimited_code, get_api_domain_ip;
// seen_requests.cc
Endpoint show_seen;

// journal.cc
Endpoint show_journal;

// Remembers it for show_seen.
void note(World& world, const Request& request, const Query& query); // seen_requests.cc

// And for show_journal, with its answer.
void keep_in_journal(World& world, const Request& request, const Query& query,
                     const Answer& answer);

} // namespace onlogin::fake
