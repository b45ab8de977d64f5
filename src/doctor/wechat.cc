#include "wechat/wechat.hh"
#include "doctor/checks.hh"
#include "https/errors.hh"
#include "https/obstacle.hh"
#include "https/probe.hh"
#include "wechat/errcodes.hh"
#include "wechat/errors.hh"
#include "wechat/real.hh"

#include <cstdlib>
#include <ctime>
#include <map>

namespace onlogin {

namespace {

std::string ms(long count)
{
    return std::to_string(count) + " ms";
}

HttpProbed ask(const Config& config, const MiniProgram& app)
{
    const auto& wechat = config.wechat;
    HttpProbe request{code2session_url(app, made_up_code)};
    request.ca_file = wechat.ca_file;
    request.proxy = wechat.proxy;
    request.http2 = wechat.http2;
    request.connect_timeout_ms = wechat.connect_timeout_ms;
    return probe(request);
}

// The line of one vendor's server; whether it answered.
bool check_way(Findings& findings, const Config& config, const std::string& url,
               const HttpProbed& probed)
{
    const bool proxy = !config.wechat.proxy.empty();
    const auto where = url + (proxy ? " through the proxy" : "");
    if (probed.failed_at != HttpStep::Done) {
        findings.bad("wechat", where + ": " + probed.failure,
                     probed.advice.empty() ? "try again; if it stays, see whether a proxy in "
                                             "between loses answers"
                                           : probed.advice);
        return false;
    }
    const bool tls = url.starts_with("https:");
    auto text = where + ", " + probed.address + ": name " + ms(probed.name_ms) + ", connection " +
                ms(probed.connection_ms) + (tls ? ", TLS " + ms(probed.tls_ms) : "") + ", answer " +
                ms(probed.answer_ms) + ", " + probed.version;
    const long all = probed.name_ms + probed.connection_ms + probed.tls_ms + probed.answer_ms;
    if (all * 2 > config.wechat.timeout_ms)
        findings.warn("wechat", text + ", of " + ms(config.wechat.timeout_ms) + " in all",
                      "that is slow: see whether the name server or the way to WeChat is");
    else
        findings.ok("wechat", text);
    return true;
}

// A fake of WeChat answers each check as WeChat does.
void check_real(Findings& findings, const Config& config, const MiniProgram& app,
                const HttpProbed& probed)
{
    auto trouble = unreal(config, app, probed.address);
    if (trouble.empty() && names_fake(probed.certificate_issuer))
        trouble = "real users cannot log in: " + app.url + " is onlogin-fake-wechat";
    if (!trouble.empty())
        findings.warn("wechat", trouble, std::string{make_it_real});
}

// Sessions of one host must hold on another, and certificates count from a day on.
void check_clock(Findings& findings, std::time_t theirs)
{
    constexpr long notable_s = 10, wrong_s = 60;
    if (theirs == 0)
        return;
    const long ahead = static_cast<long>(std::time(nullptr) - theirs);
    const auto text = ahead == 0 ? std::string{"as WeChat's"}
                                 : std::to_string(std::labs(ahead)) + " s " +
                                       (ahead > 0 ? "ahead of" : "behind") + " WeChat's";
    const char* const mend = "timedatectl set-ntp true";
    if (std::labs(ahead) > wrong_s)
        findings.bad("clock", text, mend);
    else if (std::labs(ahead) > notable_s)
        findings.warn("clock", text, mend);
    else
        findings.ok("clock", text);
}

void check_app(Findings& findings, const Config& config, const MiniProgram& app,
               const HttpProbed& probed)
{
    constexpr int code_refused = 40029;
    constexpr long asked_by_proxy = 407;
    if (probed.status == asked_by_proxy && !config.wechat.proxy.empty())
        return findings.bad("app", app.appid + ": HTTP 407, from the proxy",
                            advice_on_proxy_status("407", {}));
    if (probed.status != 200)
        return findings.bad("app", app.appid + ": HTTP " + std::to_string(probed.status),
                            "is wechat.url right? does a proxy in between answer?");
    try {
        read_code2session(read_answer(probed.body, Api::Login));
        findings.bad("app", app.appid + ": a made-up code was taken for a login",
                     "wechat.url does not lead to WeChat");
    } catch (const Refused& refused) {
        const auto text = app.appid + ": WeChat answered " + std::to_string(refused.errcode);
        const auto& row = find_errcode(refused.errcode);
        if (refused.errcode == code_refused)
            findings.ok("app", text + ", so appid and AppSecret are right");
        else if (row.status == 500)
            findings.bad("app",
                         text + (refused.address.empty() ? "" : ", for the address ") +
                             refused.address,
                         std::string{row.advice});
        else
            findings.warn("app", text + ", " + std::string{row.message},
                          row.advice.empty() ? "ask the doctor again later"
                                             : std::string{row.advice});
    } catch (const Unusable& unusable) {
        findings.bad("app", app.appid + ": " + unusable.what(),
                     "wechat.url does not lead to WeChat, or something in between answers");
    }
}

} // namespace

void check_wechat(Findings& findings, const Config& config)
{
    std::map<std::string, bool> answered; // by URL
    for (const auto& app : config.apps) {
        const auto known = answered.find(app->url);
        if (known != answered.end() && !known->second)
            continue;
        const auto probed = ask(config, *app);
        if (known == answered.end()) {
            answered[app->url] = check_way(findings, config, app->url, probed);
            check_clock(findings, probed.date);
            check_real(findings, config, *app, probed);
        }
        if (answered[app->url])
            check_app(findings, config, *app, probed);
    }
}

} // namespace onlogin
