#include "doctor/doctor.hh"

#include "base/errors.hh"
#include "base/plural.hh"
#include "doctor/checks.hh"

#include <filesystem>

#include <unistd.h>

namespace onlogin {

namespace {

bool is_same_file(const std::string& a, const std::string& b)
{
    std::error_code error;
    return a == b || std::filesystem::equivalent(a, b, error);
}

Workers running_workers(const std::string& config_file)
{
    Workers workers;
    for (auto& worker : find_workers())
        (is_same_file(worker.config_file, config_file) ? workers.ours : workers.others)
            .push_back(std::move(worker));
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
    const auto workers = running_workers(file);
    const auto config = check_config(findings, file, credentials_directory, workers);
    const Config* const known = config ? &*config : nullptr;
    check_files(findings, file, known, workers);
    if (config)
        check_store(findings, file, *config, workers);
    const auto nginx = check_nginx(findings, known, workers);
    check_sockets(findings, nginx);
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
