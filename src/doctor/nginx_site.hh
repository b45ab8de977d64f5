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
    std::vector<std::string> addresses; // of the workers: unix:PATH or HOST:PORT, or with variables
    std::vector<std::string> actions; // that it may ask for, with unknown_part (nginx_variables.hh)
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

// Whether the request decides what it asks for, by a variable. Then it may ask for all.
bool lets_clients_choose(const OurLocation& location);

// The names of its server that can be asked for.
std::vector<std::string> server_names(const OurLocation& location);

} // namespace onlogin
