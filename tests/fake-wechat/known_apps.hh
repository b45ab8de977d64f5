#pragma once

// The mini programs that the fake WeChat knows.

#include <string>
#include <string_view>
#include <vector>

namespace onlogin::fake {

struct KnownApp
{
    std::string appid;
    std::string secret;
    int errcode = 0; // of every login and every access token; 0: as else
};

constexpr std::string_view default_apps = "wx0123456789abcdef:0123456789abcdef0123456789abcdef,"
                                          "wx1111111111111111:11111111111111111111111111111111";

// Reads "appid:secret,appid:secret", each with an errcode behind it or not: "appid:secret:40164".
// Throws std::runtime_error if the text is anything else.
std::vector<KnownApp> read_apps(std::string_view text);

// The app of that appid, or null.
const KnownApp* find(const std::vector<KnownApp>& apps, std::string_view appid);

// What WeChat says to these, 0 if it lets them in: 40013, 40125, or the app's own errcode.
int check_app(const std::vector<KnownApp>& apps, std::string_view appid, std::string_view secret);

} // namespace onlogin::fake
