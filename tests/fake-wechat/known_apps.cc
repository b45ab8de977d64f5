#include "known_apps.hh"

#include <algorithm>
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
        const auto colon = app.find(':');
        if (colon == app.npos || colon == 0 || colon + 1 == app.size())
            throw std::runtime_error{"FAKE_WECHAT_APPS is not appid:secret,appid:secret"};
        apps.push_back({std::string{app.substr(0, colon)}, std::string{app.substr(colon + 1)}});
    }
    return apps;
}

const KnownApp* find(const std::vector<KnownApp>& apps, std::string_view appid)
{
    const auto found = std::ranges::find(apps, appid, &KnownApp::appid);
    return found == apps.end() ? nullptr : &*found;
}

} // namespace onlogin::fake
