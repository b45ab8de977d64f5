#include "doctor/worker_process.hh"

#include "base/fd.hh"
#include "gateway/fcgi_records.hh"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

namespace onlogin {

namespace {

namespace fs = std::filesystem;

// What stands in a file of /proc. Others decide how long it is, so not more than this.
std::string contents(const fs::path& file)
{
    constexpr std::size_t most = 131'072;
    std::string text(most, '\0');
    std::ifstream stream{file, std::ios::binary};
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

// What /proc separates by NUL.
std::vector<std::string> words_of(const fs::path& file)
{
    constexpr std::size_t most = 1000;
    std::istringstream text{contents(file)};
    std::vector<std::string> words;
    for (std::string word; words.size() < most && std::getline(text, word, '\0');)
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

// Whether the process runs this very program, or the one that was in its place before an upgrade.
bool runs_our_program(const fs::path& process)
{
    struct stat theirs
    {
    }, ours{};
    if (stat((process / "exe").c_str(), &theirs) != 0 || stat("/proc/self/exe", &ours) != 0)
        return false;
    if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino)
        return true;
    std::error_code error;
    const auto path = fs::read_symlink(process / "exe", error).string();
    const auto own = fs::read_symlink("/proc/self/exe", error).string();
    return path == own + " (deleted)" && theirs.st_uid == 0;
}

// The paths of listening unix sockets by their inode, as /proc/net/unix has them:
// Num RefCount Protocol Flags Type St Inode Path
std::map<std::string, std::string> listening_sockets()
{
    constexpr std::string_view listening = "00010000"; // __SO_ACCEPTCON
    std::map<std::string, std::string> sockets;
    std::ifstream lines{"/proc/net/unix"};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string number, references, protocol, flags, type, state, inode, path;
        words >> number >> references >> protocol >> flags >> type >> state >> inode >> path;
        if (flags == listening && path.starts_with('/'))
            sockets[inode] = path;
    }
    return sockets;
}

std::vector<std::string> sockets_of(const fs::path& process,
                                    const std::map<std::string, std::string>& listening)
{
    constexpr std::string_view mark = "socket:[";
    std::vector<std::string> paths;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{process / "fd", error}) {
        const auto target = fs::read_symlink(entry.path(), error).string();
        if (!target.starts_with(mark))
            continue;
        const auto found =
            listening.find(target.substr(mark.size(), target.size() - mark.size() - 1));
        if (found != listening.end())
            paths.push_back(found->second);
    }
    return paths;
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

std::vector<WorkerProcess> find_workers()
{
    std::vector<WorkerProcess> workers;
    const auto listening = listening_sockets();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{"/proc", error}) {
        const auto& process = entry.path();
        const auto name = process.filename().string();
        pid_t pid = 0;
        const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (bad != std::errc{} || *end != '\0' || pid == getpid() || !runs_our_program(process))
            continue;
        auto sockets = sockets_of(process, listening);
        if (sockets.empty())
            continue;
        const auto environment = words_of(process / "environ");
        workers.push_back({pid, account_of(effective_uid(process)),
                           config_file_of(process, words_of(process / "cmdline"), environment),
                           variable(environment, "CREDENTIALS_DIRECTORY"), std::move(sockets)});
    }
    return workers;
}

WorkerHealth ask_health(const std::string& socket_path)
{
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::seconds patience{3};
    constexpr std::size_t most = 65'536;
    const auto deadline = Clock::now() + patience;
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
    const timeval bound{patience.count(), 0};
    setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound);
    if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail(errno == EAGAIN ? "its queue is full" : strerror(errno));

    const auto request = request_records(
        {{"REQUEST_METHOD", "GET"}, {"SCRIPT_NAME", "/health"}, {"ONLOGIN_ACTION", "health"}});
    if (send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
        return fail(strerror(errno));
    std::string answer;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd ready{connection.get(), POLLIN, 0};
        if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) == 0)
            return fail("no answer within 3 s");
        char chunk[4096];
        const auto count = recv(connection.get(), chunk, sizeof chunk, 0);
        if (count < 0)
            return fail(strerror(errno));
        if (count == 0 || answer.size() > most)
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
