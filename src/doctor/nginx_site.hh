#pragma once

// Our part of nginx's configuration: the locations that lead to the worker.

#include "doctor/nginx_config.hh"

#include <optional>
#include <string>
#include <vector>

namespace onlogin {

struct OurLocation
{
    VisitedLocation at;
    std::vector<std::string> addresses; // of the workers: unix:PATH or HOST:PORT
};

// The locations that pass to an upstream or a socket called onlogin, or to one of `sockets`, paths
// where a worker listens; that are called so themselves; or that set a parameter of ours. Valid as
// long as `main` is.
std::vector<OurLocation> our_locations(const std::vector<Directive>& main,
                                       const std::vector<std::string>& sockets = {});

// The value that `fastcgi_param` gives to `name` in a scope.
std::optional<std::string> fastcgi_param(const Scope& scope, const std::string& name);

// Whether it names us: a path, a socket, an upstream.
bool holds_onlogin(std::string text);

// As `location = /onLogin (FILE:LINE)`; an `if` in a location is one, too.
std::string title(const Directive& location);

// Whether a switch of nginx is on.
bool is_on(const Scope& scope, std::string_view name);

// Whether clients may ask it for a login.
bool is_login(const OurLocation& location);

// Whether it is for backends alone, who are taken for the mini program itself: access tokens,
// signatures.
bool is_for_backends(const OurLocation& location);

// Where others than this host may reach a server, as its `listen` has it.
std::vector<std::string> open_listens(const Directive& server);

// The HOST:PORT that a location's own `proxy_pass` leads to; localhost is 127.0.0.1. None without.
std::vector<std::string> proxied_addresses(const Directive& location,
                                           const std::vector<Directive>& main);

// Where a server listens on this host: with TLS if it does anywhere, else the first port. What one
// server says of a port (ssl, proxy_protocol) holds for all servers there.
struct Listen
{
    std::string address; // HOST:PORT to connect to
    std::string port;
    bool tls = false;
};
std::optional<Listen> best_listen(const OurLocation& location, const std::vector<Directive>& main);

// The names of its server that can be asked for.
std::vector<std::string> server_names(const OurLocation& location);

} // namespace onlogin
