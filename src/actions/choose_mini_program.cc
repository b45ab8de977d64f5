#include "actions/choose_mini_program.hh"

#include "actions/errors.hh"
#include "gateway/errors.hh"

namespace onlogin {

namespace {

std::string_view appid_in(std::string_view referer)
{
    constexpr std::string_view prefix = "https://servicewechat.com/";
    if (!referer.starts_with(prefix))
        return {};
    referer.remove_prefix(prefix.size());
    const auto end = referer.find('/');
    return end == referer.npos ? std::string_view{} : referer.substr(0, end);
}

} // namespace

std::shared_ptr<const MiniProgram> choose_mini_program(const Config& config, const Request& request,
                                                       const Params& params)
{
    using Kind = AppidChoice::Kind;
    if (request.appid.kind == Kind::Contradiction)
        throw BadRequest{phrase("ONLOGIN_APPID, set by the web server, names two mini programs")};
    if (request.appid.kind == Kind::One) {
        if (auto mini = config.find_mini_program(request.appid.appid))
            return mini;
        throw BadRequest{
            phrase("ONLOGIN_APPID, set by the web server, is not an appid of this server")};
    }
    if (const auto appid = params.find("appid")) {
        if (auto mini = config.find_mini_program(*appid))
            return mini;
        throw BadRequest{phrase("the appid is not one of this server")};
    }
    const auto referred = appid_in(request.referer);
    if (auto mini = config.find_mini_program(referred))
        return mini;
    if (config.apps.size() == 1)
        return config.apps.front();
    throw BadRequest{referred.empty()
                         ? phrase("this server has several mini programs: the parameter appid is "
                                  "missing, and the Referer names none")
                         : phrase("this server has several mini programs: the parameter appid is "
                                  "missing, and the Referer names one that is not of this server")};
}

bool is_wanted(const Config& config, const AppidChoice& choice, std::string_view appid)
{
    const bool configured = config.find_mini_program(appid) != nullptr;
    switch (choice.kind) {
    case AppidChoice::Kind::None:
    case AppidChoice::Kind::Any:
        return configured;
    case AppidChoice::Kind::One:
        return configured && choice.appid == appid;
    case AppidChoice::Kind::Contradiction:
        throw Undecided{"ONLOGIN_APPID names two mini programs",
                        marked("set one of them where the request is handed to the worker")};
    case AppidChoice::Kind::Unsaid:
        break;
    }
    if (config.apps.size() > 1)
        throw Undecided{
            "ONLOGIN_APPID is empty, and there are several mini programs",
            marked("say in nginx which one's users a location is for, by `auth_request "
                   "/onlogin-auth/APPID;` or `set $onlogin_appid APPID;` there, or `any` for "
                   "APPID: nginx does not hand a `set` down to the locations inside")};
    return configured;
}

} // namespace onlogin
