#include "process.hh"

#include "net/url.hh"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

void prepare_process()
{
    // Else the next socket would be one of the three, and the log would go to WeChat.
    int lowest = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (lowest >= 0 && lowest <= 2)
        lowest = open("/dev/null", O_RDWR | O_CLOEXEC);
    close(lowest);

    // A pipe in core_pattern ignores the limit; a process that is not dumpable it leaves alone.
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);

    unsetenv("SSLKEYLOGFILE"); // libcurl would write TLS secrets there
    signal(SIGPIPE, SIG_IGN);

    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

void hold_signals()
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
}

void release_signals()
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool is_listening_socket(int descriptor)
{
    int listening = 0;
    socklen_t size = sizeof listening;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
           listening == 1;
}

OpenDoor open_door(int listener)
{
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(listener, raw, &size) != 0 || address.ss_family == AF_UNIX ||
        getnameinfo(raw, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return {};
    std::string name{host};
    if (address.ss_family == AF_INET6)
        name = "[" + name + "]";
    const std::string who = is_loopback(name) ? "every user of this host" : "the whole network";
    return {name + ':' + port,
            who + " can reach the port and so go past nginx and its limits: use a unix socket "
                  "(spawn-fcgi -s PATH -M 0660)"};
}

Fd take_listening_socket()
{
    Fd listener{fcntl(0, F_DUPFD_CLOEXEC, 3)};
    const Fd null{open("/dev/null", O_RDWR | O_CLOEXEC)};
    if (!listener || !null || dup2(null.get(), 0) != 0)
        throw std::system_error{errno, std::generic_category(), "descriptor 0"};
    return listener;
}

} // namespace onlogin
