#include "doctor_checks.hh"
#include "worker_process.hh"

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
void check_writers(Findings& findings, const std::string& path)
{
    const auto status = status_of(path);
    if (!status)
        return;
    if (status->st_mode & 022)
        findings.bad("files", described(path, *status) + ", so others may change it",
                     "chmod go-w " + path);
    else
        findings.ok("files", described(path, *status));
}

void check_secret(Findings& findings, const std::string& path,
                  const std::vector<WorkerProcess>& workers)
{
    const auto status = status_of(path);
    if (!status)
        return;
    for (const auto& worker : workers) {
        if (!worker.credentials.empty() || worker.account.uid == 0 ||
            what_denies(worker.account, path, R_OK).empty())
            continue;
        return findings.bad("secret",
                            described(path, *status) + ": the worker, which runs as " +
                                worker.account.name + ", cannot read it at its next start",
                            "chown " + worker.account.name + ' ' + path +
                                ", or LoadCredential= in the unit");
    }
    findings.ok("secret", described(path, *status));
}

void check_workers(Findings& findings, const std::string& config_file,
                   const std::vector<WorkerProcess>& workers)
{
    if (workers.empty())
        return findings.warn("worker", "none runs with " + config_file,
                             "systemctl enable --now onlogin (or whatever starts it here); with a "
                             "socket unit, or as CGI, the first request starts it");
    std::string list;
    bool root = false;
    for (const auto& worker : workers) {
        list += (list.empty() ? "process " : ", ") + std::to_string(worker.pid) + " as " +
                worker.account.name;
        root = root || worker.account.uid == 0;
    }
    if (root)
        return findings.warn("worker", list, "run it as a user of its own (User= of the unit)");
    findings.ok("worker", list);
}

void check_socket(Findings& findings, const std::string& path, const NginxSeen& nginx)
{
    const auto status = status_of(path);
    if (!status)
        return findings.bad("socket", path + ": " + strerror(errno),
                            "systemctl enable --now onlogin.socket, or start spawn-fcgi with -s " +
                                path);
    if (!S_ISSOCK(status->st_mode))
        return findings.bad("socket", path + " is no socket", "remove it and start the worker");
    const auto text = described(path, *status);
    if (status->st_mode & S_IWOTH)
        findings.bad("socket", text + ": all of this host may connect, past nginx and its limits",
                     "chmod 0660 now; SocketMode=0660 in the socket unit, or spawn-fcgi -M 0660");
    else if (!nginx.running_user_known)
        findings.ok("socket", text);
    else if (const auto account = find_account(nginx.user); !account)
        findings.bad("socket", "nginx runs as " + nginx.user + ", which is no user of this host",
                     "set `user` in nginx.conf");
    else if (const auto obstacle = what_denies(*account, path, R_OK | W_OK); !obstacle.empty())
        findings.bad("socket",
                     text + ": nginx, which runs as " + nginx.user + ", may not connect" +
                         (obstacle == path ? "" : ", because it may not pass " + obstacle),
                     "SocketGroup=" + nginx.user + " and SocketMode=0660 in the socket unit, or " +
                         "spawn-fcgi -M 0660 -G " + nginx.user);
    else
        findings.ok("socket", text + "; " + nginx.user + " (nginx) may connect");

    const auto health = ask_health(path);
    if (health.status == 200)
        findings.ok("worker", "it answers at " + path);
    else if (health.status == 503)
        findings.warn("worker", "it is stopping at " + path, "ask the doctor again in a moment");
    else
        findings.bad(
            "worker",
            "no answer at " + path + ": " +
                (health.status ? "status " + std::to_string(health.status) : health.failure),
            "systemctl restart onlogin, and look at journalctl -u onlogin; a socket that a "
            "crash left behind refuses connections until the worker is started again");
}

} // namespace

void check_files(Findings& findings, const std::string& config_file, const Config* config)
{
    const auto workers = find_workers(config_file);
    check_writers(findings, std::filesystem::path{config_file}.parent_path().string());
    check_writers(findings, config_file);
    if (config) {
        for (const auto& app : config->apps)
            if (!app.secret_file.empty())
                check_secret(findings, app.secret_file, workers);
        if (!config->session.keys_file.empty())
            check_secret(findings, config->session.keys_file, workers);
        if (!config->wechat.ca_file.empty())
            check_writers(findings, config->wechat.ca_file);
    }
    check_workers(findings, config_file, workers);
}

void check_sockets(Findings& findings, const NginxSeen& nginx)
{
    const std::string usual = "/run/onlogin/onlogin.sock";
    if (nginx.sockets.empty() && status_of(usual))
        check_socket(findings, usual, nginx);
    for (const auto& path : nginx.sockets)
        check_socket(findings, path, nginx);
}

} // namespace onlogin
