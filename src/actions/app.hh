#pragma once

// What the actions work with.

#include "base/log.hh"
#include "config/config.hh"
#include "net/once_a_minute.hh"
#include "store/revocations.hh"
#include "wechat/wechat.hh"

#include <memory>

namespace onlogin {

struct App
{
    Wechat& wechat;
    AccessTokens& tokens;
    Log& log;
    // Replaced as a whole by a reload; an action that waits keeps the one it began with.
    std::shared_ptr<const Config> config;
    Revocations* revocations; // there while the configuration has session keys
    long in_flight = 0;       // actions begun and not ended
    long asking_wechat = 0;   // those of them that wait for WeChat, see WaitForWechat
    OnceAMinute undecided{};  // what the log says of a server that does not say which mini program
    OnceAMinute keyless{};    // and of one that asks for what is internal without the key
};

} // namespace onlogin
