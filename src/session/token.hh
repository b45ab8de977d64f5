#pragma once

// Session tokens: who has logged in, sealed with our keys.

#include "base/rfc3339.hh"
#include "base/secret.hh"
#include "session/keys.hh"

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace onlogin {

// What a token says. The first three are visible ASCII, of at most 128 characters: they become
// headers.
struct Claims
{
    std::string openid;  // sub
    std::string appid;   // aud
    std::string unionid; // empty: none
    Secret session_key;  // empty: none
    Time issued;         // iat
    Time expires;        // exp
    Time logged_in;      // auth_time: of the login that the token, perhaps renewed, goes back to
    std::string id{}; // jti, by which it is ended before its time; never empty in an opened token
};

// There is a text that no token may hold, or no openid or appid. The text of it is for the log.
struct UnfitClaims : std::runtime_error
{
    using runtime_error::runtime_error;
};

// The token of `claims`, with the first key; where `id` is empty, with a random one. Throws
// UnfitClaims.
std::string seal_token(const SessionKeys& keys, const Claims& claims);

// Whether an app is one that tokens are for.
using Audience = std::function<bool(std::string_view appid)>;

// The claims of a token that counts. There is one way to such an object: open_token().
class OpenedToken
{
public:
    [[nodiscard]] const Claims& claims() const { return claims_; }

private:
    explicit OpenedToken(Claims claims)
        : claims_{std::move(claims)}
    {
    }

    friend std::optional<OpenedToken> open_token(const SessionKeys& keys, std::string_view token,
                                                 Time now, const Audience& is_ours);

    Claims claims_;
};

// Absent unless one of the keys has sealed the token, iss, sub, aud, iat and exp are there, all
// that is there is of its type, it is for an app for which `is_ours` is true, and its time has come
// (60 s early at most, for hosts whose clocks differ) and is not over. Whether it was ended before
// its time is not asked here. What is wrong with a bad one is told to nobody.
//
// A token of another issuer may lack jti and auth_time: then `id` is made of the token itself, and
// `logged_in` is when it was issued.
std::optional<OpenedToken> open_token(const SessionKeys& keys, std::string_view token, Time now,
                                      const Audience& is_ours);

} // namespace onlogin
