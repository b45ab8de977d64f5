#include "doctor/nginx_targets.hh"

#include "doctor/nginx_listen.hh"
#include "net/url.hh"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include <netdb.h>
#include <strings.h>
#include <sys/socket.h>

namespace onlogin {

namespace {

bool same_word(const std::string& a, const std::string& b)
{
    return strcasecmp(a.c_str(), b.c_str()) == 0;
}

void each_upstream(const std::vector<Directive>& main,
                   const std::function<void(const Directive&)>& visit)
{
    for (const auto& context : main)
        for (const auto& upstream : context.block)
            if (upstream.name == "upstream" && !upstream.args.empty())
                visit(upstream);
}

std::vector<std::string> servers_of(const Directive& upstream)
{
    std::vector<std::string> servers;
    for (const auto& server : upstream.block)
        if (server.name == "server" && !server.args.empty() &&
            std::find(server.args.begin(), server.args.end(), "down") == server.args.end())
            servers.push_back(server.args[0]);
    return servers;
}

constexpr std::string_view unix_prefix = "unix:";

// HOST, HOST:PORT or unix:PATH, which may be known in part.
Place read_place(const std::string& text, const std::string& default_port, bool is_certain)
{
    if (text.starts_with(unix_prefix))
        return {text.substr(unix_prefix.size()), "", "", is_certain};
    auto [host, port] = read_endpoint(text, default_port);
    if (host.find(unknown_part) == host.npos)
        return {"", std::move(host), std::move(port), is_certain};
    // It may bring its port along.
    return {"", "", text.find(':') == text.npos ? std::string(1, unknown_part) : port, is_certain};
}

// Of a target without variables: the place that it names, or those of the upstream.
void add_places(const std::string& authority, const std::string& default_port, bool is_certain,
                const std::vector<Directive>& main, std::vector<Place>& places)
{
    bool found = false;
    each_upstream(main, [&](const Directive& upstream) {
        if (!same_word(upstream.args[0], authority))
            return;
        found = true;
        for (const auto& server : servers_of(upstream))
            places.push_back(read_place(server, "80", is_certain));
    });
    if (!found)
        places.push_back(read_place(authority, default_port, is_certain));
}

// nginx looks for the path behind the host, and behind the second colon of a unix socket.
std::string authority_of(const std::string& text)
{
    if (text.starts_with(unix_prefix))
        return text.substr(0, text.find(':', unix_prefix.size()));
    return text.substr(0, text.find_first_of("/?#"));
}

void add_places(std::string target, const std::vector<Directive>& main, std::vector<Place>& places)
{
    std::string default_port = "80";
    if (const auto scheme = target.find("://"); scheme != target.npos) {
        if (scheme > 0 && std::tolower(static_cast<unsigned char>(target[scheme - 1])) == 's')
            default_port = "443";
        target.erase(0, scheme + 3);
    }
    const auto authority = authority_of(target);
    const auto unknown = authority.find(unknown_part);
    if (unknown == authority.npos)
        return add_places(authority, default_port, true, main, places);
    // What begins with a whole name or address (http://127.0.0.1:8085$1) most likely goes on with
    // a path. It need not.
    const auto known = authority.substr(0, unknown);
    places.push_back(read_place(authority, default_port, false));
    if (known.empty() || known.starts_with(unix_prefix))
        return;
    if (!known.ends_with(':'))
        add_places(known, default_port, true, main, places);
    each_upstream(main, [&](const Directive& upstream) {
        if (upstream.args[0].size() > known.size() && upstream.args[0].starts_with(known))
            add_places(upstream.args[0], default_port, false, main, places);
    });
}

// The addresses that a name stands for on this host; an address stands for itself.
std::set<std::string> addresses_of(const std::string& host)
{
    std::set<std::string> addresses;
    if (auto address = canonical_address(host)) {
        addresses.insert(std::move(*address));
    } else {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
            return addresses;
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
        for (const auto* entry = found; entry; entry = entry->ai_next) {
            char text[NI_MAXHOST] = "";
            getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                        NI_NUMERICHOST);
            const bool v6 = entry->ai_family == AF_INET6;
            std::string address_text = v6 ? "[" : "";
            address_text += text;
            address_text += v6 ? "]" : "";
            addresses.insert(canonical_address(address_text).value_or(text));
        }
    }
    // A connection to "any address" comes to this host.
    if (addresses.contains("0.0.0.0") || addresses.contains("[::]"))
        addresses.insert({"127.0.0.1", "[::1]"});
    return addresses;
}

bool same_path(const std::string& a, const std::string& b)
{
    std::error_code error;
    return std::filesystem::path{a}.lexically_normal() ==
               std::filesystem::path{b}.lexically_normal() ||
           std::filesystem::equivalent(a, b, error);
}

bool comes_to(const std::string& host, const Door& door)
{
    const auto theirs = addresses_of(host);
    if (door.host == "*" || door.host == "0.0.0.0" || door.host == "[::]")
        return std::any_of(theirs.begin(), theirs.end(), is_loopback);
    const auto ours = addresses_of(door.host);
    return std::any_of(theirs.begin(), theirs.end(),
                       [&](const auto& address) { return ours.contains(address); });
}

// Whether `text` can be `whole`.
bool can_be(const std::string& text, const std::string& whole)
{
    const auto known = text.substr(0, text.find(unknown_part));
    return known.size() == text.size() ? text == whole : whole.starts_with(known);
}

Reach reach(const Place& place, const Door& door)
{
    const auto met = place.is_certain ? Reach::Yes : Reach::Perhaps;
    const auto met_if = [&](bool meets) { return meets ? met : Reach::No; };
    const bool unknown = place.unix_path.empty() && place.host.empty();
    if (!place.unix_path.empty())
        return met_if(!door.unix_path.empty() && (can_be(place.unix_path, door.unix_path) ||
                                                  same_path(place.unix_path, door.unix_path)));
    if (!door.unix_path.empty())
        return met_if(unknown && place.port.starts_with(unknown_part));
    return met_if(can_be(place.port, door.port) && (unknown || comes_to(place.host, door)));
}

// What may hand requests on, by HTTP or as bytes.
struct Handing
{
    const Directive& from;   // a location, or a server of `stream`
    const Directive& server; // that it is in
    std::vector<Place> places;
};

std::vector<Handing> handings(const std::vector<Directive>& main)
{
    std::vector<Handing> all;
    const auto add = [&](const Directive& from, const Directive& server) {
        for (const auto& directive : from.block)
            if ((directive.name == "proxy_pass" || directive.name == "grpc_pass") &&
                !directive.args.empty())
                all.push_back({from, server, places_of(directive.args[0], server, main)});
    };
    each_location(main, [&](const VisitedLocation& at) { add(at.location, at.server); });
    for (const auto& context : main)
        for (const auto& server : context.block)
            if (context.name == "stream" && server.name == "server")
                add(server, server);
    return all;
}

} // namespace

std::vector<Place> places_of(const std::string& target, const Directive& server,
                             const std::vector<Directive>& main)
{
    std::vector<Place> places;
    for (auto& value : possible_values(target, server, main))
        add_places(std::move(value), main, places);
    return places;
}

Reach reach(const Place& place, const Directive& server)
{
    auto most = Reach::No;
    for (const auto& door : doors_of(server))
        most = std::max(most, reach(place, door));
    return most;
}

std::vector<Way> ways_from_outside(const Directive& goal, const std::vector<Directive>& main)
{
    const auto all = handings(main);
    std::set<const Directive*> outside;
    for (const auto& context : main)
        for (const auto& server : context.block)
            if (server.name == "server" && !open_listens(server).empty())
                outside.insert(&server);
    const auto reach_from = [](const Handing& handing, const Directive& server) {
        auto most = Reach::No;
        for (const auto& place : handing.places)
            most = std::max(most, reach(place, server));
        return most;
    };
    // Servers of this nginx that it asks itself are as open as those that ask.
    for (std::size_t before = 0; before != outside.size();) {
        before = outside.size();
        for (const auto& handing : all)
            for (const auto& context : main)
                for (const auto& server : context.block)
                    if (server.name == "server" && &server != &goal &&
                        outside.contains(&handing.server) && !outside.contains(&server) &&
                        reach_from(handing, server) == Reach::Yes)
                        outside.insert(&server);
    }
    std::vector<Way> ways;
    for (const auto& handing : all)
        if (outside.contains(&handing.server) && &handing.server != &goal)
            if (const auto met = reach_from(handing, goal); met != Reach::No)
                ways.push_back({handing.from, met});
    return ways;
}

} // namespace onlogin
