#pragma once

// All that the fake WeChat knows and remembers.

#include "access_tokens.hh"
#include "code_book.hh"
#include "known_apps.hh"
#include "known_users.hh"
#include "query.hh"

#include <deque>
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

// What one path has seen: how many requests, and of the last one all but its body.
struct SeenRequests
{
    unsigned requests = 0;
    std::string access_token;
    std::string method;
    std::string query;
    std::string content_type;
    std::size_t body_bytes = 0;
};

// A request of WeChat's and its answer, without what is secret in them.
struct JournalEntry
{
    unsigned long number; // of all requests, from 1
    std::string method;
    std::string path;
    std::string query;
    int status;
    std::string answer; // if it is JSON; else empty
};

struct World
{
    std::vector<KnownApp> apps;
    CodeBook codes;
    KnownUsers users;
    AccessTokens tokens;
    std::unordered_map<std::string, TokenDesk> desks;   // by appid
    std::unordered_map<std::string, SeenRequests> seen; // by path, WeChat's only
    std::deque<JournalEntry> journal;                   // of the last requests
    unsigned long journal_number = 0;                   // of the last one

    // The parameter appid. Throws BadRequest unless there is such an app.
    [[nodiscard]] std::string require_app(const Query& query) const;
};

} // namespace onlogin::fake
