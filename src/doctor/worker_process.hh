#pragma once

// The workers of this host, from outside: for `onlogin doctor`.

#include "base/unix_account.hh"

#include <string>
#include <vector>

#include <sys/types.h>

namespace onlogin {

struct WorkerProcess
{
    pid_t pid = 0;
    Account account;                  // that it runs as
    std::string config_file;          // absolute
    std::string credentials;          // its $CREDENTIALS_DIRECTORY; empty: none
    std::vector<std::string> sockets; // paths of the unix sockets that it listens on
};

// The running workers. Only root sees those of others. Any user can run a process that calls itself
// onlogin, and run ours: one counts here whose program is this one, and that listens on a socket
// which it was given: a unix socket that another user made, or its own.
std::vector<WorkerProcess> find_workers();

// What the worker behind a unix socket answers to the action `health`.
struct WorkerHealth
{
    int status = 0;      // of HTTP; 0: no answer
    std::string failure; // why there is no answer
};
WorkerHealth ask_health(const std::string& socket_path);

} // namespace onlogin
