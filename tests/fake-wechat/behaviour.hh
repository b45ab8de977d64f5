#pragma once

// What the exchange of a login code does. Who asks for a code chooses it, by parameters of
// /fake/code; a magic code spells it out and needs no asking:
//
//   errcode-40029             always refused with 40029
//   errcode--1.times-1        "system error" once, then a login
//   delay-1500                a login, answered after 1.5 seconds
//   user-bob.unionid-1        a login of bob, with a unionid
//   status-502.body-html      an error page
//   ok-1, ok-2, ok-…          a login; as many codes as one needs
//
// A magic code is NAME-VALUE, more of them joined by dots, with the names below. It is good for
// every app, never expires and is never used up.

#include "loop.hh"
#include "odd_body.hh"

#include <optional>
#include <string>
#include <string_view>

namespace onlogin::fake {

// The defaults are WeChat's behaviour.
struct Behaviour
{
    std::string user = "alice"; // decides openid and unionid
    std::string openid;         // empty: made from the user and the appid
    std::string session_key;    // empty: random
    bool unionid = false;
    bool expires_in = false;   // the legacy member
    bool errcode_zero = false; // success says errcode 0, errmsg ok
    std::optional<int> errcode;
    bool errcode_as_string = false;
    std::optional<unsigned> times; // the errcode for so many exchanges only, then success
    milliseconds delay{0};
    const OddBody* body = nullptr;
    int status = 200;
    std::chrono::seconds life{300};
};

// Throws BadRequest if there is no such option or the value is none of its values.
void set_option(Behaviour& behaviour, std::string_view name, std::string_view value);

// Absent if `code` is not a magic code.
std::optional<Behaviour> read_magic_code(std::string_view code);

// All options, for people: a line each.
std::string describe_options();

} // namespace onlogin::fake
