#include "doctor/processes.hh"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <unistd.h>

namespace onlogin {

namespace {

namespace fs = std::filesystem;

std::string directory_of(pid_t pid)
{
    return "/proc/" + std::to_string(pid);
}

double seconds(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// The lines of a table of /proc/net, but for its head, in words.
std::vector<std::vector<std::string>> rows_of(const std::string& file)
{
    std::vector<std::vector<std::string>> rows;
    std::ifstream lines{file};
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::istringstream text{line};
        auto& row = rows.emplace_back();
        for (std::string word; text >> word;)
            row.push_back(word);
    }
    return rows;
}

// sl local_address rem_address st … uid timeout inode; numbers are hexadecimal.
std::set<std::string> listening_inodes(const std::string& port)
{
    constexpr const char* listening = "0A";
    std::set<std::string> inodes;
    unsigned number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    char suffix[8];
    snprintf(suffix, sizeof suffix, ":%04X", number & 0xffff);
    for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"})
        for (const auto& row : rows_of(table))
            if (row.size() > 9 && row[3] == listening && row[1].ends_with(suffix))
                inodes.insert(row[9]);
    return inodes;
}

} // namespace

std::string read_proc(const std::string& file)
{
    constexpr std::size_t most = 131'072;
    std::string text(most, '\0');
    std::ifstream stream{file, std::ios::binary};
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

std::optional<Process> find_process(pid_t pid)
{
    Process process;
    process.pid = pid;
    // pid (name) state ppid …: a name may hold brackets and spaces.
    const auto text = read_proc(directory_of(pid) + "/stat");
    const auto open = text.find('('), close = text.rfind(')');
    if (open == text.npos || close == text.npos || close < open)
        return std::nullopt;
    process.name = text.substr(open + 1, close - open - 1);
    std::istringstream rest{text.substr(close + 1)};
    std::vector<std::string> fields;
    for (std::string field; rest >> field;)
        fields.push_back(field);
    constexpr std::size_t parent = 1, start = 19; // fields 4 and 22, counted as proc(5) does
    if (fields.size() <= start)
        return std::nullopt;
    process.parent = static_cast<pid_t>(std::stol(fields[parent]));
    process.started = seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME) +
                      std::stod(fields[start]) / static_cast<double>(sysconf(_SC_CLK_TCK));

    std::istringstream lines{read_proc(directory_of(pid) + "/status")};
    for (std::string line; std::getline(lines, line);) {
        uid_t real = 0, effective = 0;
        if (line.starts_with("Uid:") && std::istringstream{line.substr(4)} >> real >> effective) {
            process.uid = effective;
            return process;
        }
    }
    return std::nullopt;
}

std::vector<Process> all_processes()
{
    std::vector<Process> processes;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{"/proc", error}) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (bad != std::errc{} || *end != '\0')
            continue;
        if (auto process = find_process(pid))
            processes.push_back(std::move(*process));
    }
    return processes;
}

std::vector<std::string> sockets_of(pid_t pid)
{
    constexpr std::string_view mark = "socket:[";
    std::vector<std::string> inodes;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{directory_of(pid) + "/fd", error}) {
        const auto target = fs::read_symlink(entry.path(), error).string();
        if (target.starts_with(mark))
            inodes.push_back(target.substr(mark.size(), target.size() - mark.size() - 1));
    }
    return inodes;
}

std::string unit_of(pid_t pid)
{
    constexpr std::string_view system = ":/system.slice/";
    std::istringstream lines{read_proc(directory_of(pid) + "/cgroup")};
    for (std::string line; std::getline(lines, line);)
        if (const auto at = line.find(system); at != line.npos) {
            const std::filesystem::path path{line.substr(at + system.size())};
            for (const auto& part : path)
                if (part.extension() == ".service")
                    return part.string();
        }
    return {};
}

std::optional<Process> listener_of(const std::string& port)
{
    const auto inodes = listening_inodes(port);
    if (inodes.empty())
        return std::nullopt;
    for (auto& process : all_processes()) {
        const auto open = sockets_of(process.pid);
        if (std::any_of(open.begin(), open.end(),
                        [&](const auto& inode) { return inodes.contains(inode); }))
            return process;
    }
    return std::nullopt;
}

} // namespace onlogin
