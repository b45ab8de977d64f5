#pragma once

// The checks of the doctor, one file a place: this host, nginx, the way through nginx, WeChat.

#include "config/config.hh"
#include "doctor/command.hh"
#include "doctor/finding.hh"
#include "doctor/nginx_site.hh"
#include "doctor/worker_process.hh"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

// A login code that nobody ever got: WeChat refuses it with 40029, once it has found appid and
// AppSecret to be right.
inline constexpr std::string_view made_up_code = "onlogin-doctor";

// The running workers of this host.
struct Workers
{
    std::vector<WorkerProcess> ours;   // with the configuration in question
    std::vector<WorkerProcess> others; // with other ones: instances of their own
    std::vector<Stranger> strangers;   // that run this program, too
    std::vector<Service> services;     // with the configuration in question
    // No service is to run here, and nginx leads to no socket of one: a web server starts the
    // worker itself, by CGI or else, as its own user.
    bool by_web_server = false;

    // Whose files are as good as root's: ours, and those of whom the workers run as.
    [[nodiscard]] std::vector<uid_t> trusted_users() const;

    // Who should own what nobody else may read.
    [[nodiscard]] std::string right_owner() const;

    // The other instance that listens on a unix socket, or null.
    [[nodiscard]] const WorkerProcess* other_at(const std::string& socket_path) const;
};

// One way in from outside: a server of nginx with a location that leads to the worker.
struct Front
{
    std::string scheme;             // https, or http if nginx has no TLS here
    std::vector<std::string> names; // of the server, at least one
    std::string port;
    std::string path;       // of the login
    std::string connect_to; // HOST:PORT of this host where nginx listens
};

// A unix socket that a location of ours leads to.
struct SeenSocket
{
    std::string path;
    bool starts_programs = false; // somebody listens who starts us by CGI (fcgiwrap)
};

// What `nginx -V` and `nginx -T` print.
struct NginxFiles
{
    std::optional<CommandResult> version; // absent: there is no nginx
    std::optional<CommandResult> dump;
    std::vector<Directive> main; // empty: nginx refuses it, or this user may not see it

    // The unix sockets of workers that nginx leads to.
    [[nodiscard]] std::vector<std::string> sockets() const;
};
NginxFiles read_nginx();

// What nginx says of itself.
struct NginxSeen
{
    std::string user;               // that its workers run as; empty: unknown
    std::optional<Account> account; // of that user, if there is one
    std::vector<SeenSocket> sockets;
    std::vector<Front> fronts;     // one for each server
    std::vector<std::string> apis; // HOST:PORT where backends call WeChat's open APIs
    std::string first; // what to do before all else: start it, reload it; empty: nothing
};

// Owners and modes of the configuration's files, who runs the workers that use it, and whether they
// have the AppSecrets that are in the files now. `config` may be null.
void check_files(Findings& findings, const std::string& config_file, const Config* config,
                 const Workers& workers);

// The store of ended sessions, if there are sessions: whether a worker can use it, and will be able
// to tomorrow.
void check_store(Findings& findings, const std::string& config_file, const Config& config,
                 const Workers& workers);

// Each unix socket: is it there, does a worker answer, may nginx connect and others not.
void check_sockets(Findings& findings, const NginxSeen& nginx, const Workers& workers);

// nginx's configuration, and whether the nginx that runs has read it. `config` may be null. The
// result is valid as long as `files` is.
NginxSeen check_nginx(Findings& findings, const NginxFiles& files, const Config* config,
                      const Workers& workers);

// Whether headers of told_headers.hh can reach a backend as a client sent them, where nginx asks us
// who a user is.
void check_identity_headers(Findings& findings, const std::vector<Directive>& main,
                            const std::vector<OurLocation>& ours);

// For whose users guarded locations are, where there are several mini programs; and whether nginx
// proves to the worker that it is nginx who asks (internal_key_file).
void check_guards(Findings& findings, const Config& config, const std::vector<Directive>& main,
                  const std::vector<OurLocation>& ours);

// What nginx does for backends: who can reach it, whether guards ask us, where requests go on.
// Notes in `seen` where they call WeChat.
void check_backends(Findings& findings, const std::vector<Directive>& main,
                    const std::vector<OurLocation>& ours, NginxSeen& seen);

// A call of WeChat at `address`, one of nginx.apis, as a backend makes it; it changes nothing.
void check_api(Findings& findings, const std::string& address, const Config& config,
               const NginxSeen& nginx);

// A login with the made-up code through nginx, its certificate, TLS 1.2.
void check_front(Findings& findings, const Front& front, const Config& config,
                 const NginxSeen& nginx);

// Name server, connection, TLS and HTTP version to WeChat, the clock, each appid and AppSecret.
void check_wechat(Findings& findings, const Config& config);

} // namespace onlogin
