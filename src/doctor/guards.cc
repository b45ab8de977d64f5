#include "base/crypto.hh"
#include "doctor/checks.hh"
#include "doctor/nginx_site.hh"

#include <algorithm>
#include <array>

#include <sys/stat.h>

namespace onlogin {

namespace {

constexpr std::string_view variable = "$onlogin_appid";

// --- For which mini program ---

// What a `set` in the block itself gives the variable; nginx hands none down to a location inside.
const std::string* set_in(const std::vector<Directive>& block)
{
    const std::string* value = nullptr;
    for (const auto& directive : block)
        if (directive.name == "set" && directive.args.size() == 2 && directive.args[0] == variable)
            value = &directive.args[1];
    return value;
}

// What onlogin.conf says for all: map "" $onlogin_appid { default …; }
std::string for_all(const std::vector<Directive>& main)
{
    for (const auto& http : main)
        for (const auto& map : http.block)
            if (map.name == "map" && map.args.size() == 2 && map.args[1] == variable)
                for (const auto& row : map.block)
                    if (row.name == "default" && !row.args.empty())
                        return row.args[0];
    return {};
}

// Clients cannot ask for it: nginx asks for itself, and nobody is asked then.
bool is_internal(const Directive& location)
{
    const auto& own = location.block;
    return std::any_of(own.begin(), own.end(),
                       [](const Directive& directive) { return directive.name == "internal"; });
}

// Of the site for backends: which mini program's they get, and not whose users they are.
bool asks_for_token(const std::vector<OurLocation>& ours, const std::string& uri)
{
    return std::any_of(ours.begin(), ours.end(), [&](const OurLocation& location) {
        const auto& args = location.at.location.args;
        return !args.empty() && args.back() == uri &&
               fastcgi_param(location.at.scope, "ONLOGIN_ACTION") == "access_token";
    });
}

class Choices
{
public:
    Choices(Findings& findings, const Config& config, const std::vector<Directive>& main)
        : findings_{findings}
        , config_{config}
        , main_{main}
        , for_all_{for_all(main)}
    {
    }

    void check_guards(const std::vector<OurLocation>& ours)
    {
        each_location(main_, [&](const VisitedLocation& at) {
            const auto uri = at.scope.value("auth_request").value_or("off");
            // What stands in an `if` is part of what stands around it.
            if (!holds_onlogin(uri) || asks_for_token(ours, uri) || at.location.name == "if" ||
                is_internal(at.location))
                return;
            constexpr std::string_view mark = "onlogin-auth/";
            const auto found = uri.find(mark);
            check(at, found == uri.npos ? said_by_variable(at) : uri.substr(found + mark.size()));
        });
    }

    // Where the worker is told who a number is of, and then the backend.
    void check_phones(const std::vector<OurLocation>& ours)
    {
        for (const auto& location : ours) {
            if (!fastcgi_param(location.at.scope, "ONLOGIN_REDIRECT"))
                continue;
            std::string said;
            for (const auto* param : location.at.scope.find("fastcgi_param"))
                if (param->args.size() >= 2 && param->args[0] == "ONLOGIN_APPID" && said.empty())
                    said =
                        param->args[1] == variable ? said_by_variable(location.at) : param->args[1];
            check(location.at, said);
        }
    }

private:
    [[nodiscard]] std::string said_by_variable(const VisitedLocation& at) const
    {
        if (const auto* const server = set_in(at.server.block))
            return *server;
        const auto* const own = set_in(at.location.block);
        return own ? *own : for_all_;
    }

    void check(const VisitedLocation& at, const std::string& appid)
    {
        if (appid.find('$') != appid.npos || appid == "any" || config_.find_mini_program(appid))
            return;
        if (!appid.empty())
            return findings_.bad("guard",
                                 title(at.location) + " is for " + appid +
                                     ", which is no mini program of the configuration",
                                 "put in the appid of one of `apps`, or any");
        if (config_.apps.size() == 1)
            return;
        const auto outer = at.scope.find("set");
        const bool lost = std::any_of(outer.begin(), outer.end(), [](const Directive* set) {
            return set->args.size() == 2 && set->args[0] == variable;
        });
        findings_.bad(
            "guard",
            title(at.location) +
                (lost ? " stands inside a location with `set $onlogin_appid`, which nginx does not "
                        "hand down: of several mini programs it lets in nobody"
                      : " does not say whose users may come in: of several mini programs it lets "
                        "in nobody"),
            "`auth_request /onlogin-auth/APPID; include snippets/onlogin-guard-app.conf;` instead "
            "of "
            "onlogin-guard.conf says it for all locations inside; for phone numbers `set "
            "$onlogin_appid APPID;`; or for all of them once in onlogin.conf; `any` for APPID: "
            "those "
            "of each");
    }

    Findings& findings_;
    const Config& config_;
    const std::vector<Directive>& main_;
    std::string for_all_;
};

// The answers of a question that nobody asks.
void check_unasked(Findings& findings, const std::vector<Directive>& main)
{
    each_location(main, [&](const VisitedLocation& at) {
        const auto& own = at.location.block;
        const bool listens = std::any_of(own.begin(), own.end(), [](const Directive& directive) {
            return directive.name == "auth_request_set" && directive.args.size() == 2 &&
                   directive.args[0] == "$onlogin_wx_openid";
        });
        if (listens && at.scope.value("auth_request").value_or("off") == "off")
            findings.bad("guard",
                         title(at.location) + " includes onlogin-guard-app.conf and asks nobody: "
                                              "everybody is let in",
                         "put `auth_request /onlogin-auth/APPID;` before the include");
    });
}

// --- That nginx asks ---

bool takes_key(const OurLocation& location)
{
    return is_for_backends(location) ||
           fastcgi_param(location.at.scope, "ONLOGIN_ACTION") == "auth";
}

const Directive* key_param(const OurLocation& location)
{
    for (const auto* param : location.at.scope.find("fastcgi_param"))
        if (param->args.size() >= 2 && param->args[0] == "ONLOGIN_KEY")
            return param;
    return nullptr;
}

// Whoever reads the file can ask as nginx does.
void check_key_file(Findings& findings, const std::string& file)
{
    struct stat found
    {};
    if (stat(file.c_str(), &found) == 0 && (found.st_uid != 0 || found.st_mode & 077))
        findings.bad("key",
                     file + " holds the key of internal actions, and others than root may "
                            "read it",
                     "chown root: " + file + " && chmod 600 " + file);
}

void check_keys(Findings& findings, const Config& config, const std::vector<OurLocation>& ours)
{
    constexpr auto script = "onlogin-internal-key";
    std::vector<const OurLocation*> internal;
    for (const auto& location : ours)
        if (takes_key(location))
            internal.push_back(&location);
    if (internal.empty())
        return;
    if (config.internal_key.empty())
        return findings.warn(
            "key",
            "whoever may open the worker's socket may ask for access tokens: on Debian PHP, too, "
            "which runs as nginx does",
            std::string{"run `"} + script +
                "`, set \"internal_key_file\": \"secrets/internal.key\", "
                "restart the worker, and reload nginx");
    bool all = true;
    for (const auto* const location : internal) {
        const auto* const param = key_param(*location);
        if (param && equal_in_constant_time(param->args[1], config.internal_key.reveal())) {
            check_key_file(findings, param->file);
            continue;
        }
        all = false;
        findings.bad("key",
                     title(location->at.location) +
                         (param ? " has another key than internal_key_file: it is answered 404"
                                : " does not prove that nginx asks: it is answered 404"),
                     std::string{"run `"} + script +
                         "`, which writes the key for nginx; the location needs `include "
                         "snippets/onlogin-key[.]conf;`, as the snippets have it; then `systemctl "
                         "reload nginx`");
    }
    if (all)
        findings.ok("key", "nginx proves by a key that it is nginx who asks for access tokens and "
                           "sessions");
}

} // namespace

void check_guards(Findings& findings, const Config& config, const std::vector<Directive>& main,
                  const std::vector<OurLocation>& ours)
{
    Choices choices{findings, config, main};
    choices.check_guards(ours);
    choices.check_phones(ours);
    check_unasked(findings, main);
    check_keys(findings, config, ours);
}

} // namespace onlogin
