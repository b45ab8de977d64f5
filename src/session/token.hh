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
    Time logged_in;      // auth_time: of the login, also in a token that was renewed since
    std::string id{};    // jti: names the token when it is ended; never empty in an opened one
};

// One of the claims is longer than 128 characters or not visible ASCII, or openid or appid is
// empty. The error's text is for the log.
struct UnfitClaims : std::runtime_error
{
    using runtime_error::runtime_error;
};

// The token of `claims`, sealed with the first key. An empty `id` is replaced by a random one.
// Throws UnfitClaims.
std::string seal_token(const SessionKeys& keys, const Claims& claims);

// Whether tokens for the app `appid` are accepted here.
using Audience = std::function<bool(std::string_view appid)>;

// The claims of a token that was found good. Only open_token() makes such an object, so who is
// given one need not ask whether anybody has checked it.
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

// Opens a token. Absent, and nobody is told why, unless
// - one of the keys has sealed it,
// - iss, sub, aud, iat and exp are there, and each claim that is there has its type,
// - iss is ours, and `is_ours` is true for the app in aud,
// - iat, auth_time and nbf are past, or at most 60 s ahead, since the clocks of hosts differ,
// - exp is ahead.
// Whether it was ended before its time is not asked here: see store/revocations.hh.
//
// Another program that has a key may make tokens without jti and auth_time: then `id` is made of
// the token itself, and `logged_in` is when it was issued.
std::optional<OpenedToken> open_token(const SessionKeys& keys, std::string_view token, Time now,
                                      const Audience& is_ours);

} // namespace onlogin
