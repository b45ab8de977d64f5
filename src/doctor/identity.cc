#include "doctor/checks.hh"
#include "doctor/nginx_site.hh"
#include "doctor/told_headers.hh"

#include <algorithm>
#include <cctype>
#include <set>

namespace onlogin {

namespace {

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

// The headers that reach the backend of `at` as the client sent them.
struct Unguarded
{
    std::string all;  // as a list
    bool who = false; // one of them says who somebody is
};

Unguarded unguarded_headers(const VisitedLocation& at, const Passing& passing, bool phones)
{
    Unguarded missing;
    const auto set = at.scope.find(passing.set);
    for (const auto& [header, told] : told_headers) {
        if (told == Told::Phone && !phones)
            continue;
        const std::string name = passing.as_variable ? as_variable(header) : header;
        const bool is_set = std::any_of(set.begin(), set.end(), [&](const Directive* directive) {
            const auto& args = directive->args;
            // What a client sent is in variables that begin so.
            return args.size() >= 2 && same_name(args[0], name) &&
                   args[1].find("$http_") == args[1].npos;
        });
        if (is_set)
            continue;
        missing.all += (missing.all.empty() ? "" : ", ") + std::string{header};
        missing.who |= told == Told::User || told == Told::Phone || told == Told::Foreign;
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
            if (missing.all.empty() ||
                at.scope.value(std::string{module} + "_pass_request_headers") == "off")
                continue;
            all_set = false;
            const bool trusts =
                at.scope.value("auth_request").value_or("off") != "off" ||
                (!at.location.args.empty() && told.contains(at.location.args.back()));
            const auto text =
                title(at.location) + " passes " + missing.all + " on as the client sent it";
            const auto mend = std::string{"set each with "} + passing.set +
                              ", to what onlogin says or to nothing, or include snippets/onlogin-" +
                              std::string{module} + ".conf, which does";
            trusts&& missing.who ? findings.bad("headers", text, mend)
                                 : findings.warn("headers", text, mend);
        }
    });
    if (all_set)
        findings.ok(
            "headers",
            "no header of WeChat's cloud hosting reaches a backend as a client sent it, in the "
            "servers that use auth_request");
}

} // namespace onlogin
