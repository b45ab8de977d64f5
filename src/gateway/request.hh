#pragma once

// A request, whichever way it came: FastCGI or CGI.

#include "base/secret.hh"
#include "net/loop.hh"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// What the log says of a request. Whoever learns something notes it here.
struct Trace
{
    std::string app;                    // the appid
    std::optional<long long> errcode;   // WeChat's
    std::string rid;                    // WeChat's
    std::optional<long long> wechat_ms; // spent waiting for WeChat
};

// The headers of a login by Tencent's wafer2-client-sdk, as sent.
struct Wafer2Login
{
    Secret code;                // X-WX-Code; empty: it is no such login
    std::string encrypted_data; // X-WX-Encrypted-Data
    std::string iv;             // X-WX-IV
};

// Which mini program the server in front wants, by ONLOGIN_APPID.
struct AppidChoice
{
    enum class Kind
    {
        None,          // it has not set it: whichever the request is for
        Any,           // it says `any`: the same in words
        One,           // that of `appid`
        Contradiction, // it was set twice, to two mini programs
        Unsaid,        // it is empty: a choice should have been there, as by a variable of nginx
    };
    Kind kind = Kind::None;
    std::string appid;
};

struct Request
{
    std::string id;         // from the server in front, or made up; for the log
    std::string method;     // as sent
    std::string path;       // SCRIPT_NAME + PATH_INFO
    std::string action;     // ONLOGIN_ACTION: the server's choice; empty: none
    AppidChoice appid;      // ONLOGIN_APPID: the server's choice
    Secret internal_key;    // ONLOGIN_KEY: proves that the server itself asks; empty: none
    std::string redirect;   // ONLOGIN_REDIRECT: where the server goes on; empty: nowhere
    Secret refused_token;   // ONLOGIN_REFUSED_TOKEN: WeChat does not take it any more; empty: none
    Secret suspected_token; // ONLOGIN_SUSPECTED_TOKEN: it looks as if; empty: none
    std::string query;      // still encoded
    std::string content_type; // as sent
    std::string referer;      // as sent
    Secret token;             // of the session, from Authorization or X-WX-Skey; empty: none
    Wafer2Login wafer2;       // what Tencent's wafer2-client-sdk logs in with
    std::string body;
    bool body_too_large = false; // the body was longer than the limit and is not here
    bool body_mismatch = false;  // its length is not what CONTENT_LENGTH says
    bool draining = false;       // came too late: the worker is stopping
    Clock::time_point arrived;   // when it was complete
    Trace trace;
};

// The variables of RFC 3875 by name; absent when the server did not send one. FastCGI can carry
// several of one name: then the one that has so many of that name before it.
struct Variables
{
    std::function<std::optional<std::string_view>(std::string_view name, std::size_t before)> find;

    std::optional<std::string_view> operator()(std::string_view name) const
    {
        return find(name, 0);
    }
    [[nodiscard]] bool has_two(std::string_view name) const { return find(name, 1).has_value(); }
};

// The request without its body. It has a token only where it is clear which one is meant: not with
// two Authorization headers, or with another token in X-WX-Skey.
Request read_variables(const Variables& variables);

// Compares the body that came with CONTENT_LENGTH and `limit` (bytes), and notes in `request` what
// does not fit. No length, and -1 (lighttpd, for "unknown"), fit every body.
void check_length(Request& request, const Variables& variables, std::size_t limit);

} // namespace onlogin
