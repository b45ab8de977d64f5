#include "revoke.hh"

#include "base/encode.hh"
#include "base/errors.hh"
#include "config/config.hh"
#include "store/errors.hh"
#include "store/owner.hh"
#include "store/revocations.hh"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace onlogin {

namespace {

Scope read_scope(const Options& options)
{
    const bool all = options.all;
    if (all == (!options.openid.empty() || !options.appid.empty()))
        throw UsageError{"whose sessions are to end? onlogin revoke --openid OPENID "
                         "[--appid APPID], or --appid APPID, or --all"};
    if (options.openid.size() > 128 || !is_visible_ascii(options.openid))
        throw UsageError{"--openid is one word, as openid in the answer to a login"};
    return {options.openid, options.appid};
}

void check_app(const Config& config, const std::string& appid)
{
    if (appid.empty() || config.find_mini_program(appid))
        return;
    std::string known;
    for (const auto& app : config.apps)
        (known += known.empty() ? "" : ", ") += app->appid;
    throw ConfigError{"--appid " + appid + " is not configured: there is " + known +
                      "; tokens of another are refused as long as it is not"};
}

std::string describe(const Scope& scope)
{
    if (scope.openid.empty())
        return scope.appid.empty() ? "all sessions" : "all sessions of mini program " + scope.appid;
    return "all sessions of user " + scope.openid +
           (scope.appid.empty() ? "" : " of mini program " + scope.appid);
}

// Nobody keeps a list of users, but WeChat's openids have a form that a typing error may spoil.
void doubt_openid(const Config& config, const Scope& scope)
{
    constexpr std::size_t usual_size = 28;
    constexpr auto usual = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const auto& openid = scope.openid;
    if (openid.empty() || (openid.size() == usual_size && openid.front() == 'o' &&
                           openid.find_first_not_of(usual) == openid.npos))
        return;
    for (const auto& app : config.apps)
        if ((scope.appid.empty() || scope.appid == app->appid) && app->url != config.wechat.url)
            return; // another vendor's may have any form
    fprintf(stderr,
            "onlogin: no such user is known: WeChat's openids have 28 characters, the first an o, "
            "and %s is none; look for a typing error\n",
            openid.c_str());
}

Task<> end_sessions(Loop& loop, Revocations& store, Scope scope, Time moment,
                    std::chrono::seconds longest, std::string& trouble)
{
    try {
        co_await store.end_all(std::move(scope), moment, longest);
        // Who logs in after this has returned began later than what has ended.
        co_await pause(loop, milliseconds{2});
    } catch (const StoreUnreachable& error) {
        trouble = error.what();
    }
    loop.stop();
}

} // namespace

int run_revoke(const Options& options, const std::string& credentials_directory)
{
    const auto scope = read_scope(options);
    const auto config = load_config(options.config_file, credentials_directory);
    check_app(config, scope.appid);
    const auto& session = config.session;
    if (session.store.kind == StoreAddress::Kind::Sqlite)
        become_owner(session.store.path);

    constexpr int nowhere = -1;
    Log log{Level::Error, false, nowhere}; // what matters is in the exception
    Loop loop;
    Resolver resolver{loop, log};
    const auto store = open_revocations(loop, log, resolver, session.store, Durable::AtOnce);
    const auto moment = wall_time();
    std::string trouble;
    auto task = end_sessions(loop, *store, scope, moment, longest_life(), trouble);
    task.start();
    loop.run();
    if (!trouble.empty())
        throw StoreUnreachable{trouble};
    printf("ended %s that began until %s\n", describe(scope).c_str(),
           write_rfc3339(moment).c_str());
    fflush(stdout);
    doubt_openid(config, scope);
    // A name server that hangs would keep the process for as long as it likes.
    if (resolver.looking())
        _exit(0);
    return 0;
}

} // namespace onlogin
