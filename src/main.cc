// onlogin: WeChat mini-program login for nginx.

#include "actions/app.hh"
#include "actions/router.hh"
#include "base/language.hh"
#include "base/log.hh"
#include "base/plural.hh"
#include "config/config.hh"
#include "config/file_language.hh"
#include "doctor/doctor.hh"
#include "gateway/gateway.hh"
#include "https/client.hh"
#include "net/descriptors.hh"
#include "net/loop.hh"
#include "net/resolver.hh"
#include "notify.hh"
#include "options.hh"
#include "process.hh"
#include "revoke.hh"
#include "session/keys.hh"
#include "store/ended_sessions.hh"
#include "store/look.hh"
#include "store/owner.hh"
#include "version.hh"
#include "wechat/real.hh"
#include "wechat/wechat.hh"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <unistd.h>

namespace onlogin {

namespace {

std::string credentials_directory()
{
    const char* const named = getenv("CREDENTIALS_DIRECTORY");
    return named ? named : "";
}

Config load(const Options& options)
{
    return load_config(options.config_file, credentials_directory());
}

std::string mini_programs(const Config& config)
{
    return counted(static_cast<long long>(config.apps.size()), "mini program");
}

enum class Mode
{
    FastCgi,
    Cgi,
};

// How many connections the open files allow on either side; the log is told where WeChat gets
// fewer than are configured.
DescriptorShares allowed_connections(const Config& config, Mode mode, Log& log)
{
    const auto files = descriptor_limit();
    const auto configured = config.wechat.max_connections;
    const auto shares = share_descriptors(files, configured);
    if (mode == Mode::FastCgi && shares.to_wechat < configured) // a CGI program needs one
        log.warn("few open files", {{"limit", static_cast<long long>(files)},
                                    {"connections_to_wechat", shares.to_wechat},
                                    {"configured", configured},
                                    {"advice", advice_on(EMFILE)}});
    return shares;
}

WechatConfig affordable(WechatConfig wechat, const DescriptorShares& shares)
{
    wechat.max_connections = shares.to_wechat;
    return wechat;
}

GatewayLimits limits_of(const LimitsConfig& limits, const DescriptorShares& shares)
{
    return {static_cast<std::size_t>(limits.body_bytes), milliseconds{limits.drain_ms},
            shares.from_server};
}

// A fake of WeChat that was tried and left configured serves nobody.
void warn_of_fakes(const Config& config, Log& log)
{
    for (const auto& reason : unreal(config))
        log.warn("fake_wechat", {{"reason", reason + ": " + std::string{make_it_real}}});
}

int serve(const Options& options, Mode mode)
{
    if (mode == Mode::FastCgi)
        hold_signals();
    const auto config = std::make_shared<const Config>(load(options));

    Log log{config->log.level, config->log.json};
    Loop loop;
    log.collect([&loop](auto flush) { loop.post(std::move(flush)); });
    const auto shares = allowed_connections(*config, mode, log);
    Resolver resolver{loop, log};
    HttpClient http{loop, resolver, affordable(config->wechat, shares),
                    mode == Mode::Cgi ? CaStore::Directory : CaStore::Bundle};
    Advisor advisor{log};
    WechatApi api{loop, http, advisor};
    AccessTokens access_tokens{loop, api};
    Wechat wechat{loop, api, access_tokens, advisor};
    EndedSessions ended_sessions{loop, log, resolver};
    if (config->session.keys)
        ended_sessions.open(config->session.store);
    App app{wechat, access_tokens, log, config, ended_sessions.get()};
    const Handler handler = [&app](Request& request) { return route(app, request); };

    // A name server that hangs would keep the process for as long as it likes: leave it behind.
    const auto leave = [&] {
        log.flush();
        if (resolver.looking())
            _exit(0);
        return 0;
    };

    if (mode == Mode::Cgi) {
        serve_cgi(loop, limits_of(config->limits, shares), handler);
        return leave();
    }

    auto listener = take_listening_socket();
    if (const auto door = open_door(listener.get()); !door.address.empty())
        log.warn("open to others", {{"address", door.address}, {"advice", door.advice}});
    const Notifier notifier;
    FcgiGateway gateway{loop, std::move(listener), limits_of(config->limits, shares), handler,
                        log,  [&] { loop.stop(); }};

    bool stopping = false;
    const auto stop = [&] {
        if (std::exchange(stopping, true))
            return gateway.drain(); // mod_fcgid has no patience: 1.3 s after the first signal
        log.info("stopping", {{"in_flight", app.in_flight}});
        notifier.stopping("stopping, " + counted(app.in_flight, "request") + " in flight");
        gateway.drain();
    };
    const auto reload = [&] {
        bool news = false; // of fakes
        try {
            auto loaded = load(options);
            if (loaded.session.keys)
                ended_sessions.open(loaded.session.store);
            app.revocations = ended_sessions.get();
            const auto new_shares = allowed_connections(loaded, mode, log);
            http.configure(affordable(loaded.wechat, new_shares));
            gateway.configure(limits_of(loaded.limits, new_shares));
            news = unreal(loaded) != unreal(*app.config);
            app.config = std::make_shared<const Config>(std::move(loaded));
        } catch (const std::exception& error) { // ConfigError, StoreUnreachable
            notifier.status(std::string{"the old configuration stays, the new one is refused: "} +
                            error.what());
            return log.error(
                "reload", {{"reason", error.what()}, {"advice", translate("the old one stays")}});
        }
        speak(app.config->language);
        log.configure(app.config->log.level, app.config->log.json);
        access_tokens.forget();
        advisor.forget();
        notifier.status("serving " + mini_programs(*app.config));
        log.info("reload", {{"file", options.config_file}, {"outcome", "ok"}});
        if (news)
            warn_of_fakes(*app.config, log);
    };
    const SignalWatch terminate{loop, SIGTERM, stop};
    const SignalWatch interrupt{loop, SIGINT, stop};
    bool reloading = false; // a reload is due: more signals add nothing
    const SignalWatch hang_up{loop, SIGHUP, [&] {
                                  if (stopping || std::exchange(reloading, true))
                                      return;
                                  loop.post([&] {
                                      reloading = false;
                                      reload();
                                  });
                              }};

    release_signals();
    log.info("serving", {{"version", version}, {"file", options.config_file}});
    warn_of_fakes(*config, log);
    notifier.ready("serving " + mini_programs(*config));
    const Heartbeat heartbeat{loop, notifier};
    loop.run();
    hold_signals();
    log.info("stopped", {});
    return leave();
}

// A start would open the store, too, as the user that owns it.
void check_store(const Config& config, const std::string& config_file)
{
    const auto& store = config.session.store;
    if (!config.session.keys)
        return;
    if (store.kind == StoreAddress::Kind::Sqlite) {
        if (geteuid() == 0 && is_made_by_unit(store, config_file) &&
            !std::filesystem::exists(std::filesystem::path{store.path}.parent_path()))
            return;
        become_owner(store.path);
    }
    look_at_store(store);
}

int check(const Options& options)
{
    const auto config = load(options);
    check_store(config, options.config_file);
    const auto reasons = unreal(config);
    printf("%s is fine: %s%s%s\n", options.config_file.c_str(), mini_programs(config).c_str(),
           reasons.empty() ? "" : "; but ", reasons.empty() ? "" : reasons.front().c_str());
    return 0;
}

int keygen()
{
    if (puts(new_session_key().reveal().c_str()) < 0 || fflush(stdout) != 0)
        throw std::system_error{errno, std::generic_category(), "the key was not written"};
    return 0;
}

int run(const Options& options)
{
    speak(language_of_file(options.config_file));
    switch (options.command) {
    case Options::Command::Version:
        fputs(describe_version().c_str(), stdout);
        return 0;
    case Options::Command::Help:
        fputs(usage().c_str(), stdout);
        return 0;
    case Options::Command::Check:
        return check(options);
    case Options::Command::Doctor:
        return run_doctor(options.config_file, credentials_directory(), options.json);
    case Options::Command::Keygen:
        return keygen();
    case Options::Command::Revoke:
        return run_revoke(options, credentials_directory());
    case Options::Command::Serve:
        break;
    }
    if (is_listening_socket(0))
        return serve(options, Mode::FastCgi);
    if (getenv("GATEWAY_INTERFACE") || getenv("REQUEST_METHOD"))
        return serve(options, Mode::Cgi);
    throw UsageError{"descriptor 0 is no listening socket and there is no CGI request: a web "
                     "server or spawn-fcgi must start it"};
}

} // namespace
} // namespace onlogin

int main(int argc, char** argv)
{
    using namespace onlogin;
    prepare_process();
    if (argc > 1 && !is_listening_socket(0) && arguments_come_from_client()) {
        refuse_arguments();
        return 0;
    }
    speak(language_of_environment()); // until it is known which file is meant
    try {
        const int status = run(parse_options(argc, argv));
        if (fflush(stdout) != 0 || ferror(stdout))
            throw std::runtime_error{"the standard output cannot be written"};
        return status;
    } catch (const UsageError& error) {
        fprintf(stderr, "onlogin: %s\n\n%s", error.what(), usage().c_str());
        return 2;
    } catch (const std::exception& error) {
        fprintf(stderr, "onlogin: %s\n", error.what());
        Notifier{}.status(error.what()); // for `systemctl status`
        return 1;
    }
}
