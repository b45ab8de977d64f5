#include "doctor/service.hh"

#include "doctor/command.hh"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <sstream>

namespace onlogin {

namespace {

constexpr int patience_ms = 5000;

using Properties = std::map<std::string, std::string>;

// Blocks of NAME=VALUE, with an empty line between them.
std::vector<Properties> read_properties(const std::string& text)
{
    std::vector<Properties> all(1);
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        const auto equals = line.find('=');
        if (line.empty())
            all.emplace_back();
        else if (equals != line.npos)
            all.back()[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return all;
}

bool uses(const Properties& unit, const std::string& config_file)
{
    const auto found = unit.find("ExecStart");
    if (found == unit.end())
        return false;
    const auto& start = found->second;
    if (start.find(" -c " + config_file + ' ') != start.npos)
        return true;
    return config_file == "/etc/onlogin/onlogin.json" && start.find(" -c ") == start.npos;
}

// What systemd itself writes about every end of a service, beside the reason.
bool is_bookkeeping(const std::string& line)
{
    constexpr std::array signs{"Scheduled restart",   "Failed with result",     "Failed to start",
                               "Main process exited", "Start request repeated", "Consumed "};
    constexpr std::array begins{"Starting ", "Started ", "Stopped ", "Stopping "};
    return std::any_of(signs.begin(), signs.end(),
                       [&](const char* sign) { return line.find(sign) != line.npos; }) ||
           std::any_of(begins.begin(), begins.end(),
                       [&](const char* begin) { return line.starts_with(begin); });
}

std::string last_words(const std::string& unit)
{
    const auto journal = run_command(
        {"journalctl", "-u", unit, "-n", "30", "-o", "cat", "--no-pager", "-q"}, patience_ms);
    std::string last;
    std::istringstream lines{journal ? journal->output : ""};
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && !is_bookkeeping(line))
            last = line;
    constexpr std::string_view ours = "onlogin: ";
    return last.starts_with(ours) ? last.substr(ours.size()) : last;
}

} // namespace

std::vector<Service> services_with(const std::string& config_file)
{
    const auto stem = std::filesystem::path{config_file}.stem().string();
    const auto shown = run_command(
        {"systemctl", "show", "--no-pager", "-p",
         "Id,LoadState,ActiveState,SubState,UnitFileState,StatusText,MainPID,ExecStart",
         "onlogin.service", "onlogin-spawn-fcgi.service", "onlogin@" + stem + ".service",
         "onlogin-worker@*.service", "onlogin.socket", "onlogin@" + stem + ".socket"},
        patience_ms);
    auto units = read_properties(shown ? shown->output : "");
    const auto socket_of = [&](const std::string& service) -> std::string {
        const auto name = service.substr(0, service.rfind('.')) + ".socket";
        return std::any_of(units.begin(), units.end(),
                           [&](auto& unit) {
                               return unit["Id"] == name && unit["ActiveState"] == "active";
                           })
                   ? name
                   : "";
    };
    std::vector<Service> services;
    for (auto& unit : units) {
        if (unit["LoadState"] != "loaded" || !uses(unit, config_file))
            continue;
        Service service;
        service.name = unit["Id"];
        service.state = unit["ActiveState"] + " (" + unit["SubState"] + ')';
        const auto& active = unit["ActiveState"];
        service.runs = active == "active" || active == "reloading";
        const bool enabled = unit["UnitFileState"] == "enabled";
        const bool resting = active == "inactive";
        if (resting)
            service.socket = socket_of(service.name);
        if (resting && !enabled && service.socket.empty() && service.name != "onlogin.service")
            continue;
        service.wanted =
            (enabled && service.socket.empty()) || active == "failed" || active == "activating";
        service.pid = static_cast<pid_t>(std::strtol(unit["MainPID"].c_str(), nullptr, 10));
        if (!service.runs && service.wanted)
            service.words =
                unit["StatusText"].empty() ? last_words(service.name) : unit["StatusText"];
        services.push_back(std::move(service));
    }
    return services;
}

} // namespace onlogin
