#pragma once

// The access tokens of WeChat's server API, kept in memory: a fresh one for whoever needs one.
// https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
//
// WeChat gives each worker and host that asks the same token ("stable"), so they need not tell one
// another; a token that one of them renews by force ends the one that the others have.

#include "config/config.hh"
#include "net/shared_tasks.hh"
#include "wechat/api.hh"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace onlogin {

// What stable_token answers.
struct StableToken
{
    Secret token;
    std::chrono::seconds life; // from now on
};

// What asks for the token of `mini`; it holds the AppSecret. `by_force` asks for a new one that
// ends the last: 20 times a day at most, and not within 30 s of the last time.
HttpRequest stable_token_request(const MiniProgram& mini, bool by_force);

// Throws Unusable if there is no token in it, one that no header may hold, or none that lives.
StableToken read_stable_token(const Json::Value& answer);

class AccessTokens
{
public:
    AccessTokens(Loop& loop, WechatApi& api);

    // Called before somebody waits for WeChat, once or more often; what it throws is thrown instead
    // of waiting. Not called where the answer is known already.
    using BeforeWaiting = std::function<void()>;

    // The token of `mini`: fetched when it is first needed, by one caller however many wait, and
    // renewed in the background before it ends (WeChat has a new one 5 minutes before).
    //
    // Throws what WechatApi::call() does; TimedOut too when the deadline comes first.
    Task<Secret> get(std::shared_ptr<const MiniProgram> mini, Clock::time_point deadline,
                     BeforeWaiting before_waiting = {});

    // Another token than `refused`, which WeChat does not take any more: the one that others have
    // got meanwhile, else a new one, by force, 10 times a day at most. It may be the same if WeChat
    // gives no other.
    Task<Secret> renew(std::shared_ptr<const MiniProgram> mini, Secret refused,
                       Clock::time_point deadline, BeforeWaiting before_waiting = {});

    // The token of `mini`, when something looks as if WeChat did not take `suspected` any more:
    // asks WeChat about it by a call that costs nothing, and renews it if WeChat refuses it there,
    // too. One that WeChat takes is not asked about again for some seconds.
    Task<Secret> check(std::shared_ptr<const MiniProgram> mini, Secret suspected,
                       Clock::time_point deadline, BeforeWaiting before_waiting = {});

    // After a change of the configuration: the AppSecret may be another.
    void forget() { kept_.clear(); }

private:
    struct Token
    {
        Secret text;
        Clock::time_point asked; // when it was known to be the latest
        Clock::time_point due;   // for renewal
        Clock::time_point ends;
    };
    using Shared = std::shared_ptr<const Token>;
    enum class Mode
    {
        Latest,
        ByForce,
    };
    // One question to WeChat for a token; it goes on when nobody waits for it.
    struct Fetch
    {
        SharedTask<Shared> task; // empty: there was none
        Clock::time_point begun;
        Mode mode = Mode::Latest;
        unsigned long number = 0; // no other fetch has it
    };
    // What is known of the token of one mini program.
    struct Kept
    {
        Shared token;                          // null: none so far
        Fetch last_fetch;                      // running or ended
        SharedTask<bool> last_check;           // whether WeChat refuses it; empty: there was none
        std::optional<Clock::time_point> good; // when the last check has found that it does not
        std::deque<Clock::time_point> forced;  // when WeChat was asked to renew by force, for a day

        [[nodiscard]] bool fetches() const { return last_fetch.task && !last_fetch.task.ended(); }
    };

    Task<bool> is_refused(std::shared_ptr<const MiniProgram> mini, Secret token);
    // Whether a renewal by force can help, and leaves some for the rest of the day.
    static bool may_force(Kept& kept, Clock::time_point now);
    void begin(std::shared_ptr<const MiniProgram> mini, Mode mode);
    Task<Shared> fetch(std::shared_ptr<const MiniProgram> mini, Mode mode, unsigned long number);
    Task<Shared> fetched(std::shared_ptr<const MiniProgram> mini, Mode mode,
                         Clock::time_point deadline, const BeforeWaiting& before_waiting);

    Loop& loop_;
    WechatApi& api_;
    // By the mini program as one configuration has it: who began before a reload has nothing to do
    // with who came later, for whom AppSecret and URL may be others.
    std::map<std::shared_ptr<const MiniProgram>, Kept> kept_;
    unsigned long last_number_ = 0;
};

} // namespace onlogin
