#pragma once

// Whether logins lead to the real WeChat, or to a fake one that somebody tried and left configured.

#include "config/config.hh"

#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

// Whether a certificate of that name is one of onlogin-fake-wechat.
bool names_fake(std::string_view name);

// Why users cannot log in to `app` with the real WeChat, as far as the configuration tells; empty:
// nothing says so. `address` is where its server was reached, if it was; empty: the URL alone
// counts.
std::string unreal(const Config& config, const MiniProgram& app, const std::string& address = {});

// The same for all mini programs, each reason once.
std::vector<std::string> unreal(const Config& config);

// What mends it.
inline constexpr std::string_view make_it_real =
    "for real users leave url and ca_file out of the section wechat (and url of the mini program), "
    "and put in the appid and the AppSecret of mp.weixin.qq.com";

} // namespace onlogin
