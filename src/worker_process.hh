#pragma once

// The workers of this host, from outside: for `onlogin doctor`.

#include "account.hh"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace onlogin {

struct WorkerProcess
{
    pid_t pid = 0;
    Account account;         // that it runs as
    std::string credentials; // its $CREDENTIALS_DIRECTORY; empty: none, or only root may know
};

// The running workers that use `config_file`, an absolute path.
std::vector<WorkerProcess> find_workers(const std::string& config_file);

// What the worker behind a unix socket answers to the action `health`.
struct WorkerHealth
{
    int status = 0;      // of HTTP; 0: no answer
    std::string failure; // why there is no answer
};
WorkerHealth ask_health(const std::string& socket_path);

} // namespace onlogin
