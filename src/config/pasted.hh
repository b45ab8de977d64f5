#pragma once

// What people paste into the configuration instead of an appid and an AppSecret. Nothing here
// repeats what it looks at.

#include <string>
#include <string_view>

namespace onlogin {

// Whose mini programs a server is for.
enum class Vendor
{
    Wechat,  // WeChat's own server: all forms are known
    Relay,   // wechat.url is another server: WeChat's forms are to be expected
    Another, // the app has a `url` of its own, as QQ's
};

// What `text` looks like, "an appid"; empty: like nothing that is known here.
std::string looks_like(std::string_view text);

// Why `text` can be no appid of that vendor, to follow the key; empty: it may be one.
std::string appid_fault(std::string_view text, Vendor vendor);

// Why `text` can be no AppSecret of the mini program `appid`, to follow what holds it, which
// begins with a verb; empty: it may be one.
std::string appsecret_fault(std::string_view text, std::string_view appid, Vendor vendor);

// Whether `text` may itself be what should stand in a file, so that it must not be shown.
bool may_be_secret(std::string_view text);

// What another program says, without what it quotes and what may be a secret: "…" stands for that.
std::string without_secrets(std::string_view said);

} // namespace onlogin
