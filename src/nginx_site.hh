#pragma once

// Our part of nginx's configuration: the locations that lead to the worker.

#include "nginx_config.hh"

#include <optional>
#include <string>
#include <vector>

namespace onlogin {

struct OurLocation
{
    VisitedLocation at;
    std::vector<std::string> addresses; // of the workers: unix:PATH or HOST:PORT
};

// The locations that pass to an upstream or a socket called onlogin, that are called so themselves,
// or that set a parameter of ours. Valid as long as `main` is.
std::vector<OurLocation> our_locations(const std::vector<Directive>& main);

// The value that `fastcgi_param` gives to `name` in a scope.
std::optional<std::string> fastcgi_param(const Scope& scope, const std::string& name);

// As `location = /onLogin (FILE:LINE)`.
std::string title(const Directive& location);

// Whether a switch of nginx is on.
bool is_on(const Scope& scope, std::string_view name);

// Whether clients may ask it for a login.
bool is_login(const OurLocation& location);

// Where a server listens on this host: TLS if it has any, else the first port.
struct Listen
{
    std::string address; // HOST:PORT to connect to
    std::string port;
    bool tls = false;
};
std::optional<Listen> best_listen(const OurLocation& location);

// The first name of its server that can be asked for; empty: none.
std::string server_name(const OurLocation& location);

} // namespace onlogin
