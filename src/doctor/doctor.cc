#include "doctor/doctor.hh"

#include "base/errors.hh"
#include "base/plural.hh"
#include "doctor/checks.hh"
#include "doctor/owners.hh"

#include <algorithm>
#include <filesystem>

#include <unistd.h>

namespace onlogin {

namespace {

bool is_same_file(const std::string& a, const std::string& b)
{
    std::error_code error;
    return a == b || std::filesystem::equivalent(a, b, error);
}

bool contains(const std::vector<uid_t>& users, uid_t user)
{
    return std::find(users.begin(), users.end(), user) != users.end();
}

Workers find_workers_of(const std::string& config_file, const std::vector<std::string>& sockets)
{
    Workers workers;
    workers.services = services_with(config_file);
    const auto web_users = web_server_users();
    workers.by_web_server =
        sockets.empty() &&
        std::none_of(workers.services.begin(), workers.services.end(),
                     [](const auto& service) { return service.runs || service.wanted; });
    auto found = find_workers(workers.services, sockets,
                              workers.by_web_server ? web_users : std::vector<uid_t>{});
    for (auto& worker : found.workers) {
        if (!is_same_file(worker.config_file, config_file)) {
            workers.others.push_back(std::move(worker));
            continue;
        }
        workers.by_web_server = workers.by_web_server && contains(web_users, worker.account.uid);
        workers.ours.push_back(std::move(worker));
    }
    workers.strangers = std::move(found.strangers);
    return workers;
}

// With the AppSecrets from the files, which a worker takes when it starts next; where they are
// nowhere else, with systemd's copies.
Config load(const std::string& file, const std::string& credentials, const Workers& workers)
{
    try {
        return load_config(file, credentials);
    } catch (const ConfigError&) {
        if (workers.ours.empty() || workers.ours.front().credentials.empty())
            throw;
    }
    return load_config(file, workers.ours.front().credentials);
}

std::optional<Config> check_config(Findings& findings, const std::string& file,
                                   const std::string& credentials, const Workers& workers)
{
    // Root reads what the configuration names, and tells WeChat's server the secrets in there.
    if (const auto weakness = find_weakness(file, workers.trusted_users());
        weakness && geteuid() == 0) {
        findings.bad("config",
                     file + " is not read: others than its owner decide what it says, see below",
                     "mend that, then ask the doctor again");
        return std::nullopt;
    }
    try {
        auto config = load(file, credentials, workers);
        findings.ok("config",
                    file + " is fine: " +
                        counted(static_cast<long long>(config.apps.size()), "mini program"));
        return config;
    } catch (const ConfigError& error) {
        findings.bad("config", error.what(),
                     geteuid() == 0 ? "mend that, then ask the doctor again"
                                    : "mend that, or run the doctor as root if it may not read "
                                      "something that the worker may");
        return std::nullopt;
    }
}

} // namespace

std::vector<uid_t> Workers::trusted_users() const
{
    std::vector<uid_t> users{0, geteuid()};
    if (const auto usual = find_account("onlogin"))
        users.push_back(usual->uid);
    for (const auto& worker : ours)
        users.push_back(worker.account.uid);
    if (by_web_server)
        for (const auto user : web_server_users())
            users.push_back(user);
    return users;
}

std::string Workers::right_owner() const
{
    for (const auto& worker : ours)
        if (worker.credentials.empty())
            return worker.account.name;
    const auto web_users = web_server_users();
    return by_web_server && ours.empty() && !web_users.empty() ? account_of(web_users.front()).name
                                                               : "root";
}

const WorkerProcess* Workers::other_at(const std::string& socket_path) const
{
    for (const auto& worker : others)
        for (const auto& socket : worker.sockets)
            if (is_same_file(socket, socket_path))
                return &worker;
    return nullptr;
}

int run_doctor(const std::string& config_file, const std::string& credentials_directory, bool json)
{
    const auto file = std::filesystem::absolute(config_file).lexically_normal().string();
    Findings findings{stdout, json};
    const auto nginx_files = read_nginx();
    const auto workers = find_workers_of(file, nginx_files.sockets());
    const auto config = check_config(findings, file, credentials_directory, workers);
    const Config* const known = config ? &*config : nullptr;
    check_files(findings, file, known, workers);
    if (config)
        check_store(findings, file, *config, workers);
    const auto nginx = check_nginx(findings, nginx_files, known, workers);
    check_sockets(findings, nginx, workers);
    if (config) {
        for (const auto& front : nginx.fronts)
            check_front(findings, front, *config, nginx);
        for (const auto& api : nginx.apis)
            check_api(findings, api, *config, nginx);
        check_wechat(findings, *config);
    }
    findings.end();
    return findings.any_bad() ? 1 : 0;
}

} // namespace onlogin
