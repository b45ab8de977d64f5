#include "actions/choose_mini_program.hh"

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
    if (!request.appid.empty()) {
        if (auto mini = config.find_mini_program(request.appid))
            return mini;
        throw BadRequest{"ONLOGIN_APPID, set by the web server, is not an appid of this server"};
    }
    if (const auto appid = params.find("appid")) {
        if (auto mini = config.find_mini_program(*appid))
            return mini;
        throw BadRequest{"the appid is not one of this server"};
    }
    if (auto mini = config.find_mini_program(appid_in(request.referer)))
        return mini;
    if (config.apps.size() == 1)
        return config.apps.front();
    throw BadRequest{"the parameter appid is missing: this server has several mini programs"};
}

} // namespace onlogin
