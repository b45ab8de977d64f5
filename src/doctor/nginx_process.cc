#include "doctor/nginx_process.hh"

#include "doctor/nginx_listen.hh"
#include "doctor/processes.hh"

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <functional>
#include <set>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_mark = "# configuration file ";

std::string option_of(const std::string& version, std::string_view name)
{
    const auto at = version.find(name);
    if (at == version.npos)
        return {};
    const auto begin = at + name.size();
    return version.substr(begin, version.find_first_of(" \n", begin) - begin);
}

// Where nginx writes its process id. A relative path is one below the prefix, which an option can
// change; most often the configuration stands there, too.
std::vector<std::string> pid_files(const std::vector<Directive>& main, const std::string& version)
{
    const auto set = Scope{main}.value("pid");
    const fs::path file = set ? *set : option_of(version, "--pid-path=");
    if (file.empty() || file.is_absolute())
        return {file.string()};
    std::vector<std::string> files{(fs::path{option_of(version, "--prefix=")} / file).string()};
    if (!main.empty())
        files.push_back((fs::path{main.front().file}.parent_path() / file).string());
    return files;
}

bool is_nginx(const Process& process)
{
    return process.name == "nginx" && (process.uid == 0 || process.uid == geteuid());
}

std::optional<Process> find_master(const std::vector<Directive>& main, const std::string& version)
{
    for (const auto& file : pid_files(main, version)) {
        const auto text = read_proc(file);
        const auto pid = static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
        auto process = pid > 0 ? find_process(pid) : std::nullopt;
        if (process && is_nginx(*process))
            return process;
    }
    return std::nullopt;
}

// A worker of the configuration before, which still answers what it was asked.
bool is_leaving(const Process& worker)
{
    return read_proc("/proc/" + std::to_string(worker.pid) + "/cmdline").find("shutting down") !=
           std::string::npos;
}

// When the entry itself or what it leads to was made or changed last; 0: it is not there.
double changed(const std::string& path)
{
    double last = 0;
    for (const auto look : {stat, lstat}) {
        struct stat status
        {};
        if (look(path.c_str(), &status) == 0)
            last = std::max(last, static_cast<double>(status.st_ctim.tv_sec) +
                                      static_cast<double>(status.st_ctim.tv_nsec) / 1e9);
    }
    return last;
}

std::set<std::string> files_of(std::string_view dump, const std::vector<Directive>& main)
{
    std::set<std::string> files;
    std::string directory;
    for (std::size_t at = 0; at < dump.size();) {
        const auto end = std::min(dump.find('\n', at), dump.size());
        const auto line = dump.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with(file_mark) || !line.ends_with(':'))
            continue;
        const std::string file{line.substr(file_mark.size(), line.size() - file_mark.size() - 1)};
        if (files.empty())
            directory = fs::path{file}.parent_path().string();
        files.insert(file);
    }
    // A file that went leaves its trace in the directory.
    constexpr std::string_view include = "include ";
    for (auto at = dump.find(include); at != dump.npos; at = dump.find(include, at + 1)) {
        const auto begin = at + include.size();
        const auto pattern = dump.substr(begin, dump.find_first_of(";\n", begin) - begin);
        if (pattern.find_first_of("*?[") != pattern.npos && pattern.find('#') == pattern.npos)
            files.insert((fs::path{directory} / pattern).parent_path().string());
    }
    const std::function<void(const std::vector<Directive>&)> add = [&](const auto& block) {
        for (const auto& directive : block) {
            if ((directive.name == "ssl_certificate" || directive.name == "ssl_certificate_key") &&
                !directive.args.empty() &&
                directive.args[0].find_first_of("$:") == std::string::npos)
                files.insert((fs::path{directory} / directive.args[0]).string());
            add(directive.block);
        }
    };
    add(main);
    return files;
}

std::string clock_text(double time, bool seconds)
{
    const auto then = static_cast<std::time_t>(time), now = std::time(nullptr);
    std::tm parts{}, today{};
    localtime_r(&then, &parts);
    localtime_r(&now, &today);
    const bool same_day = parts.tm_yday == today.tm_yday && parts.tm_year == today.tm_year;
    char text[32] = "";
    strftime(text, sizeof text,
             same_day && seconds ? "%H:%M:%S"
             : same_day          ? "%H:%M"
                                 : "%Y-%m-%d %H:%M",
             &parts);
    return text;
}

} // namespace

std::optional<NginxProcess> find_nginx(const std::vector<Directive>& main,
                                       const std::string& version)
{
    const auto master = find_master(main, version);
    if (!master)
        return std::nullopt;
    NginxProcess found{master->pid, 0};
    for (const auto& process : all_processes())
        if (process.parent == master->pid && process.name == "nginx" && !is_leaving(process) &&
            (found.read == 0 || process.started < found.read))
            found.read = process.started;
    if (found.read == 0) // it has none: `master_process off`
        found.read = master->started;
    return found;
}

namespace {

// Whether nginx has read its files, or does so now, after `time`.
bool reads_within_two_seconds(const std::vector<Directive>& main, const std::string& version,
                              double time)
{
    for (int turn = 0; turn < 20; ++turn) {
        poll(nullptr, 0, 100); // a pause
        if (const auto process = find_nginx(main, version); process && process->read >= time)
            return true;
    }
    return false;
}

} // namespace

std::string check_loaded(Findings& findings, const NginxProcess& process, std::string_view dump,
                         const std::vector<Directive>& main, const std::string& version)
{
    constexpr double inaccuracy_s = 0.02; // the times of processes and files, taken together
    std::string newest;
    double last = process.read + inaccuracy_s;
    for (const auto& file : files_of(dump, main))
        if (const auto time = changed(file); time > last) {
            last = time;
            newest = file;
        }
    if (newest.empty() || reads_within_two_seconds(main, version, last))
        return {};
    const bool seconds = last - process.read < 120; // else both may be one minute
    findings.bad("nginx",
                 "process " + std::to_string(process.pid) + ": it still has the configuration of " +
                     clock_text(process.read, seconds) + ", and " + newest + " changed at " +
                     clock_text(last, seconds),
                 "reload nginx: systemctl reload nginx; if it says this again, the error log of "
                 "nginx says why it kept the old one");
    return "reload nginx, see above";
}

std::string check_not_running(Findings& findings, const std::vector<Directive>& main)
{
    std::set<std::string> ports;
    for (const auto& http : main)
        for (const auto& server : http.block)
            if (http.name == "http" && server.name == "server")
                for (const auto& door : doors_of(server))
                    if (door.unix_path.empty())
                        ports.insert(door.port);
    for (const auto& port : ports)
        if (const auto other = listener_of(port)) {
            const auto unit = unit_of(other->pid);
            auto mend = unit == "nginx.service" ? "systemctl restart nginx"
                        : unit.empty()
                            ? "kill " + std::to_string(other->pid) + "; systemctl start nginx"
                            : "systemctl disable --now " + unit + "; systemctl start nginx";
            findings.bad("nginx",
                         "it does not run, and port " + port + ", where it is to listen, has " +
                             other->name + " (process " + std::to_string(other->pid) + ")",
                         mend);
            return mend;
        }
    findings.bad("nginx", "it does not run",
                 "systemctl start nginx; if it fails, journalctl -u nginx says why");
    return "systemctl start nginx";
}

} // namespace onlogin
