#include "wechat/real.hh"

#include "net/ca_store.hh"
#include "net/url.hh"

#include <algorithm>

namespace onlogin {

bool names_fake(std::string_view name)
{
    return name.find(fake_authority) != name.npos;
}

std::string unreal(const Config& config, const MiniProgram& app, const std::string& address)
{
    const std::string so = "real users cannot log in: ";
    if (config.wechat.fake_ca)
        return so + "wechat.ca_file is the CA of onlogin-fake-wechat, a fake of WeChat for tests";
    const auto url = read_url(app.url);
    const auto bracketed = address.find(':') == address.npos ? address : '[' + address + ']';
    const bool proxy = !config.wechat.proxy.empty(); // the address is the proxy's
    if ((url && is_loopback(url->endpoint.host)) || (!proxy && is_loopback(bracketed)))
        return so + app.url +
               " leads to this host, unless what listens there hands requests on to WeChat";
    return {};
}

std::vector<std::string> unreal(const Config& config)
{
    std::vector<std::string> reasons;
    for (const auto& app : config.apps)
        if (auto reason = unreal(config, *app);
            !reason.empty() && std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
            reasons.push_back(std::move(reason));
    return reasons;
}

} // namespace onlogin
