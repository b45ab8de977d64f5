#pragma once

// Where a location of nginx hands requests on to: what `proxy_pass` and its kind name, through
// variables and upstreams, as far as the configuration tells.

#include "doctor/nginx_config.hh"
#include "doctor/nginx_variables.hh"

#include <string>
#include <vector>

namespace onlogin {

// A place that a request may go on to.
struct Place
{
    std::string unix_path;  // or, if that is empty:
    std::string host;       // empty: not known
    std::string port;       // its end may be unknown_part
    bool is_certain = true; // else a variable decides
};

// The places that the argument of `proxy_pass`, `grpc_pass` or `fastcgi_pass` names.
std::vector<Place> places_of(const std::string& target, const Directive& server,
                             const std::vector<Directive>& main);

enum class Reach
{
    No,
    Perhaps, // a variable decides
    Yes,
};

// Whether a connection to `place` comes to `server`. Looks names up if the port is the server's.
Reach reach(const Place& place, const Directive& server);

// A way to a server from outside: a location, or a server of the module `stream`.
struct Way
{
    const Directive& from;
    Reach reach = Reach::No; // Yes or Perhaps
};

// How clients of other hosts are handed to `goal`: from a server that they reach, by themselves or
// through others of this nginx.
std::vector<Way> ways_from_outside(const Directive& goal, const std::vector<Directive>& main);

} // namespace onlogin
