#pragma once

// All that the fake WeChat knows and remembers.

#include "access_tokens.hh"
#include "code_book.hh"
#include "known_apps.hh"
#include "known_users.hh"
#include "query.hh"

#include <string>
#include <unordered_map>
#include <vector>

namespace onlogin::fake {

// What those who ask for an app's access token get, and have got.
struct TokenDesk
{
    Behaviour behaviour;
    unsigned fetches = 0;  // requests for it, in either mode
    unsigned forced = 0;   // those of them in force mode
    unsigned refusals = 0; // those answered with the errcode of the behaviour
};

struct World
{
    std::vector<KnownApp> apps;
    CodeBook codes;
    KnownUsers users;
    AccessTokens tokens;
    std::unordered_map<std::string, TokenDesk> desks; // by appid

    // The parameter appid. Throws BadRequest unless there is such an app.
    [[nodiscard]] std::string require_app(const Query& query) const;
};

} // namespace onlogin::fake
