#include "base/errors.hh"
#include "doctor/checks.hh"
#include "doctor/owners.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

namespace {

std::string mode_text(mode_t mode)
{
    char text[8];
    snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
    return text;
}

std::string described(const std::string& path, const struct stat& status)
{
    return path + ": owner " + account_of(status.st_uid).name + ", group " +
           group_name(status.st_gid) + ", mode " + mode_text(status.st_mode);
}

std::optional<struct stat> status_of(const std::string& path)
{
    struct stat status
    {};
    return stat(path.c_str(), &status) == 0 ? std::optional{status} : std::nullopt;
}

// Whoever can write there decides which secrets go to which server.
void check_writers(Findings& findings, std::string_view check, const std::string& path,
                   const Workers& workers)
{
    const auto status = status_of(path);
    if (!status)
        return;
    const auto weakness = find_weakness(path, workers.trusted_users());
    if (!weakness)
        return findings.ok(check, described(path, *status));
    const auto& place = weakness->path;
    const auto text = described(path, *status) + "; " + (place == path ? "" : place + ": ");
    if (!weakness->by_owner)
        return findings.bad(check, text + "others may change it", "chmod go-w " + place);
    const auto owner = weakness->is_private ? workers.right_owner() : "root";
    findings.bad(check, text + "it belongs to " + account_of(weakness->owner).name,
                 "chown -h " + owner + ' ' + place +
                     (workers.by_web_server ? "; or, if the web server runs the worker as " +
                                                  account_of(weakness->owner).name +
                                                  " (suexec), run the doctor as that"
                                            : ""));
}

void check_secret(Findings& findings, const std::string& path, const Workers& workers)
{
    const auto status = status_of(path);
    if (!status)
        return;
    for (const auto& worker : workers.ours) {
        if (!worker.credentials.empty() || worker.account.uid == 0 ||
            what_denies(worker.account, path, R_OK).empty())
            continue;
        return findings.bad("secret",
                            described(path, *status) + ": the worker, process " +
                                std::to_string(worker.pid) + " of " + worker.account.name +
                                ", cannot read it at its next start",
                            "give it to the user that the service runs as, or hand it over by "
                            "LoadCredential= in the unit");
    }
    check_writers(findings, "secret", path, workers);
}

// systemd copies secrets when it starts a service; a change of the file is not seen until then.
void check_copies(Findings& findings, const std::string& config_file, const Config& config,
                  const Workers& workers)
{
    for (const auto& worker : workers.ours) {
        if (worker.credentials.empty())
            continue;
        try {
            const auto theirs = load_config(config_file, worker.credentials);
            for (const auto& app : config.apps)
                if (const auto copy = theirs.find_mini_program(app->appid);
                    copy && copy->secret.reveal() != app->secret.reveal())
                    findings.warn("secret",
                                  app->appid +
                                      ": the AppSecret in the file is not the one with "
                                      "which process " +
                                      std::to_string(worker.pid) + " was started",
                                  "systemctl restart onlogin");
        } catch (const ConfigError&) {
            continue; // no longer there: it has just ended
        }
    }
}

bool is_web_server(uid_t user)
{
    const auto users = web_server_users();
    return std::find(users.begin(), users.end(), user) != users.end();
}

// Why a service does not run, in its own words.
void check_services(Findings& findings, const Workers& workers)
{
    for (const auto& service : workers.services) {
        if (service.runs || !service.wanted)
            continue;
        const auto text = service.name + ": " + service.state;
        findings.bad("worker", text + (service.words.empty() ? "" : ", and says: " + service.words),
                     service.words.empty()
                         ? "systemctl restart " + service.name + "; if it fails, journalctl -u " +
                               service.name + " says why"
                         : "mend what it says; if it is not back in some seconds, systemctl "
                           "restart " +
                               service.name);
    }
}

void check_workers(Findings& findings, const std::string& config_file, const Config* config,
                   const Workers& workers)
{
    for (const auto& stranger : workers.strangers)
        findings.warn("worker",
                      "process " + std::to_string(stranger.pid) + " of " + stranger.account.name +
                          " runs this program, too: a stranger, of whom nothing is believed",
                      "if it is yours, let a unit of systemd run it, or user onlogin; else kill " +
                          std::to_string(stranger.pid));
    check_services(findings, workers);
    if (workers.ours.empty()) {
        const auto& services = workers.services;
        if (std::any_of(services.begin(), services.end(),
                        [](const auto& service) { return service.wanted && !service.runs; }))
            return;
        if (const auto status = status_of(config_file);
            status && workers.by_web_server && is_web_server(status->st_uid))
            return findings.ok("worker", "none runs: the web server starts it, as " +
                                             account_of(status->st_uid).name);
        for (const auto& service : services)
            if (!service.socket.empty())
                return findings.ok("worker", "none runs: " + service.name +
                                                 " starts with the next login, as " +
                                                 service.socket + " listens");
        const auto unit = services.empty() ? "onlogin" : services.front().name;
        return findings.warn("worker", "none runs with " + config_file,
                             config ? "systemctl enable --now " + unit +
                                          " (or whatever starts it here); by CGI the request "
                                          "starts it"
                                    : "the configuration comes first, see above");
    }
    std::string list;
    bool root = false;
    for (const auto& worker : workers.ours) {
        list += (list.empty() ? "process " : ", ") + std::to_string(worker.pid) + " as " +
                worker.account.name;
        root = root || worker.account.uid == 0;
    }
    if (root)
        return findings.warn("worker", list, "run it as a user of its own (User= of the unit)");
    findings.ok("worker", list);
}

void check_rights(Findings& findings, const std::string& path, const struct stat& status,
                  const NginxSeen& nginx)
{
    const auto text = described(path, status);
    if (status.st_mode & S_IWOTH)
        return findings.bad(
            "socket", text + ": all of this host may connect, past nginx and its limits",
            "chmod 0660 now; SocketMode=0660 in the socket unit, or spawn-fcgi -M 0660");
    if (nginx.user.empty())
        return findings.ok("socket", text);
    if (!nginx.account)
        return findings.bad("socket", "nginx runs as " + nginx.user + ", which this host has not",
                            "set `user` in nginx.conf");
    const auto obstacle = what_denies(*nginx.account, path, R_OK | W_OK);
    if (obstacle.empty())
        return findings.ok("socket", text + "; " + nginx.user + " (nginx) may connect");
    if (obstacle != path)
        return findings.bad(
            "socket", text + ": nginx, which runs as " + nginx.user + ", may not pass " + obstacle,
            "chmod a+x " + obstacle);
    findings.bad("socket", text + ": nginx, which runs as " + nginx.user + ", may not connect",
                 "SocketGroup=" + group_name(nginx.account->groups.front()) +
                     " and SocketMode=0660 in the socket unit, or spawn-fcgi -M 0660 -G " +
                     group_name(nginx.account->groups.front()));
}

// Whether whom nginx hands logins to is one of ours. Others than root do not see all workers.
void check_listener(Findings& findings, const std::string& path, uid_t listener,
                    const Workers& workers)
{
    auto known = workers.trusted_users();
    for (const auto& worker : workers.others)
        known.push_back(worker.account.uid);
    if (geteuid() == 0 && std::find(known.begin(), known.end(), listener) == known.end())
        findings.bad("socket",
                     path + ": " + account_of(listener).name +
                         " listens there, a stranger: he gets the login codes",
                     "end that process, and keep the socket where only root or the worker's user "
                     "can make one, as in /run/onlogin");
}

void check_answer(Findings& findings, const std::string& path, const Workers& workers)
{
    const auto health = ask_health(path);
    if (health.listener)
        check_listener(findings, path, *health.listener, workers);
    const bool told = std::any_of(workers.services.begin(), workers.services.end(),
                                  [](const auto& service) { return !service.words.empty(); });
    if (health.status == 200)
        findings.ok("worker", "it answers at " + path);
    else if (health.status == 503)
        findings.warn("worker", "it is stopping at " + path, "ask the doctor again in a moment");
    else
        findings.bad(
            "worker",
            "no answer at " + path + ": " +
                (health.status ? "status " + std::to_string(health.status) : health.failure),
            told ? "see what the service says, above"
                 : "onlogin -t and journalctl -u onlogin say why it does not start, if it is "
                   "that; else systemctl restart onlogin");
}

// `enable --now` does nothing for a unit that is active, whose socket somebody has removed.
std::string way_to_socket(const std::string& path, const Workers& workers)
{
    for (const auto& service : workers.services)
        if (service.name.starts_with("onlogin-spawn-fcgi"))
            return "systemctl restart " + service.name;
    const auto stem = std::filesystem::path{path}.stem().string();
    const auto unit = stem == "onlogin" ? stem : "onlogin@" + stem;
    return path.starts_with("/run/onlogin/")
               ? "systemctl enable " + unit + ".socket; systemctl restart " + unit + ".socket"
               : "start the worker there: spawn-fcgi -s " + path;
}

void check_socket(Findings& findings, const SeenSocket& socket, const NginxSeen& nginx,
                  const Workers& workers)
{
    const auto& path = socket.path;
    const auto status = status_of(path);
    if (!status)
        return findings.bad("socket", path + ": " + strerror(errno),
                            socket.starts_programs
                                ? "systemctl enable fcgiwrap.socket; systemctl restart "
                                  "fcgiwrap.socket"
                                : way_to_socket(path, workers));
    if (!S_ISSOCK(status->st_mode))
        return findings.bad("socket", path + " is no socket", "remove it and start the worker");
    check_rights(findings, path, *status, nginx);
    if (!socket.starts_programs)
        check_answer(findings, path, workers);
}

} // namespace

void check_files(Findings& findings, const std::string& config_file, const Config* config,
                 const Workers& workers)
{
    check_writers(findings, "files", config_file, workers);
    if (config) {
        for (const auto& app : config->apps)
            if (!app->secret_file.empty())
                check_secret(findings, app->secret_file, workers);
        if (!config->session.keys_file.empty())
            check_secret(findings, config->session.keys_file, workers);
        if (const auto& key_file = config->session.store.key_file; !key_file.empty())
            check_secret(findings, key_file, workers);
        check_copies(findings, config_file, *config, workers);
        if (!config->wechat.ca_file.empty())
            check_writers(findings, "files", config->wechat.ca_file, workers);
    }
    check_workers(findings, config_file, config, workers);
}

void check_sockets(Findings& findings, const NginxSeen& nginx, const Workers& workers)
{
    const std::string usual = "/run/onlogin/onlogin.sock";
    if (nginx.sockets.empty() && status_of(usual))
        check_socket(findings, {usual}, nginx, workers);
    for (const auto& socket : nginx.sockets)
        check_socket(findings, socket, nginx, workers);
}

} // namespace onlogin
