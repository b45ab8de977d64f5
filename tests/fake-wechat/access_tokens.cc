#include "access_tokens.hh"

#include "gateway/errors.hh"
#include "random_text.hh"

#include <algorithm>

namespace onlogin::fake {

namespace {

constexpr seconds renewed_early{300};
constexpr seconds between_renewals{30};
constexpr std::chrono::hours day{24};
constexpr std::size_t renewals_a_day = 20;

} // namespace

GivenToken AccessTokens::fetch(const std::string& appid, seconds life)
{
    auto now = look(appid);
    return now.text.empty() || now.left < renewed_early ? make(appid, life) : now;
}

std::optional<GivenToken> AccessTokens::renew(const std::string& appid, seconds life)
{
    auto& renewals = apps_[appid].renewals;
    const auto now = Clock::now();
    while (!renewals.empty() && now - renewals.front() > day)
        renewals.pop_front();
    if (!renewals.empty() && now - renewals.back() < between_renewals)
        return look(appid);
    if (renewals.size() >= renewals_a_day)
        return std::nullopt;
    renewals.push_back(now);
    tokens_.for_each([&](Token& token) {
        if (token.appid == appid && token.refusal == 0)
            token.refusal = 40001;
    });
    return make(appid, life);
}

GivenToken AccessTokens::look(const std::string& appid) const
{
    const auto found = apps_.find(appid);
    if (found == apps_.end() || found->second.current.empty())
        return {};
    return {found->second.current, left(found->second.current)};
}

Caller AccessTokens::caller(const std::string& text) const
{
    if (text.empty())
        return {41001, {}};
    const auto* const token = tokens_.find(text);
    if (!token)
        return {40001, {}};
    if (token->refusal)
        return {token->refusal, {}};
    if (Clock::now() >= token->expires)
        return {42001, {}};
    return {0, token->appid};
}

void AccessTokens::kill(const std::string& appid, int errcode)
{
    present(appid).refusal = errcode;
    set_renewals(appid, 0);
}

void AccessTokens::replace(const std::string& appid, int errcode, seconds life)
{
    kill(appid, errcode);
    make(appid, life);
}

void AccessTokens::expire(const std::string& appid, int errcode)
{
    kill(appid, errcode);
    present(appid).expires = Clock::now();
}

void AccessTokens::set_renewals(const std::string& appid, unsigned count)
{
    apps_[appid].renewals.assign(count, Clock::now() - 2 * between_renewals);
}

GivenToken AccessTokens::make(const std::string& appid, seconds life)
{
    auto text = random_access_token();
    tokens_[text] = {appid, Clock::now() + life, 0};
    apps_[appid].current = text;
    return {std::move(text), life};
}

AccessTokens::Token& AccessTokens::present(const std::string& appid)
{
    const auto now = look(appid);
    if (now.text.empty())
        throw BadRequest{untranslated("no access token of this app has been fetched yet")};
    return tokens_[now.text];
}

seconds AccessTokens::left(const std::string& token) const
{
    const auto* const found = tokens_.find(token);
    if (!found)
        return seconds{0};
    return std::max(std::chrono::round<seconds>(found->expires - Clock::now()), seconds{0});
}

} // namespace onlogin::fake
