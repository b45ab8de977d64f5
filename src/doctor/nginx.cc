#include "config/pasted.hh"
#include "doctor/checks.hh"
#include "doctor/command.hh"
#include "doctor/nginx_listen.hh"
#include "doctor/nginx_process.hh"
#include "doctor/nginx_site.hh"
#include "doctor/owners.hh"
#include "doctor/processes.hh"

#include <algorithm>
#include <array>
#include <set>

#include <cstdio>

#include <unistd.h>

namespace onlogin {

namespace {

constexpr const char* site = "copy nginx/onlogin.conf and its snippets as the README says";

// The text between `label` and the next space.
std::string word_behind(const std::string& text, std::string_view label)
{
    const auto at = text.find(label);
    if (at == text.npos)
        return {};
    const auto begin = at + label.size();
    return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

// The release that has all that our snippets use: `keepalive_timeout` and `keepalive_requests` of
// an upstream (https://nginx.org/en/CHANGES-1.16, 1.15.3).
constexpr std::array oldest{1, 15, 3};

void check_version(Findings& findings, const std::string& text)
{
    const auto name = word_behind(text, "version: ");
    std::array version{0, 0, 0};
    if (sscanf(name.c_str(), "nginx/%d.%d.%d", &version[0], &version[1], &version[2]) == 3 &&
        version < oldest)
        findings.bad("nginx", name + " is too old for the snippets",
                     "take 1.15.3 or newer; Debian 12 has 1.22");
    else
        findings.ok("nginx", name);
}

// Its workers get the group that `user` names second instead of the user's own.
void find_user(const std::vector<Directive>& main, const std::string& version, NginxSeen& seen)
{
    const auto named = Scope{main}.find("user");
    if (!named.empty() && !named.front()->args.empty()) {
        const auto& args = named.front()->args;
        seen.user = args[0];
        seen.account = find_account(args[0], args.size() > 1 ? args[1] : "");
        return;
    }
    const auto compiled = word_behind(version, "--user=");
    seen.user = compiled.empty() ? "nobody" : compiled;
    seen.account = find_account(seen.user, word_behind(version, "--group="));
}

void check_timeout(Findings& findings, const OurLocation& ours, long ours_ms)
{
    const auto set = ours.at.scope.value("fastcgi_read_timeout");
    const auto nginx_ms = nginx_time_ms(set.value_or("60s"));
    if (nginx_ms && *nginx_ms <= ours_ms)
        findings.bad("timeouts",
                     title(ours.at.location) + ": nginx waits " + std::to_string(*nginx_ms) +
                         " ms for the worker, which waits " + std::to_string(ours_ms) +
                         " ms for WeChat",
                     "fastcgi_read_timeout must be longer, as 15s");
}

// Whether a format, as `log_format` has it, shows what holds a code or a token.
bool shows_query(std::string_view format)
{
    constexpr std::array variables{"request",        "request_uri",    "args",
                                   "query_string",   "arg_code",       "request_body",
                                   "http_x_wx_code", "http_x_wx_skey", "http_authorization"};
    for (auto at = format.find('$'); at != format.npos; at = format.find('$', at + 1)) {
        auto name = format.substr(at + 1);
        if (name.starts_with('{'))
            name.remove_prefix(1);
        name = name.substr(0, name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"));
        if (std::find(variables.begin(), variables.end(), name) != variables.end())
            return true;
    }
    return false;
}

// Whether the format of that name does; nginx has `combined` built in.
bool format_shows_query(const std::vector<Directive>& main, const std::string& name)
{
    if (name == "combined")
        return true;
    for (const auto& http : main)
        for (const auto& directive : http.block)
            if (directive.name == "log_format" && !directive.args.empty() &&
                directive.args[0] == name)
                return std::any_of(directive.args.begin() + 1, directive.args.end(), shows_query);
    return false;
}

void check_logs(Findings& findings, const std::vector<Directive>& main, const OurLocation& ours)
{
    std::string leaks;
    const auto access = ours.at.scope.find("access_log");
    if (access.empty())
        leaks = "access_log (nginx's own)";
    for (const auto* log : access) {
        if (log->args.empty() || log->args[0] == "off" || log->args[0] == "/dev/null")
            continue;
        const auto format = log->args.size() >= 2 && log->args[1].find('=') == std::string::npos
                                ? log->args[1]
                                : "combined";
        if (format_shows_query(main, format))
            leaks = "access_log " + log->args[0];
    }
    const auto errors = ours.at.scope.find("error_log");
    const bool quiet = !errors.empty() && std::all_of(errors.begin(), errors.end(), [](auto* log) {
        return !log->args.empty() &&
               (log->args[0] == "/dev/null" || (log->args.size() >= 2 && log->args[1] == "emerg"));
    });
    if (!quiet)
        leaks += leaks.empty() ? "error_log" : " and error_log";
    if (!leaks.empty())
        findings.warn("logs",
                      title(ours.at.location) + ": " + leaks +
                          " can hold login codes, and whoever reads one in time is that user",
                      "`access_log … onlogin` and `error_log … emerg`, as in "
                      "snippets/onlogin-location.conf");
}

// fcgiwrap and the like are told which program to start.
bool starts_programs(const OurLocation& ours)
{
    return fastcgi_param(ours.at.scope, "SCRIPT_FILENAME").has_value();
}

void check_addresses(Findings& findings, const OurLocation& ours, NginxSeen& seen)
{
    constexpr std::string_view unix_prefix = "unix:";
    for (const auto& address : ours.addresses) {
        if (address.find('$') != address.npos) {
            findings.warn("socket",
                          title(ours.at.location) + " goes to " + address +
                              ", which the doctor cannot follow: it does not look at what is there",
                          "name the socket: fastcgi_pass onlogin");
            continue;
        }
        if (!address.starts_with(unix_prefix)) {
            findings.warn("socket",
                          title(ours.at.location) + " goes to " + address +
                              ", a TCP port: whoever reaches it is past nginx and its limits",
                          "use a unix socket");
            continue;
        }
        const auto path = address.substr(unix_prefix.size());
        if (std::none_of(seen.sockets.begin(), seen.sockets.end(),
                         [&](const SeenSocket& known) { return known.path == path; }))
            seen.sockets.push_back({path, starts_programs(ours)});
    }
}

// The worker of another instance behind all of its sockets, or null.
const WorkerProcess* other_instance(const OurLocation& ours, const Workers& workers)
{
    const WorkerProcess* other = nullptr;
    for (const auto& address : ours.addresses) {
        other = address.starts_with("unix:") ? workers.other_at(address.substr(5)) : nullptr;
        if (!other)
            return nullptr;
    }
    return other;
}

void check_server(Findings& findings, const std::vector<Directive>& main, const OurLocation& ours,
                  NginxSeen& seen)
{
    const auto& server = ours.at.server;
    if (is_on(ours.at.server_scope, "underscores_in_headers"))
        findings.bad("headers",
                     "underscores_in_headers is on for the server at " + server.place() +
                         ": to backends X_WX_OPENID of a client looks like X-WX-OPENID",
                     "switch it off");
    auto names = server_names(ours);
    const auto listen = best_listen(ours.at, main);
    if (names.empty() || !listen)
        return findings.warn("front",
                             "the server at " + server.place() +
                                 " has no name or port that the doctor could ask",
                             "try a login from outside: curl -i "
                             "'https://YOUR.NAME/onLogin?code=made-up' must say 40029");
    if (!listen->tls)
        findings.warn("front",
                      names.front() + " has no TLS in nginx: mini programs use https:// alone",
                      "`listen 443 ssl` and a certificate, unless a load balancer in front has "
                      "them");
    seen.fronts.push_back({listen->tls ? "https" : "http", std::move(names), listen->port,
                           ours.at.location.args.back(), listen->address});
}

// The name of one that is not nginx; empty: none runs.
std::string other_web_server()
{
    constexpr std::array names{"apache2", "httpd", "lighttpd"};
    const auto users = web_server_users();
    for (const auto& process : all_processes())
        if (std::find(names.begin(), names.end(), process.name) != names.end() &&
            (process.uid == 0 || std::find(users.begin(), users.end(), process.uid) != users.end()))
            return process.name;
    return {};
}

} // namespace

std::vector<std::string> NginxFiles::sockets() const
{
    constexpr std::string_view unix_prefix = "unix:";
    std::vector<std::string> paths;
    for (const auto& location : our_locations(main))
        if (!starts_programs(location))
            for (const auto& address : location.addresses)
                if (address.starts_with(unix_prefix))
                    paths.push_back(address.substr(unix_prefix.size()));
    return paths;
}

NginxFiles read_nginx()
{
    constexpr int patience_ms = 20'000;
    NginxFiles files;
    files.version = run_command({"nginx", "-V"}, patience_ms);
    if (files.version)
        files.dump = run_command({"nginx", "-T"}, patience_ms);
    if (files.dump && files.dump->status == 0)
        files.main = parse_nginx_config(files.dump->output);
    return files;
}

NginxSeen check_nginx(Findings& findings, const NginxFiles& files, const Config* config,
                      const Workers& workers)
{
    NginxSeen seen;
    const auto& [version, dump, main] = files;
    if (!version) {
        findings.warn("nginx", "it is not on this host", "the checks of nginx are left out");
        return seen;
    }
    check_version(findings, version->errors);
    if (!dump || dump->status != 0) {
        const auto lines = dump ? dump->errors : std::string{};
        const auto emerg = lines.find("[emerg]");
        const auto said = emerg == lines.npos ? std::string{"it ended with an error"}
                                              : without_secrets(std::string_view{lines}.substr(
                                                    emerg, lines.find('\n', emerg) - emerg));
        if (geteuid() == 0)
            findings.bad("nginx", "nginx -T: " + said, "mend that until `nginx -t` is content");
        else
            findings.warn("nginx", "nginx -T: " + said, "run the doctor as root to look at nginx");
        return seen;
    }

    find_user(main, version->errors, seen);
    const auto process = find_nginx(main, version->errors);
    if (process)
        seen.first = check_loaded(findings, *process, dump->output, main, version->errors);
    std::vector<std::string> known;
    for (const auto& worker : workers.ours)
        known.insert(known.end(), worker.sockets.begin(), worker.sockets.end());
    const auto ours = our_locations(main, known);
    if (ours.empty()) {
        constexpr const char* none = "no location of nginx hands requests to onlogin";
        const auto other = other_web_server();
        if (!other.empty())
            findings.warn("location", std::string{none} + "; " + other + " runs, too",
                          "if that serves the logins, see that one works: curl -i "
                          "'https://YOUR.NAME/onLogin?code=made-up' must say 40029; if not, " +
                              std::string{site});
        else
            findings.bad("location", none, site);
    } else if (!process && geteuid() == 0) { // others may not see it
        seen.first = check_not_running(findings, main);
    }

    std::set<const Directive*> servers;
    for (const auto& location : ours) {
        if (const auto* const other = other_instance(location, workers)) {
            findings.ok("location", title(location.at.location) +
                                        " leads to another instance, with " + other->config_file);
            continue;
        }
        findings.ok("location", title(location.at.location));
        check_addresses(findings, location, seen);
        if (is_for_backends(location)) // no client meets their limits, no code comes here
            continue;
        if (fastcgi_param(location.at.scope, "ONLOGIN_ACTION") != "auth") // does not ask WeChat
            check_timeout(findings, location, config ? config->wechat.timeout_ms : 4500);
        else if (config && !config->session.keys)
            findings.bad("sessions",
                         title(location.at.location) +
                             " asks for sessions, and there are none: everybody is refused",
                         "set session.keys_file, see onlogin keygen");
        check_logs(findings, main, location);
        if (is_login(location) && servers.insert(&location.at.server).second)
            check_server(findings, main, location, seen);
    }
    check_identity_headers(findings, main, ours);
    if (config)
        check_guards(findings, *config, main, ours);
    check_backends(findings, main, ours, seen);
    return seen;
}

} // namespace onlogin
