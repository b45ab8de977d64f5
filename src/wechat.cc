#include "wechat.hh"

#include "descriptors.hh"
#include "encode.hh"
#include "errcodes.hh"
#include "error.hh"
#include "json.hh"

#include <charconv>
#include <cstring>
#include <random>

namespace onlogin {

namespace {

// The same advice is not repeated within this time.
constexpr milliseconds advice_pause{60'000};

// This many invalid codes in a minute are no longer a client's mistake.
constexpr std::size_t flood = 20;

// The word behind `label`, made of `alphabet`; empty if there is none.
std::string word_behind(std::string_view text, std::string_view label, std::string_view alphabet)
{
    const auto at = text.find(label);
    if (at == text.npos)
        return {};
    text.remove_prefix(at + label.size());
    return std::string{text.substr(0, std::min<std::size_t>(text.find_first_not_of(alphabet), 64))};
}

// WeChat's id of the exchange: "…, rid: 66c69111-4157f271-729ca238", or in older answers
// "…, hints: [ req_id: N37KMa0605th21 ]".
std::string rid_of(std::string_view errmsg)
{
    auto rid = word_behind(errmsg, " rid: ", "0123456789abcdef-");
    if (rid.empty())
        rid = word_behind(
            errmsg, "req_id: ", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    return rid;
}

std::string text_of(const Json::Value& object, const char* name)
{
    const auto& value = object[name];
    return value.isString() ? value.asString() : std::string{};
}

int errcode_of(const Json::Value& value)
{
    if (value.isNull())
        return 0;
    if (value.isInt())
        return value.asInt();
    if (value.isString()) {
        const auto text = value.asString();
        int errcode = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), errcode);
        if (error == std::errc{} && end == text.data() + text.size())
            return errcode;
    }
    throw Unusable{"the errcode is no number"};
}

milliseconds retry_pause()
{
    static std::minstd_rand random{std::random_device{}()};
    return milliseconds{std::uniform_int_distribution<int>{100, 300}(random)};
}

} // namespace

Secret code2session_url(const MiniProgram& mini, std::string_view code)
{
    std::string url;
    url.reserve(1024); // grown, it would leave copies of the secret behind
    url += mini.url;
    url += "/sns/jscode2session?appid=";
    append_percent_encoded(url, mini.appid);
    url += "&secret=";
    append_percent_encoded(url, mini.secret.reveal());
    url += "&js_code=";
    append_percent_encoded(url, code);
    url += "&grant_type=authorization_code";
    return Secret{std::move(url)};
}

Identity read_code2session(std::string_view body)
{
    const auto answer = is_utf8(body) ? parse_json(body) : std::nullopt;
    if (!answer || !answer->isObject())
        throw Unusable{"the answer is not a JSON object"};
    if (const int errcode = errcode_of((*answer)["errcode"]); errcode != 0) {
        const auto errmsg = text_of(*answer, "errmsg");
        throw Refused{errcode, rid_of(errmsg),
                      word_behind(errmsg, "invalid ip ", "0123456789abcdefABCDEF.:")};
    }
    Identity identity{text_of(*answer, "openid"), text_of(*answer, "unionid"),
                      Secret{text_of(*answer, "session_key")}};
    if (identity.openid.empty())
        throw Unusable{"the answer has no openid"};
    return identity;
}

Wechat::Wechat(Loop& loop, HttpClient& http, Log& log)
    : loop_{loop}
    , http_{http}
    , log_{log}
{
}

Task<Exchanged> Wechat::code2session(std::shared_ptr<const Config> config, const MiniProgram& mini,
                                     std::string code, Clock::time_point deadline)
{
    const auto key = mini.appid + ' ' + code;
    SharedTask<Exchanged> shared;
    if (const auto found = running_.find(key); found != running_.end())
        if (auto state = found->second.lock())
            shared = SharedTask<Exchanged>{std::move(state)};
    if (!shared) {
        shared = SharedTask<Exchanged>::start(
            loop_, exchange(std::move(config), mini, std::move(code), deadline));
        if (!shared.ended())
            running_[key] = shared.watch();
    }
    co_return co_await shared.end();
}

Task<Exchanged> Wechat::exchange([[maybe_unused]] std::shared_ptr<const Config> config, // owns mini
                                 const MiniProgram& mini, std::string code,
                                 Clock::time_point deadline)
{
    // Gone from the table at the end, however it comes: also when all who waited have left.
    struct Entry
    {
        decltype(running_)& table;
        std::string key;
        ~Entry() { table.erase(key); }
    } const entry{running_, mini.appid + ' ' + code};

    const auto began = Clock::now();
    Exchanged exchanged;
    std::string unreachable;
    for (bool retried = false;; retried = true) {
        bool again = false;
        unreachable.clear();
        try {
            auto identity = co_await ask(mini, code, deadline);
            exchanged.identity = std::make_shared<const Identity>(std::move(identity));
        } catch (const Refused& refused) {
            exchanged.failure = std::current_exception();
            again = refused.errcode == -1;
            note_refusal(mini.appid, refused);
        } catch (const Unreachable& failure) {
            exchanged.failure = std::current_exception();
            again = true;
            unreachable = failure.what();
        } catch (const std::runtime_error&) { // TimedOut, Unusable: the code may be spent
            exchanged.failure = std::current_exception();
        }
        const auto wait = retry_pause();
        if (!again || retried || Clock::now() + wait >= deadline)
            break;
        exchanged.failure = nullptr;
        co_await pause(loop_, wait);
    }
    if (const int shortage = unreachable.empty() ? 0 : descriptor_shortage())
        advise(mini.appid, 0, {"", "", strerror(shortage), advice_on(shortage)});
    else if (!unreachable.empty())
        advise(mini.appid, 0,
               {"", "", unreachable,
                "WeChat cannot be reached: check this host's name server, its way out to port 443 "
                "and its CA certificates (package ca-certificates)"});
    exchanged.took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    co_return exchanged;
}

Task<Identity> Wechat::ask(const MiniProgram& mini, const std::string& code,
                           Clock::time_point deadline)
{
    auto url = code2session_url(mini, code);
    auto reply = co_await http_.get(std::move(url), deadline);
    const Secret body{std::move(reply.body)};
    co_return read_code2session(body.reveal());
}

void Wechat::note_refusal(const std::string& appid, const Refused& refused)
{
    if (refused.errcode == 40029) {
        auto& times = invalid_codes_[appid];
        times.push_back(Clock::now());
        while (times.size() > flood)
            times.pop_front();
        if (times.size() == flood && times.back() - times.front() < milliseconds{60'000})
            advise(appid, refused.errcode,
                   {refused.rid, "", "",
                    "many login codes are invalid: is this the appid of the mini program that "
                    "calls? Codes of another appid, of the developer tools without an appid, and "
                    "phone codes are answered like that"});
        return;
    }
    const auto& row = find_errcode(refused.errcode);
    if (!row.advice.empty())
        advise(appid, refused.errcode, {refused.rid, refused.address, "", row.advice});
}

void Wechat::advise(const std::string& appid, int errcode, const Advice& advice)
{
    const auto now = Clock::now();
    auto& last = advised_[{appid, errcode}];
    if (last != Clock::time_point{} && now - last < advice_pause)
        return;
    last = now;
    const bool answered = advice.reason.empty();
    log_.error("wechat", {{"app", appid},
                          {"errcode", answered ? std::optional<long long>{errcode} : std::nullopt},
                          {"rid", advice.rid},
                          {"address", advice.address},
                          {"reason", advice.reason},
                          {"advice", advice.advice}});
}

} // namespace onlogin
