#include "doctor/command.hh"

#include "base/fd.hh"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

namespace onlogin {

namespace {

constexpr std::size_t most_output = 16 << 20;

// A root shell by `su` has the user's $PATH, without these.
constexpr const char* administrators[] = {"/usr/local/sbin", "/usr/sbin", "/sbin",
                                          "/usr/local/nginx/sbin", "/usr/local/openresty/bin"};

std::optional<std::string> find_program(const std::string& name)
{
    const char* const named = getenv("PATH");
    std::string path = named ? named : "/usr/local/bin:/usr/bin:/bin";
    for (const char* directory : administrators)
        path += std::string{":"} + directory;
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find(':', at), path.size());
        const auto program = path.substr(at, end - at) + '/' + name;
        if (program[0] == '/' && access(program.c_str(), X_OK) == 0)
            return program;
        at = end + 1;
    }
    return std::nullopt;
}

struct Pipe
{
    Fd out, in;

    Pipe()
    {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) == 0) {
            out = Fd{ends[0]};
            in = Fd{ends[1]};
        }
    }
};

// Reads both to their ends, or until the time is up.
bool read_all(std::array<Pipe, 2>& pipes, std::array<std::string*, 2> texts, int timeout_ms)
{
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::milliseconds{timeout_ms};
    for (;;) {
        std::array<pollfd, 2> ready{pollfd{pipes[0].out.get(), POLLIN, 0},
                                    pollfd{pipes[1].out.get(), POLLIN, 0}};
        if (ready[0].fd < 0 && ready[1].fd < 0)
            return true;
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0 || poll(ready.data(), ready.size(), static_cast<int>(left)) == 0)
            return false;
        for (std::size_t i = 0; i < ready.size(); ++i) {
            if (!ready[i].revents)
                continue;
            char chunk[8192];
            const auto count = read(ready[i].fd, chunk, sizeof chunk);
            if (count <= 0)
                pipes[i].out = Fd{};
            else if (texts[i]->size() < most_output)
                texts[i]->append(chunk, static_cast<std::size_t>(count));
        }
    }
}

} // namespace

std::optional<CommandResult> run_command(const std::vector<std::string>& words, int timeout_ms)
{
    const auto program = find_program(words.at(0));
    if (!program)
        return std::nullopt;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const auto& word : words)
        arguments.push_back(const_cast<char*>(word.c_str())); // posix_spawn does not write to them
    arguments.push_back(nullptr);

    std::array<Pipe, 2> pipes;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, pipes[0].in.get(), 1);
    posix_spawn_file_actions_adddup2(&files, pipes[1].in.get(), 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t child = 0;
    const int error =
        posix_spawn(&child, program->c_str(), &files, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0)
        return std::nullopt;

    CommandResult result;
    pipes[0].in = Fd{};
    pipes[1].in = Fd{};
    if (!read_all(pipes, {&result.output, &result.errors}, timeout_ms))
        kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

} // namespace onlogin
