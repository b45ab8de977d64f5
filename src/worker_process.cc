#include "worker_process.hh"

#include "fcgi_records.hh"
#include "fd.hh"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

namespace onlogin {

namespace {

namespace fs = std::filesystem;

constexpr const char* program_name = "onlogin";

std::string contents(const fs::path& file)
{
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

// What /proc separates by NUL.
std::vector<std::string> words_of(const fs::path& file)
{
    std::istringstream text{contents(file)};
    std::vector<std::string> words;
    for (std::string word; std::getline(text, word, '\0');)
        words.push_back(word);
    return words;
}

std::string variable(const std::vector<std::string>& environment, const std::string& name)
{
    for (const auto& entry : environment)
        if (entry.starts_with(name + '='))
            return entry.substr(name.size() + 1);
    return {};
}

std::string config_file_of(const fs::path& process, const std::vector<std::string>& arguments,
                           const std::vector<std::string>& environment)
{
    std::string file = variable(environment, "ONLOGIN_CONFIG");
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (arguments[i] == "-c" && i + 1 < arguments.size())
            file = arguments[i + 1];
        else if (arguments[i].starts_with("-c"))
            file = arguments[i].substr(2);
    }
    if (file.empty())
        return "/etc/onlogin/onlogin.json";
    if (file.front() == '/')
        return file;
    std::error_code error;
    return (fs::read_symlink(process / "cwd", error) / file).string();
}

bool is_same(const std::string& a, const std::string& b)
{
    std::error_code error;
    return a == b || fs::equivalent(a, b, error);
}

uid_t effective_uid(const fs::path& process)
{
    std::istringstream lines{contents(process / "status")};
    for (std::string line; std::getline(lines, line);) {
        uid_t real = 0, effective = 0;
        if (line.starts_with("Uid:") && std::istringstream{line.substr(4)} >> real >> effective)
            return effective;
    }
    return 0;
}

} // namespace

std::vector<WorkerProcess> find_workers(const std::string& config_file)
{
    std::vector<WorkerProcess> workers;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{"/proc", error}) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (bad != std::errc{} || *end != '\0' || pid == getpid() ||
            contents(entry.path() / "comm") != std::string{program_name} + '\n')
            continue;
        const auto arguments = words_of(entry.path() / "cmdline");
        const auto environment = words_of(entry.path() / "environ");
        if (std::find(arguments.begin(), arguments.end(), "doctor") != arguments.end() ||
            !is_same(config_file_of(entry.path(), arguments, environment), config_file))
            continue;
        workers.push_back({pid, account_of(effective_uid(entry.path())),
                           variable(environment, "CREDENTIALS_DIRECTORY")});
    }
    return workers;
}

WorkerHealth ask_health(const std::string& socket_path)
{
    constexpr timeval patience{3, 0};
    WorkerHealth health;
    const auto fail = [&](const std::string& what) {
        health.failure = what;
        return health;
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path)
        return fail("the path is too long for a socket");
    std::copy(socket_path.begin(), socket_path.end(), address.sun_path);
    const Fd connection{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail(strerror(errno));

    const auto request = request_records(
        {{"REQUEST_METHOD", "GET"}, {"SCRIPT_NAME", "/health"}, {"ONLOGIN_ACTION", "health"}});
    if (send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
        return fail(strerror(errno));
    std::string answer;
    for (;;) {
        char chunk[4096];
        const auto count = recv(connection.get(), chunk, sizeof chunk, 0);
        if (count < 0)
            return fail(errno == EAGAIN ? "no answer within 3 s" : strerror(errno));
        if (count == 0 || answer.size() > 65'536)
            break;
        answer.append(chunk, static_cast<std::size_t>(count));
    }
    // The worker sends its answers so; whatever else is there speaks otherwise.
    constexpr std::string_view mark = "Status: ";
    const auto at = answer.find(mark);
    if (at == answer.npos)
        return fail(answer.empty() ? "the connection was closed without an answer"
                                   : "what answers there is no onlogin");
    std::from_chars(answer.data() + at + mark.size(), answer.data() + answer.size(), health.status);
    return health;
}

} // namespace onlogin
