#pragma once

// The access tokens of the apps: their lives, as getStableAccessToken rules them, and who may call
// an API with which.
//
// https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken

#include "net/loop.hh"
#include "recent.hh"

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace onlogin::fake {

using std::chrono::seconds;

struct GivenToken
{
    std::string text;
    seconds left{0}; // of its life
};

// Who calls an API. `errcode` 0: the app of that appid.
struct Caller
{
    int errcode = 0;
    std::string appid;
};

class AccessTokens
{
public:
    // Normal mode: the token of now; a new one, which lives for `life`, once it has less than 300 s
    // left. The old one stays good to its end.
    GivenToken fetch(const std::string& appid, seconds life);

    // Force mode: a new one, and all before it are dead. The token of now instead, dead or not,
    // within 30 s of the last renewal by force. Absent after 20 such renewals in a day.
    std::optional<GivenToken> renew(const std::string& appid, seconds life);

    // The token of now, without fetching it; empty if there is none.
    [[nodiscard]] GivenToken look(const std::string& appid) const;

    // Whom `text` lets in: 41001 if it is empty, 40001 if it is none or not the latest, 42001 if it
    // has expired.
    [[nodiscard]] Caller caller(const std::string& text) const;

    // From now on APIs refuse the token of now with `errcode`; normal mode goes on giving it out.
    void kill(const std::string& appid, int errcode);
    // Somebody else has renewed it by force: so the one before is refused, and a new one is there.
    void replace(const std::string& appid, int errcode, seconds life);
    // Its life ends now.
    void expire(const std::string& appid, int errcode);

    // As if it had been renewed by force so often today, the last time long ago.
    void set_renewals(const std::string& appid, unsigned count);

private:
    struct Token
    {
        std::string appid;
        Clock::time_point expires;
        int refusal = 0; // whatever its age; 0: none
    };
    struct Of
    {
        std::string current;
        std::deque<Clock::time_point> renewals; // by force, of the last day
    };

    GivenToken make(const std::string& appid, seconds life);
    // The token of now. Throws BadRequest if there is none.
    Token& present(const std::string& appid);
    [[nodiscard]] seconds left(const std::string& token) const;

    std::unordered_map<std::string, Of> apps_;
    Recent<Token> tokens_{10'000};
};

} // namespace onlogin::fake
