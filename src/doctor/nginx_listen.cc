#include "doctor/nginx_listen.hh"

#include "net/url.hh"

#include <algorithm>
#include <utility>

namespace onlogin {

namespace {

constexpr std::string_view unix_prefix = "unix:";

bool says(const Door& door, const char* word)
{
    return door.listen && std::find(door.listen->args.begin(), door.listen->args.end(), word) !=
                              door.listen->args.end();
}

Door read_door(const Directive& listen)
{
    const auto& text = listen.args[0];
    if (text.starts_with(unix_prefix))
        return {text.substr(unix_prefix.size()), "", "", &listen};
    if (text.find_first_not_of("0123456789") == text.npos)
        return {"", "*", text, &listen};
    auto [host, port] = read_endpoint(text, "80");
    return {"", std::move(host), std::move(port), &listen};
}

// Where this host can connect to it.
std::string host_to_connect_to(const Door& door)
{
    const auto address = canonical_address(door.host).value_or(door.host);
    if (address == "*" || address == "0.0.0.0")
        return "127.0.0.1";
    return address == "[::]" ? "[::1]" : address;
}

// Whether any server says `word` of the port.
bool any_server_says(const std::vector<Directive>& main, const Door& door, const char* word)
{
    for (const auto& http : main)
        for (const auto& server : http.block) {
            if (server.name != "server")
                continue;
            for (const auto& other : doors_of(server))
                if (other.port == door.port &&
                    host_to_connect_to(other) == host_to_connect_to(door) && says(other, word))
                    return true;
        }
    return false;
}

} // namespace

std::vector<Door> doors_of(const Directive& server)
{
    std::vector<Door> doors;
    for (const auto& directive : server.block)
        if (directive.name == "listen" && !directive.args.empty())
            doors.push_back(read_door(directive));
    if (doors.empty())
        doors.push_back({"", "*", "80", nullptr});
    return doors;
}

std::vector<std::string> open_listens(const Directive& server)
{
    std::vector<std::string> open;
    for (const auto& door : doors_of(server))
        if (door.unix_path.empty() && !is_loopback(door.host))
            open.push_back(door.listen ? door.listen->args[0] : "*:80");
    return open;
}

std::optional<Listen> best_listen(const VisitedLocation& at, const std::vector<Directive>& main)
{
    std::optional<Listen> best;
    for (const auto& door : doors_of(at.server)) {
        // A load balancer's greeting would have to come first.
        if (!door.unix_path.empty() || any_server_says(main, door, "proxy_protocol"))
            continue;
        const bool tls = any_server_says(main, door, "ssl") ||
                         at.server_scope.value("ssl").value_or("off") == "on";
        if (!best || (tls && !best->tls))
            best = Listen{host_to_connect_to(door) + ':' + door.port, door.port, tls};
    }
    return best;
}

} // namespace onlogin
