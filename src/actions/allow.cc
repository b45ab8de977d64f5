#include "actions/allow.hh"

#include "actions/choose_mini_program.hh"
#include "actions/errors.hh"
#include "https/errors.hh"

#include <algorithm>

namespace onlogin {

namespace {

using std::chrono::seconds;

// When the last token of the session has ended, renewed ones and those of a configuration that was
// more generous included.
Time last_end(const SessionConfig& session, const Claims& claims)
{
    return std::max({claims.expires, claims.logged_in + seconds{session.max_age_s},
                     wall_time() + seconds{session.lifetime_s}});
}

// How long a token of the session can live from now on, if this clock is not to be believed; and a
// day more, for those that will say so then.
seconds longest_left(const SessionConfig& session, const Claims& claims)
{
    return std::chrono::days{1} +
           std::max({seconds{session.max_age_s}, seconds{session.lifetime_s},
                     std::chrono::ceil<seconds>(claims.expires - claims.logged_in)});
}

} // namespace

Task<Allowed> allow(App& app, Request& request)
{
    const auto config = app.config;
    const auto keys = config->session.keys;
    if (!keys)
        throw Unauthorized{"sessions are off"};
    if (request.token.empty())
        throw Unauthorized{"no token"};
    const auto is_ours = [&](std::string_view appid) {
        return is_wanted(*config, request.appid, appid);
    };
    const auto opened = open_token(*keys, request.token.reveal(), wall_time(), is_ours);
    if (!opened)
        throw Unauthorized{"bad token"};
    const auto& claims = opened->claims();
    Session session{claims.id, claims.openid, claims.appid, claims.logged_in};
    const bool ended = co_await app.revocations->ended(std::move(session));
    if (ended)
        throw Unauthorized{"ended"};
    request.trace.app = claims.appid;
    co_return Allowed{claims, config->find_mini_program(claims.appid)};
}

seconds token_life(const SessionConfig& session)
{
    return seconds{std::min(session.lifetime_s, session.max_age_s)};
}

std::string begin_session(const SessionConfig& session, const std::string& appid,
                          const WechatIdentity& identity)
{
    const auto now = wall_time();
    try {
        return seal_token(*session.keys,
                          {identity.openid, appid, identity.unionid, identity.session_key, now,
                           now + token_life(session), now});
    } catch (const UnfitClaims& unfit) {
        throw Unusable{unfit.what()};
    }
}

std::optional<Renewed> renew(const SessionConfig& session, const Allowed& user)
{
    const auto& old = user.claims();
    const auto now = wall_time();
    if (now - old.issued <= (old.expires - old.issued) / 2)
        return std::nullopt;
    const auto expires =
        std::min(now + seconds{session.lifetime_s}, old.logged_in + seconds{session.max_age_s});
    if (expires <= old.expires)
        return std::nullopt;
    auto fresh = old;
    fresh.issued = now;
    fresh.expires = expires;
    return Renewed{seal_token(*session.keys, fresh), expires};
}

void tell_user(Response& response, const SessionConfig& session, const Allowed& user)
{
    const auto& claims = user.claims();
    auto& headers = response.headers;
    headers.emplace_back("X-WX-OPENID", claims.openid);
    headers.emplace_back("X-WX-APPID", claims.appid);
    headers.emplace_back("X-WX-UNIONID", claims.unionid);
    headers.emplace_back("X-WX-SOURCE", "wx_client");
    if (auto renewed = renew(session, user))
        headers.emplace_back("Onlogin-Token", std::move(renewed->token));
}

Task<> end_session(App& app, const Allowed& user)
{
    const auto& claims = user.claims();
    const auto& session = app.config->session;
    co_await app.revocations->end(claims.id, last_end(session, claims),
                                  longest_left(session, claims));
}

} // namespace onlogin
