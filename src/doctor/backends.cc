#include "base/json.hh"
#include "doctor/checks.hh"
#include "doctor/nginx_listen.hh"
#include "doctor/nginx_site.hh"
#include "doctor/nginx_targets.hh"
#include "https/probe.hh"
#include "wechat/api.hh"

#include <algorithm>
#include <set>

namespace onlogin {

namespace {

// Whoever reaches these acts as the mini program, or signs as its users.
void check_reach(Findings& findings, const OurLocation& location)
{
    const auto name = "the server at " + location.at.server.place();
    const auto open = open_listens(location.at.server);
    if (open.empty())
        return findings.ok("backends", name + " is for this host alone");
    if (lets_clients_choose(location))
        return findings.bad("backends",
                            name + " listens on " + open.front() + ": who reaches " +
                                title(location.at.location) +
                                " chooses what it asks for, and may be taken for your backend",
                            "name its ONLOGIN_ACTION, as phone or decrypt, without a variable");
    findings.bad("backends",
                 name + " listens on " + open.front() + ": who reaches " +
                     title(location.at.location) + " is taken for your backend",
                 "have it listen on 127.0.0.1, [::1] or a unix socket, and nothing else");
}

void check_reach(Findings& findings, const std::vector<OurLocation>& ours)
{
    std::set<const Directive*> servers;
    for (const auto& location : ours)
        if (is_for_backends(location) && servers.insert(&location.at.server).second)
            check_reach(findings, location);
}

bool may_match(const Directive& location, std::string_view uri)
{
    const auto& args = location.args;
    if (location.name != "location" || args.empty())
        return false;
    if (args.size() == 2 && args[0].starts_with('~')) // a pattern: the benefit of the doubt
        return true;
    return args.size() == 2 && args[0] == "=" ? uri == args[1] : uri.starts_with(args.back());
}

// Whether nginx's question at `uri` comes to us.
bool comes_to_us(const std::vector<OurLocation>& ours, const Directive& server,
                 std::string_view uri)
{
    return std::any_of(ours.begin(), ours.end(), [&](const OurLocation& location) {
        const auto action = fastcgi_param(location.at.scope, "ONLOGIN_ACTION").value_or("login");
        return &location.at.server == &server && (action == "auth" || action == "access_token") &&
               may_match(location.at.location, uri);
    });
}

// auth_request lets everybody in if something else answers there, with 200.
void check_questions(Findings& findings, const std::vector<Directive>& main,
                     const std::vector<OurLocation>& ours)
{
    each_location(main, [&](const VisitedLocation& at) {
        const auto uri = at.scope.value("auth_request").value_or("off");
        if (!holds_onlogin(uri) || comes_to_us(ours, at.server, uri))
            return;
        findings.bad("guard",
                     title(at.location) + " asks " + uri + ", where the server at " +
                         at.server.place() + " does not ask onlogin: who is let in is chance",
                     "add `location " + std::string{uri.ends_with("/onlogin-auth") ? "= " : "^~ "} +
                         uri.substr(0, uri.find("/onlogin-auth")) +
                         (uri.ends_with("/onlogin-auth") ? "/onlogin-auth" : "/onlogin-auth/") +
                         " { include snippets/onlogin-auth.conf; }` to that server");
    });
}

// The named locations where requests go on, once we have found out the phone number.
void check_redirects(Findings& findings, const std::vector<Directive>& main,
                     const std::vector<OurLocation>& ours)
{
    for (const auto& location : ours) {
        const auto target = fastcgi_param(location.at.scope, "ONLOGIN_REDIRECT");
        if (!target)
            continue;
        bool found = false;
        each_location(main, [&](const VisitedLocation& at) {
            found |= &at.server == &location.at.server && !at.location.args.empty() &&
                     at.location.args.back() == *target;
        });
        if (!found)
            findings.bad("location",
                         title(location.at.location) + " goes on in " + *target +
                             ", which its server has not: its requests fail",
                         "add `location " + *target + "`, as the example in nginx/onlogin.conf");
    }
}

// The site for backends trusts whom nginx itself lets through, and the worker whom its socket does.
void check_open_doors(Findings& findings, const std::vector<Directive>& main,
                      const std::vector<OurLocation>& ours)
{
    std::set<const Directive*> seen;
    for (const auto& location : ours) {
        const auto& server = location.at.server;
        if (!is_for_backends(location) || !open_listens(server).empty() ||
            !seen.insert(&server).second)
            continue;
        const auto site = "the site for backends at " + server.place();
        for (const auto& way : ways_from_outside(server, main))
            if (way.reach == Reach::Yes)
                findings.bad("backends",
                             title(way.from) + " hands clients to " + site +
                                 ": they act as your mini program",
                             "remove it: backends ask there by themselves");
            else
                findings.warn("backends",
                              title(way.from) +
                                  " goes where a variable says, which the doctor "
                                  "cannot follow; if that is " +
                                  site + ", clients act as your mini program",
                              "see that the variable never leads there: name its values in a map");
    }
    std::set<std::string> addresses;
    for (const auto& location : ours)
        addresses.insert(location.addresses.begin(), location.addresses.end());
    for (const auto& address : addresses) {
        const Directive listens{"listen", {address}, {}, {}, 0};
        const Directive worker{"worker", {}, {listens}, {}, 0};
        for (const auto& way : ways_from_outside(worker, main))
            if (way.from.name == "server" && way.reach == Reach::Yes)
                findings.bad("socket",
                             title(way.from) + " of the stream module hands clients to " + address +
                                 ", the worker: they are past nginx and its limits",
                             "remove it: a location with fastcgi_pass is the way in");
    }
}

} // namespace

void check_backends(Findings& findings, const std::vector<Directive>& main,
                    const std::vector<OurLocation>& ours, NginxSeen& seen)
{
    check_reach(findings, ours);
    check_questions(findings, main, ours);
    check_redirects(findings, main, ours);
    for (const auto& location : ours)
        if (fastcgi_param(location.at.scope, "ONLOGIN_ACTION") == "access_token")
            if (const auto listen = best_listen(location.at, main);
                listen &&
                std::find(seen.apis.begin(), seen.apis.end(), listen->address) == seen.apis.end())
                seen.apis.push_back(listen->address);
    check_open_doors(findings, main, ours);
}

// https://developers.weixin.qq.com/doc/service/api/base/api_getapidomainip
void check_api(Findings& findings, const std::string& address, const Config& config,
               const NginxSeen& nginx)
{
    const auto site = "http://" + address;
    HttpProbe call{Secret{site + "/cgi-bin/get_api_domain_ip"}};
    call.header = "X-WX-APPID: " + config.apps.front()->appid;
    const auto probed = probe(call);
    if (probed.failed_at != HttpStep::Done)
        return findings.bad("backends", site + ": " + probed.failure,
                            nginx.first.empty() ? "the error log of nginx says why it does not "
                                                  "answer there: journalctl -u nginx"
                                                : nginx.first);
    const auto answer = parse_json(probed.body);
    if (!answer || !answer->isObject())
        return findings.bad("backends",
                            site + ": HTTP " + std::to_string(probed.status) +
                                " and no JSON: something else answers here",
                            nginx.first.empty() ? "does another server of nginx listen there?"
                                                : nginx.first);
    constexpr std::string_view ours = "onlogin: ";
    if (const auto said = text_in(*answer, "errmsg"); said.starts_with(ours))
        return findings.bad("backends", site + " does not reach WeChat", said.substr(ours.size()));
    const auto& errcode = (*answer)["errcode"];
    findings.ok("backends", site + " reaches WeChat, in " + std::to_string(probed.answer_ms) +
                                " ms" +
                                (errcode.isInt() && errcode.asInt() != 0
                                     ? ", which answers " + std::to_string(errcode.asInt())
                                     : ""));
}

} // namespace onlogin
