#include "known_apps.hh"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace onlogin::fake {

std::vector<KnownApp> read_apps(std::string_view text)
{
    std::vector<KnownApp> apps;
    for (bool more = true; more;) {
        const auto comma = text.find(',');
        const auto app = text.substr(0, comma);
        more = comma != text.npos;
        if (more)
            text.remove_prefix(comma + 1);
        const auto colon = std::min(app.find(':'), app.size());
        const auto second = std::min(app.find(':', colon + 1), app.size());
        const auto errcode = app.substr(std::min(second + 1, app.size()));
        KnownApp known{std::string{app.substr(0, colon)}, {}};
        if (colon < app.size())
            known.secret = app.substr(colon + 1, second - colon - 1);
        const auto [end, error] =
            std::from_chars(errcode.data(), errcode.data() + errcode.size(), known.errcode);
        if (known.appid.empty() || known.secret.empty() ||
            (second < app.size() &&
             (error != std::errc{} || end != errcode.data() + errcode.size())))
            throw std::runtime_error{"FAKE_WECHAT_APPS is not appid:secret,appid:secret:errcode"};
        apps.push_back(std::move(known));
    }
    return apps;
}

const KnownApp* find(const std::vector<KnownApp>& apps, std::string_view appid)
{
    const auto found = std::ranges::find(apps, appid, &KnownApp::appid);
    return found == apps.end() ? nullptr : &*found;
}

int check_app(const std::vector<KnownApp>& apps, std::string_view appid, std::string_view secret)
{
    const auto* const app = find(apps, appid);
    if (!app)
        return 40013;
    return app->secret == secret ? app->errcode : 40125;
}

} // namespace onlogin::fake
