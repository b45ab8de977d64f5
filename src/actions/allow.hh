#pragma once

// Sessions: from a login on, a token says who a user is, until it ends or is ended.

#include "actions/app.hh"
#include "gateway/request.hh"
#include "gateway/response.hh"
#include "session/token.hh"
#include "wechat/wechat.hh"

#include <memory>
#include <optional>
#include <string>

namespace onlogin {

// A user whom a request may act for. There is one way to such an object: allow().
class Allowed
{
public:
    [[nodiscard]] const Claims& claims() const { return claims_; }
    // That of the token, as it is configured; never null.
    [[nodiscard]] std::shared_ptr<const MiniProgram> mini_program() const { return mini_program_; }

private:
    Allowed(Claims claims, std::shared_ptr<const MiniProgram> mini_program)
        : claims_{std::move(claims)}
        , mini_program_{std::move(mini_program)}
    {
    }

    friend Task<Allowed> allow(App& app, Request& request);

    Claims claims_;
    std::shared_ptr<const MiniProgram> mini_program_;
};

// Who the request's token is of; the log names the mini program from then on. Throws Unauthorized
// where sessions are off, and when the token is missing, bad, over, ended, of an app that is not
// configured or not the one that ONLOGIN_APPID wants, see is_wanted(); StoreUnreachable when nobody
// can say whether it was ended.
Task<Allowed> allow(App& app, Request& request);

// How long the token of a session that begins now lives.
std::chrono::seconds token_life(const SessionConfig& session);

// The token of a session that begins now; there are keys. Throws Unusable where WeChat gave an
// identity that no token may hold.
std::string begin_session(const SessionConfig& session, const std::string& appid,
                          const WechatIdentity& identity);

struct Renewed
{
    std::string token;
    Time expires;
};

// A fresh token of the same session, once the old one is past half of its life; absent before that,
// and when the session is at its end (session.max_age_s after the login). It keeps the old one's
// id: whoever logs out with one of them ends the session.
std::optional<Renewed> renew(const SessionConfig& session, const Allowed& user);

// Adds headers for the backend: who the user is, as WeChat's own cloud hosting says it, and a fresh
// token when it is time for one (Onlogin-Token).
// https://developers.weixin.qq.com/miniprogram/dev/wxcloudrun/src/development/weixin/callcontainer.html
void tell_user(Response& response, const SessionConfig& session, const Allowed& user);

// Ends the session, on every worker that shares the store.
Task<> end_session(App& app, const Allowed& user);

} // namespace onlogin
