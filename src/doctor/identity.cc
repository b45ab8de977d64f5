#include "doctor/checks.hh"
#include "doctor/nginx_site.hh"

#include <algorithm>
#include <cctype>
#include <set>

namespace onlogin {

namespace {

struct Identity
{
    const char* header;
    bool of_phones; // told only where a phone number is
};
constexpr Identity identities[] = {
    {"X-WX-OPENID", false}, {"X-WX-APPID", false},          {"X-WX-UNIONID", false},
    {"X-WX-SOURCE", false}, {"Onlogin-Phone-Number", true}, {"Onlogin-Phone-Country", true},
};

struct Passing
{
    const char* pass; // the directive that hands a request to a backend
    const char* set;  // and the one that sets what it is told
    bool as_variable; // HTTP_X_WX_OPENID instead of X-WX-OPENID
};
constexpr Passing passings[] = {
    {"proxy_pass", "proxy_set_header", false}, {"grpc_pass", "grpc_set_header", false},
    {"fastcgi_pass", "fastcgi_param", true},   {"uwsgi_pass", "uwsgi_param", true},
    {"scgi_pass", "scgi_param", true},
};

std::string as_variable(std::string name)
{
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    return "HTTP_" + name;
}

bool same_name(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

// The identity headers that reach the backend of `at` as the client sent them.
std::string unguarded_headers(const VisitedLocation& at, const Passing& passing, bool phones)
{
    std::string missing;
    for (const auto& [header, of_phones] : identities) {
        if (of_phones && !phones)
            continue;
        const std::string name = passing.as_variable ? as_variable(header) : header;
        const auto set = at.scope.find(passing.set);
        if (std::none_of(set.begin(), set.end(), [&](const Directive* directive) {
                const auto& args = directive->args;
                // What a client sent is in variables that begin so.
                return args.size() >= 2 && same_name(args[0], name) &&
                       args[1].find("$http_") == args[1].npos;
            }))
            missing += (missing.empty() ? "" : ", ") + std::string{header};
    }
    return missing;
}

} // namespace

void check_identity_headers(Findings& findings, const std::vector<Directive>& main,
                            const std::vector<OurLocation>& ours)
{
    std::set<const Directive*> guarded; // servers that ask us who a user is
    std::set<const Directive*> phones;  // and that ask for phone numbers, for a backend
    std::set<std::string> told;         // locations where that backend is told
    std::set<const Directive*> own;
    for (const auto& location : ours) {
        own.insert(&location.at.location);
        if (fastcgi_param(location.at.scope, "ONLOGIN_ACTION") == "auth")
            guarded.insert(&location.at.server);
        if (const auto target = fastcgi_param(location.at.scope, "ONLOGIN_REDIRECT")) {
            guarded.insert(&location.at.server);
            phones.insert(&location.at.server);
            told.insert(*target);
        }
    }
    if (guarded.empty())
        return;
    bool all_set = true;
    each_location(main, [&](const VisitedLocation& at) {
        if (!guarded.contains(&at.server) || own.contains(&at.location))
            return;
        for (const auto& passing : passings) {
            const auto& block = at.location.block;
            if (std::none_of(block.begin(), block.end(),
                             [&](const auto& inner) { return inner.name == passing.pass; }))
                continue;
            const auto missing = unguarded_headers(at, passing, phones.contains(&at.server));
            const auto module =
                std::string_view{passing.pass}.substr(0, std::string_view{passing.pass}.find('_'));
            if (missing.empty() ||
                at.scope.value(std::string{module} + "_pass_request_headers") == "off")
                continue;
            all_set = false;
            const bool trusts =
                at.scope.value("auth_request").value_or("off") != "off" ||
                (!at.location.args.empty() && told.contains(at.location.args.back()));
            const auto text =
                title(at.location) + " passes " + missing + " on as the client sent it";
            const auto mend = std::string{"set each with "} + passing.set +
                              ", to what onlogin says or to nothing";
            trusts ? findings.bad("headers", text, mend) : findings.warn("headers", text, mend);
        }
    });
    if (all_set)
        findings.ok("headers",
                    "X-WX-* of clients reach no backend of the servers that use auth_request");
}

} // namespace onlogin
