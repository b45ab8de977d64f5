#pragma once

// What the exchange of a code does, or the fetch of an access token. Who asks for a code chooses
// it, by parameters of /fake/code or /fake/phone-code; a magic code spells it out and needs no
// asking:
//
//   errcode-40029             always refused with 40029
//   errcode--1.times-1        "system error" once, then a login
//   delay-1500                a login, answered after 1.5 seconds
//   user-bob.unionid-1        a login of bob, with a unionid
//   status-502.body-html      an error page
//   ok-1, ok-2, ok-…          a login; as many codes as one needs
//
// A magic code is NAME-VALUE, more of them joined by dots, with the names of the options. It is a
// login code and a phone code, good for every app, never expires and is never used up.

#include "net/loop.hh"
#include "odd_body.hh"
#include "query.hh"

#include <optional>
#include <string>
#include <string_view>

namespace onlogin::fake {

// What an option is for; one can be for several.
enum class Purpose : unsigned char
{
    Login = 1, // the exchange of a login code
    Phone = 2, // that of a phone code
    Token = 4, // the fetch of an access token
};

// The defaults are WeChat's behaviour.
struct Behaviour
{
    std::string user = "alice"; // decides openid, unionid, phone number
    std::string openid;         // empty: made from the user and the appid
    std::string session_key;    // empty: random
    std::string phone;          // empty: made from the user and the appid
    std::string country = "86"; // of the phone number
    bool country_as_number = false;
    bool unionid = false;
    bool expires_in = false;   // the legacy member
    bool qq = false;           // answers as QQ does, whatever it says
    bool errcode_zero = false; // success says errcode 0, errmsg ok
    std::optional<int> errcode;
    bool errcode_as_string = false;
    std::optional<unsigned> times; // the errcode so often only, then success
    milliseconds delay{0};
    const OddBody* body = nullptr;
    int status = 200;
    std::chrono::seconds life{300};        // of a code
    std::chrono::seconds token_life{7200}; // of an access token
};

// The options of the query, all but its appid. Throws BadRequest if there is
// no such option for that purpose or the value is none of its values.
Behaviour read_options(Purpose purpose, const Query& query);

// Whether it is the errcode's turn. Counts `refusals` then.
bool refuses(const Behaviour& behaviour, unsigned& refusals);

// Absent if `code` is not a magic code.
std::optional<Behaviour> read_magic_code(std::string_view code);

// All options, for people: a line each, with the letters of what they are for.
std::string describe_options();

} // namespace onlogin::fake
