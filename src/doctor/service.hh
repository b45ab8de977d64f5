#pragma once

// systemd's services that run the worker, as systemctl tells of them.

#include <string>
#include <vector>

#include <sys/types.h>

namespace onlogin {

struct Service
{
    std::string name;    // onlogin.service
    std::string state;   // as `systemctl status` has it: active (running), failed
    bool runs = false;   // with a worker that is ready
    bool wanted = false; // is to run: enabled, or started and failed
    std::string socket;  // that of systemd's which starts it with the next login; empty: none
    pid_t pid = 0;       // of its main process; 0: none
    std::string words;   // why it does not run, its own last words; empty: unknown
};

// The services called onlogin… that use the configuration, but for those that nobody has switched
// on, unless it is onlogin.service. None without systemd.
std::vector<Service> services_with(const std::string& config_file);

} // namespace onlogin
