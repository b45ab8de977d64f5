#include "doctor/worker_process.hh"

#include "base/fd.hh"
#include "doctor/owners.hh"
#include "doctor/processes.hh"
#include "doctor/unix_sockets.hh"
#include "gateway/fcgi_records.hh"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace onlogin {

namespace {

namespace fs = std::filesystem;

// What /proc separates by NUL.
std::vector<std::string> words_of(const fs::path& file)
{
    constexpr std::size_t most = 1000;
    std::istringstream text{read_proc(file)};
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

// The attributes as the kernel has them: whoever made the file system that it is on is not asked.
bool look_at(const fs::path& file, struct statx& status)
{
    return statx(AT_FDCWD, file.c_str(), AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &status) == 0;
}

// Whether the process runs this very program, or the one that was in its place before an upgrade.
bool runs_our_program(const fs::path& process)
{
    struct statx theirs
    {
    }, ours{};
    if (!look_at(process / "exe", theirs) || !look_at("/proc/self/exe", ours))
        return false;
    if (theirs.stx_dev_major == ours.stx_dev_major && theirs.stx_dev_minor == ours.stx_dev_minor &&
        theirs.stx_ino == ours.stx_ino)
        return true;
    std::error_code error;
    const auto path = fs::read_symlink(process / "exe", error).string();
    const auto own = fs::read_symlink("/proc/self/exe", error).string();
    return path == own + " (deleted)" && theirs.stx_uid == 0;
}

bool contains(const auto& list, const auto& value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

// Where systemd has put secrets for it; a directory of the user's own is none.
std::string credentials_of(const std::vector<std::string>& environment)
{
    auto directory = variable(environment, "CREDENTIALS_DIRECTORY");
    if (directory.empty() || directory.starts_with("/run/credentials/") ||
        !find_weakness(directory, {geteuid()}))
        return directory;
    return {};
}

// Whether only root can make a socket there, or only this user, because root gave him the place.
bool is_place_of(uid_t user, const std::string& path)
{
    const auto weakness = find_weakness(path, {});
    return !weakness || (weakness->by_owner && weakness->owner == user && !weakness->is_shared &&
                         !find_weakness(path, {user}));
}

bool is_at_one_of(const ListeningSocket& socket, uid_t user, const std::vector<std::string>& paths)
{
    return std::any_of(paths.begin(), paths.end(), [&](const auto& path) {
        return is_at(socket, path) && is_place_of(user, path);
    });
}

} // namespace

FoundWorkers find_workers(const std::vector<Service>& services,
                          const std::vector<std::string>& sockets, const std::vector<uid_t>& users)
{
    FoundWorkers found;
    const auto listening = listening_sockets();
    const auto usual = find_account("onlogin");
    for (const auto& process : all_processes()) {
        const fs::path directory{"/proc/" + std::to_string(process.pid)};
        if (process.pid == getpid() || !runs_our_program(directory))
            continue;
        const auto open = sockets_of(process.pid);
        std::vector<std::string> paths;
        bool believed = process.uid == 0 || process.uid == geteuid() ||
                        (usual && usual->uid == process.uid) || contains(users, process.uid) ||
                        std::any_of(services.begin(), services.end(), [&](const auto& service) {
                            return service.pid == process.pid;
                        });
        for (const auto& socket : listening)
            if (contains(open, socket.inode)) {
                paths.push_back(socket.path);
                believed = believed || is_at_one_of(socket, process.uid, sockets);
            }
        if (paths.empty())
            continue;
        if (!believed) {
            found.strangers.push_back({process.pid, account_of(process.uid)});
            continue;
        }
        const auto environment = words_of(directory / "environ");
        found.workers.push_back(
            {process.pid, account_of(process.uid),
             config_file_of(directory, words_of(directory / "cmdline"), environment),
             credentials_of(environment), std::move(paths)});
    }
    return found;
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
    ucred listener{};
    socklen_t size = sizeof listener;
    if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &listener, &size) == 0)
        health.listener = listener.uid;

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
