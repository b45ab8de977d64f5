#pragma once

// The processes of this host, by what the kernel says of them: nothing that they can choose
// themselves, but for `name`.

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace onlogin {

struct Process
{
    pid_t pid = 0;
    pid_t parent = 0;
    uid_t uid = 0; // effective
    std::string name;
    double started = 0; // Unix time, to a hundredth of a second
};

// All that this user may see.
std::vector<Process> all_processes();
std::optional<Process> find_process(pid_t pid);

// The inodes of the sockets that a process has open, as /proc has them: numbers. Only root sees
// those of others.
std::vector<std::string> sockets_of(pid_t pid);

// systemd's unit that it belongs to, as nginx.service; empty: none, or one of a user's own.
std::string unit_of(pid_t pid);

// A process that listens on a TCP port of this host. Absent: none, or none that this user may see.
std::optional<Process> listener_of(const std::string& port);

// What stands in a file of /proc, up to 128 KiB. Whoever runs a process decides what is in
// `cmdline` and `environ` of it, and how long the kernel takes to read them.
std::string read_proc(const std::string& file);

} // namespace onlogin
