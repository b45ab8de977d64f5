#pragma once

// Where the servers of nginx listen.

#include "doctor/nginx_config.hh"

#include <optional>
#include <string>
#include <vector>

namespace onlogin {

// One `listen` of a server.
struct Door
{
    std::string unix_path; // or, if that is empty:
    std::string host;      // as it is written; * for a port alone
    std::string port;      // a number
    const Directive* listen = nullptr;
};

// All of a server's; of one that does not say it *:80, with no directive. Valid as long as the
// server is.
std::vector<Door> doors_of(const Directive& server);

// Where others than this host may reach a server, as its `listen` has it. nginx looks names up
// once, and who knows what it finds: a name other than localhost is open.
std::vector<std::string> open_listens(const Directive& server);

// Where a server listens on this host: with TLS if it does anywhere, else the first port. What one
// server says of a port (ssl, proxy_protocol) holds for all servers there.
struct Listen
{
    std::string address; // HOST:PORT to connect to
    std::string port;
    bool tls = false;
};
std::optional<Listen> best_listen(const VisitedLocation& at, const std::vector<Directive>& main);

} // namespace onlogin
