#include "wechat/access_tokens.hh"

#include "base/encode.hh"
#include "https/errors.hh"
#include "net/errors.hh"
#include "wechat/errcodes.hh"
#include "wechat/errors.hh"

#include <algorithm>

namespace onlogin {

namespace {

using std::chrono::seconds;

// Less than this before its end WeChat answers with the next token.
constexpr seconds overlap{300};

// WeChat does not renew by force twice within this time, it gives the latest token then. One that
// is older may have been replaced by another host: then it is asked for the latest first.
constexpr seconds force_pause{30};

// WeChat allows 20 a day, of all workers. Where even new tokens are refused again and again, as by
// an interface that wants another kind, force does not help: leave some for a day when it does.
constexpr std::size_t most_forced_a_day = 10;

// So many of them may follow each other within force_pause: each of several refusals in a row may
// have a cause of its own, and vendors with WeChat's protocol renew each time that they are asked.
constexpr std::size_t most_forced_at_once = 4;

// The pause between two fetches where they may go on for long: WeChat does not renew a token that
// still serves, or refuses each that it has given out. It allows 10 000 a minute, of all workers.
constexpr seconds fetch_pause{1};

// So long one that WeChat was seen to take is not suspected again: some data may look like a
// refusal each time that a backend asks for it.
constexpr seconds check_pause{5};

constexpr std::size_t longest_token = 2048; // WeChat: allow for 512 at least

bool is_header_text(std::string_view text)
{
    return !text.empty() && text.size() <= longest_token && is_visible_ascii(text);
}

// https://developers.weixin.qq.com/doc/service/api/base/api_getapidomainip
HttpRequest token_check_request(const MiniProgram& mini, const Secret& token)
{
    std::string url;
    url.reserve(mini.url.size() + 4 * longest_token); // grown, it would leave copies behind
    url += mini.url;
    url += "/cgi-bin/get_api_domain_ip?access_token=";
    append_percent_encoded(url, token.reveal());
    return {Secret{std::move(url)}};
}

template <class T>
Task<T> end_of(SharedTask<T> task)
{
    co_return co_await task.end();
}

} // namespace

HttpRequest stable_token_request(const MiniProgram& mini, bool by_force)
{
    std::string json;
    json.reserve(1024); // grown, it would leave copies of the secret behind
    json += "{\"grant_type\":\"client_credential\",\"appid\":";
    append_json_string(json, mini.appid);
    json += ",\"secret\":";
    append_json_string(json, mini.secret.reveal());
    json += ",\"force_refresh\":";
    json += by_force ? "true}" : "false}";
    return {Secret{mini.url + "/cgi-bin/stable_token"}, Secret{std::move(json)}};
}

StableToken read_stable_token(const Json::Value& answer)
{
    Secret token{text_in(answer, "access_token")};
    if (!is_header_text(token.reveal()))
        throw Unusable{"the answer has no access_token"};
    const auto& life = answer["expires_in"];
    if (!life.isInt() || life.asInt() <= 0)
        throw Unusable{"the answer has no expires_in"};
    return {std::move(token), seconds{life.asInt()}};
}

AccessTokens::AccessTokens(Loop& loop, WechatApi& api)
    : loop_{loop}
    , api_{api}
{
}

Task<Secret> AccessTokens::get(std::shared_ptr<const MiniProgram> mini, Clock::time_point deadline,
                               BeforeWaiting before_waiting)
{
    const auto now = Clock::now();
    const auto& kept = kept_[mini];
    auto token = kept.token;
    if (!token || now >= token->ends)
        token = co_await fetched(std::move(mini), Mode::Latest, deadline, before_waiting);
    else if (now >= token->due && now - kept.last_fetch.begun >= fetch_pause)
        begin(std::move(mini), Mode::Latest);
    co_return token->text;
}

Task<Secret> AccessTokens::renew(std::shared_ptr<const MiniProgram> mini, Secret refused,
                                 Clock::time_point deadline, BeforeWaiting before_waiting)
{
    auto& state = kept_[mini];
    const auto kept = state.token;
    const auto is_other = [&](const Shared& token) {
        return token && token->text.reveal() != refused.reveal();
    };
    const auto now = Clock::now();
    if (is_other(kept) && now < kept->ends)
        co_return kept->text;
    if (kept && now - kept->asked < fetch_pause && !state.fetches() && !may_force(state, now))
        co_return kept->text; // WeChat would answer the same
    if (!kept || now - kept->asked >= force_pause) {
        const auto latest = co_await fetched(mini, Mode::Latest, deadline, before_waiting);
        if (is_other(latest))
            co_return latest->text;
    }
    const auto forced = co_await fetched(mini, Mode::ByForce, deadline, before_waiting);
    co_return forced->text;
}

Task<Secret> AccessTokens::check(std::shared_ptr<const MiniProgram> mini, Secret suspected,
                                 Clock::time_point deadline, BeforeWaiting before_waiting)
{
    auto& state = kept_[mini];
    const auto kept = state.token;
    const auto now = Clock::now();
    bool refused = true; // one that is not kept here is renewed, or is no news
    if (kept && kept->text.reveal() == suspected.reveal() && now < kept->ends) {
        if (state.good && now - *state.good < check_pause)
            co_return kept->text;
        if (before_waiting)
            before_waiting();
        if (!state.last_check || state.last_check.ended())
            state.last_check = SharedTask<bool>::start(loop_, is_refused(mini, suspected));
        try {
            auto end = end_of(state.last_check);
            refused = co_await with_deadline(loop_, deadline, std::move(end));
        } catch (const DeadlinePassed&) {
            throw TimedOut{"no word about the access token in time"};
        }
    }
    if (!refused) {
        if (const auto still = kept_.find(mini); still != kept_.end())
            still->second.good = Clock::now();
        co_return kept->text;
    }
    auto other = co_await renew(std::move(mini), std::move(suspected), deadline, before_waiting);
    co_return other;
}

// By a call that all mini programs may make, and that changes nothing.
Task<bool> AccessTokens::is_refused(std::shared_ptr<const MiniProgram> mini, Secret token)
{
    const auto request = token_check_request(*mini, token);
    const auto deadline = Clock::now() + milliseconds{mini->timeout_ms} * 49 / 50;
    try {
        co_await api_.call(*mini, Api::TokenCheck, request, deadline);
    } catch (const Refused& refused) {
        co_return refuses_access_token(refused);
    } catch (const Unusable&) { // a vendor that has no such call: what looked so may be so
        co_return true;
    }
    co_return false;
}

bool AccessTokens::may_force(Kept& kept, Clock::time_point now)
{
    auto& forced = kept.forced;
    while (!forced.empty() && now - forced.front() > std::chrono::hours{24})
        forced.pop_front();
    const auto count = forced.size();
    return count < most_forced_at_once ||
           (count < most_forced_a_day && now - forced[count - most_forced_at_once] >= force_pause);
}

// Begins a fetch, unless one runs that brings what this one would: a renewal by force brings the
// latest token, too.
void AccessTokens::begin(std::shared_ptr<const MiniProgram> mini, Mode mode)
{
    auto& kept = kept_[mini];
    auto& last = kept.last_fetch;
    if (kept.fetches() && (last.mode == mode || last.mode == Mode::ByForce))
        return;
    last.begun = Clock::now();
    last.mode = mode;
    last.number = ++last_number_;
    last.task = SharedTask<Shared>::start(loop_, fetch(std::move(mini), mode, last.number));
}

Task<AccessTokens::Shared> AccessTokens::fetched(std::shared_ptr<const MiniProgram> mini, Mode mode,
                                                 Clock::time_point deadline,
                                                 const BeforeWaiting& before_waiting)
{
    if (before_waiting)
        before_waiting();
    begin(mini, mode);
    try {
        auto end = end_of(kept_[mini].last_fetch.task);
        co_return co_await with_deadline(loop_, deadline, std::move(end));
    } catch (const DeadlinePassed&) {
        throw TimedOut{"no access token in time"};
    }
}

Task<AccessTokens::Shared> AccessTokens::fetch(std::shared_ptr<const MiniProgram> mini, Mode mode,
                                               unsigned long number)
{
    const auto now = Clock::now();
    auto& state = kept_[mini];
    const bool by_force = mode == Mode::ByForce && may_force(state, now);
    if (by_force)
        state.forced.push_back(now);

    const auto request = stable_token_request(*mini, by_force);
    // A little before the time is up for who waits: they hear what went wrong.
    const auto deadline = now + milliseconds{mini->timeout_ms} * 49 / 50;
    // A renewal that WeChat has certainly not made is not one of those that it counts.
    const auto undo = [&] {
        const auto kept = kept_.find(mini);
        if (by_force && kept != kept_.end() && kept->second.last_fetch.number == number)
            kept->second.forced.pop_back();
    };
    Json::Value answer;
    try {
        answer = co_await api_.call(*mini, Api::Token, request, deadline);
    } catch (const Unreachable&) {
        undo();
        throw;
    } catch (const Refused& refused) {
        if (refused.errcode == -1)
            undo();
        throw;
    }
    auto [text, life] = read_stable_token(answer);
    const auto due = now + std::max<seconds>(life - overlap, life - life / 2);
    const auto token = std::make_shared<const Token>(Token{std::move(text), now, due, now + life});
    // Kept, unless a later fetch has begun: its token is newer. After forget() nobody wants it.
    if (const auto kept = kept_.find(mini);
        kept != kept_.end() && kept->second.last_fetch.number == number)
        kept->second.token = token;
    co_return token;
}

} // namespace onlogin
