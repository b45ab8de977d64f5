#include "doctor/nginx_site.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>

#include <arpa/inet.h>

namespace onlogin {

namespace {

bool has(const Directive& directive, const char* word)
{
    return std::find(directive.args.begin(), directive.args.end(), word) != directive.args.end();
}

using Upstreams = std::map<std::string, std::vector<std::string>>;

Upstreams upstreams_of(const std::vector<Directive>& main)
{
    Upstreams upstreams;
    for (const auto& http : main)
        for (const auto& upstream : http.block)
            if (upstream.name == "upstream" && !upstream.args.empty())
                for (const auto& server : upstream.block)
                    if (server.name == "server" && !server.args.empty() && !has(server, "down"))
                        upstreams[upstream.args[0]].push_back(server.args[0]);
    return upstreams;
}

// The addresses behind what `fastcgi_pass` names.
std::vector<std::string> addresses_of(const std::string& target, const Upstreams& upstreams)
{
    const auto found = upstreams.find(target);
    return found == upstreams.end() ? std::vector{target} : found->second;
}

struct Port
{
    std::string host;
    std::string number;
};

// As it is written; a port alone is one of `*`. Absent where no TCP connection leads.
std::optional<Port> split_listen(const Directive& listen)
{
    if (listen.args.empty() || listen.args[0].starts_with("unix:"))
        return std::nullopt;
    Port port{listen.args[0], "80"};
    auto& host = port.host;
    if (const auto colon = host.rfind(':');
        colon != host.npos && host.find(']', colon) == host.npos) {
        port.number = host.substr(colon + 1);
        host.resize(colon);
    } else if (host.find_first_not_of("0123456789") == host.npos) {
        port.number = std::exchange(host, "*");
    }
    return port;
}

// Where this host can connect to it.
std::optional<Port> read_port(const Directive& listen)
{
    auto port = split_listen(listen);
    if (port && (port->host == "*" || port->host == "0.0.0.0"))
        port->host = "127.0.0.1";
    if (port && port->host == "[::]")
        port->host = "[::1]";
    return port;
}

// An address that no other host can reach. nginx looks names up once, and who knows what it finds.
bool is_loopback(std::string host)
{
    if (host == "localhost")
        return true;
    in_addr v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (!host.starts_with('[') || !host.ends_with(']'))
        return false;
    in6_addr v6{};
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1 &&
           IN6_IS_ADDR_LOOPBACK(&v6);
}

// A server that does not say it listens here.
std::vector<Directive> listens_of(const std::vector<Directive>& server)
{
    std::vector<Directive> listens;
    std::copy_if(server.begin(), server.end(), std::back_inserter(listens),
                 [](const Directive& directive) { return directive.name == "listen"; });
    if (listens.empty())
        listens.push_back({"listen", {"*:80"}, {}, {}, 0});
    return listens;
}

// Whether any server says `word` of the port.
bool any_server_says(const std::vector<Directive>& main, const Port& port, const char* word)
{
    for (const auto& http : main)
        for (const auto& server : http.block) {
            if (server.name != "server")
                continue;
            for (const auto& listen : listens_of(server.block))
                if (const auto other = read_port(listen); other && other->host == port.host &&
                                                          other->number == port.number &&
                                                          has(listen, word))
                    return true;
        }
    return false;
}

// By its path: where a request goes on that has been here (@onlogin_phone) is a backend's.
bool is_called_onlogin(const Directive& location)
{
    const auto& args = location.args;
    return !args.empty() && !args.back().starts_with('@') && holds_onlogin(args.back());
}

} // namespace

std::optional<std::string> fastcgi_param(const Scope& scope, const std::string& name)
{
    for (const auto* param : scope.find("fastcgi_param"))
        if (param->args.size() >= 2 && param->args[0] == name)
            return param->args[1];
    return std::nullopt;
}

std::vector<OurLocation> our_locations(const std::vector<Directive>& main,
                                       const std::vector<std::string>& sockets)
{
    const auto upstreams = upstreams_of(main);
    std::vector<OurLocation> ours;
    each_location(main, [&](const VisitedLocation& at) {
        // Nested locations do not inherit fastcgi_pass.
        const auto& own = at.location.block;
        const auto pass = std::find_if(own.begin(), own.end(), [](const Directive& directive) {
            return directive.name == "fastcgi_pass" && !directive.args.empty();
        });
        if (pass == own.end())
            return;
        const auto addresses = addresses_of(pass->args[0], upstreams);
        const bool named = holds_onlogin(pass->args[0]) ||
                           std::any_of(addresses.begin(), addresses.end(), holds_onlogin) ||
                           std::any_of(sockets.begin(), sockets.end(),
                                       [&](const auto& socket) {
                                           return std::find(addresses.begin(), addresses.end(),
                                                            "unix:" + socket) != addresses.end();
                                       }) ||
                           is_called_onlogin(at.location) ||
                           fastcgi_param(at.scope, "ONLOGIN_ACTION") ||
                           fastcgi_param(at.scope, "ONLOGIN_APPID");
        if (named)
            ours.push_back({at, addresses});
    });
    return ours;
}

bool holds_onlogin(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text.find("onlogin") != text.npos;
}

std::string title(const Directive& location)
{
    std::string text = location.name;
    for (const auto& word : location.args)
        text += ' ' + word;
    return text + " (" + location.place() + ')';
}

bool is_for_backends(const OurLocation& location)
{
    constexpr std::array actions{"access_token", "sign", "check_session"};
    const auto action = fastcgi_param(location.at.scope, "ONLOGIN_ACTION").value_or("login");
    return std::find(actions.begin(), actions.end(), action) != actions.end();
}

std::vector<std::string> open_listens(const Directive& server)
{
    std::vector<std::string> open;
    for (const auto& listen : listens_of(server.block))
        if (const auto port = split_listen(listen); port && !is_loopback(port->host))
            open.push_back(listen.args[0]);
    return open;
}

std::vector<std::string> proxied_addresses(const Directive& location,
                                           const std::vector<Directive>& main)
{
    constexpr std::string_view local = "localhost:";
    std::vector<std::string> all;
    for (const auto& directive : location.block) {
        if (directive.name != "proxy_pass" || directive.args.empty())
            continue;
        auto target = directive.args[0]; // http://HOST:PORT/path
        if (const auto scheme = target.find("://"); scheme != target.npos)
            target.erase(0, scheme + 3);
        target.resize(std::min(target.find('/'), target.size()));
        for (auto& address : addresses_of(target, upstreams_of(main))) {
            if (address.starts_with(local))
                address.replace(0, local.size(), "127.0.0.1:");
            all.push_back(std::move(address));
        }
    }
    return all;
}

std::optional<Listen> best_listen(const OurLocation& location, const std::vector<Directive>& main)
{
    std::optional<Listen> best;
    for (const auto& directive : listens_of(location.at.server.block)) {
        const auto port = read_port(directive);
        // A load balancer's greeting would have to come first.
        if (!port || any_server_says(main, *port, "proxy_protocol"))
            continue;
        const bool tls =
            any_server_says(main, *port, "ssl") || is_on(location.at.server_scope, "ssl");
        if (!best || (tls && !best->tls))
            best = Listen{port->host + ':' + port->number, port->number, tls};
    }
    return best;
}

std::vector<std::string> server_names(const OurLocation& location)
{
    std::vector<std::string> names;
    for (const auto& directive : location.at.server.block)
        if (directive.name == "server_name")
            for (const auto& name : directive.args)
                if (!name.empty() && name[0] != '.' && name.find_first_of("*~_$") == name.npos)
                    names.push_back(name);
    return names;
}

bool is_on(const Scope& scope, std::string_view name)
{
    return scope.value(name).value_or("off") == "on";
}

bool is_login(const OurLocation& location)
{
    const auto& args = location.at.location.args;
    const auto& own = location.at.location.block;
    const bool plain =
        args.size() == 1 || (args.size() == 2 && (args[0] == "=" || args[0] == "^~"));
    const bool internal = std::any_of(own.begin(), own.end(), [](const Directive& directive) {
        return directive.name == "internal";
    });
    return plain && args.back().starts_with('/') && !internal &&
           fastcgi_param(location.at.scope, "ONLOGIN_ACTION").value_or("login") == "login";
}

} // namespace onlogin
