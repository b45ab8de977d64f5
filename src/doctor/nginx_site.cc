#include "doctor/nginx_site.hh"

#include "doctor/nginx_variables.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

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

// The addresses behind what `fastcgi_pass` names; one that only a request tells stays as written.
std::vector<std::string> addresses_of(const std::string& target, const Directive& server,
                                      const std::vector<Directive>& main)
{
    const auto upstreams = upstreams_of(main);
    std::vector<std::string> addresses;
    for (const auto& value : possible_values(target, server, main)) {
        const auto found = upstreams.find(value);
        if (value.find(unknown_part) != value.npos)
            addresses.push_back(target);
        else if (found == upstreams.end())
            addresses.push_back(value);
        else
            addresses.insert(addresses.end(), found->second.begin(), found->second.end());
    }
    return addresses;
}

std::vector<std::string> actions_of(const VisitedLocation& at, const std::vector<Directive>& main)
{
    std::vector<std::string> actions;
    for (const auto* param : at.scope.find("fastcgi_param"))
        if (param->args.size() >= 2 && param->args[0] == "ONLOGIN_ACTION")
            for (auto& action : possible_values(param->args[1], at.server, main))
                actions.push_back(std::move(action));
    if (actions.empty())
        actions.emplace_back("login");
    return actions;
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
    std::vector<OurLocation> ours;
    each_location(main, [&](const VisitedLocation& at) {
        // Nested locations do not inherit fastcgi_pass.
        const auto& own = at.location.block;
        const auto pass = std::find_if(own.begin(), own.end(), [](const Directive& directive) {
            return directive.name == "fastcgi_pass" && !directive.args.empty();
        });
        if (pass == own.end())
            return;
        const auto addresses = addresses_of(pass->args[0], at.server, main);
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
            ours.push_back({at, addresses, actions_of(at, main)});
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
    return lets_clients_choose(location) ||
           std::any_of(location.actions.begin(), location.actions.end(), [&](const auto& action) {
               return std::find(actions.begin(), actions.end(), action) != actions.end();
           });
}

bool lets_clients_choose(const OurLocation& location)
{
    return std::any_of(location.actions.begin(), location.actions.end(),
                       [](const auto& action) { return action.find(unknown_part) != action.npos; });
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
