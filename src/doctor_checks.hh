#pragma once

// The checks of the doctor, one file a place: this host, nginx, the way through nginx, WeChat.

#include "config.hh"
#include "finding.hh"
#include "nginx_site.hh"

#include <optional>
#include <string>
#include <vector>

namespace onlogin {

// A login code that nobody ever got: WeChat refuses it with 40029, once it has found appid and
// AppSecret to be right.
inline constexpr std::string_view made_up_code = "onlogin-doctor";

// One way in from outside: a location of nginx that leads to the worker.
struct Front
{
    std::string scheme; // https, or http if nginx has no TLS here
    std::string name;   // of the server
    std::string port;
    std::string path;       // of the login
    std::string connect_to; // HOST:PORT of this host where nginx listens
};

// What nginx says of itself.
struct NginxSeen
{
    bool running_user_known = false;
    std::string user;                 // that its workers run as
    std::vector<std::string> sockets; // paths of the unix sockets that our locations lead to
    std::vector<Front> fronts;        // one for each server
};

// Owners and modes of the configuration's files, and who runs the workers that use it.
void check_files(Findings& findings, const std::string& config_file, const Config* config);

// Each unix socket: is it there, does a worker answer, may nginx connect and others not.
void check_sockets(Findings& findings, const NginxSeen& nginx);

// nginx's configuration, as `nginx -T` prints it. `config` may be null.
NginxSeen check_nginx(Findings& findings, const Config* config);

// Whether X-WX-* that a client sends can reach a backend, where nginx asks us who a user is.
void check_identity_headers(Findings& findings, const std::vector<Directive>& main,
                            const std::vector<OurLocation>& ours);

// A login with the made-up code through nginx, its certificate, TLS 1.2.
void check_front(Findings& findings, const Front& front, const Config& config);

// Name server, connection, TLS and HTTP version to WeChat, the clock, each appid and AppSecret.
void check_wechat(Findings& findings, const Config& config);

} // namespace onlogin
