#include "doctor.hh"

#include "doctor_checks.hh"
#include "error.hh"

#include <filesystem>

#include <unistd.h>

namespace onlogin {

namespace {

std::optional<Config> check_config(Findings& findings, const std::string& file,
                                   const std::string& credentials)
{
    try {
        auto config = load_config(file, credentials);
        const auto count = config.apps.size();
        findings.ok("config", file + " is fine: " + std::to_string(count) + " mini program" +
                                  (count == 1 ? "" : "s"));
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

int run_doctor(const std::string& config_file, const std::string& credentials_directory, bool json)
{
    const auto file = std::filesystem::absolute(config_file).lexically_normal().string();
    Findings findings{stdout, json};
    const auto config = check_config(findings, file, credentials_directory);
    const Config* const known = config ? &*config : nullptr;
    check_files(findings, file, known);
    const auto nginx = check_nginx(findings, known);
    check_sockets(findings, nginx);
    if (config) {
        for (const auto& front : nginx.fronts)
            check_front(findings, front, *config);
        check_wechat(findings, *config);
    }
    findings.end();
    return findings.any_bad() ? 1 : 0;
}

} // namespace onlogin
