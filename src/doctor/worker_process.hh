#pragma once

// The workers of this host, from outside: for `onlogin doctor`.

#include "base/unix_account.hh"
#include "doctor/service.hh"

#include <optional>
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

// A process of somebody who has no part in the deployment: nothing of it is read or believed.
struct Stranger
{
    pid_t pid = 0;
    Account account;
};

struct FoundWorkers
{
    std::vector<WorkerProcess> workers;
    std::vector<Stranger> strangers;
};

// The processes that run this very program and listen on a unix socket. Only root sees those of
// others. Any user can run it, with any name, arguments, environment and view of the file system:
// workers are those of root, of this user, of user onlogin and of `users`; the main processes of
// `services`; and those which listen at one of `sockets`, paths that nobody else can put a socket
// at. Their arguments and their environment are read, and of strangers nothing.
FoundWorkers find_workers(const std::vector<Service>& services,
                          const std::vector<std::string>& sockets, const std::vector<uid_t>& users);

// What the worker behind a unix socket answers to the action `health`.
struct WorkerHealth
{
    int status = 0;                // of HTTP; 0: no answer
    std::string failure;           // why there is no answer
    std::optional<uid_t> listener; // who began to listen there; absent: nobody does
};
WorkerHealth ask_health(const std::string& socket_path);

} // namespace onlogin
