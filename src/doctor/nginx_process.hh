#pragma once

// The nginx that runs, and whether it has read what is in its files now.

#include "doctor/finding.hh"
#include "doctor/nginx_config.hh"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace onlogin {

struct NginxProcess
{
    pid_t pid = 0;   // of the master
    double read = 0; // when it read its configuration, Unix time: its oldest worker began then
};

// The one that has the pid file which `main` names, or the default of `version` (`nginx -V`).
// Absent: none runs.
std::optional<NginxProcess> find_nginx(const std::vector<Directive>& main,
                                       const std::string& version);

// Whether files have changed since: those of `dump` (`nginx -T`), the certificates that `main`
// names and the directories that it includes. nginx goes on reading them when `systemctl reload`
// has ended: it has two seconds for that. Returns what to do to have nginx read them: what else
// nginx seems to do wrong may be mended by that. Empty: it has read them.
std::string check_loaded(Findings& findings, const NginxProcess& process, std::string_view dump,
                         const std::vector<Directive>& main, const std::string& version);

// That none runs, and what mends it: another program may have one of its ports.
std::string check_not_running(Findings& findings, const std::vector<Directive>& main);

} // namespace onlogin
