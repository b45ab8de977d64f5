#pragma once

// The configuration: plain structs with every default. The file is JSON with // comments.

#include "base/language.hh"
#include "base/log.hh"
#include "base/secret.hh"
#include "store/address.hh"

#include <memory>
#include <string>
#include <vector>

namespace onlogin {

class SessionKeys;

// One mini program, with all that a call to WeChat for it has to know.
struct MiniProgram
{
    std::string appid;
    Secret secret;
    std::string secret_file; // its path, unless systemd's credentials hold it; empty: none
    std::string url;         // of the vendor's API; wechat.url if the file names none
    bool expose_session_key = false;
    long timeout_ms = 0; // wechat.timeout_ms
};

struct WechatConfig
{
    std::string url = "https://api.weixin.qq.com"; // http:// only for a loopback address
    std::string ca_file;                           // empty: the system's
    bool fake_ca = false;                          // it has the CA of onlogin-fake-wechat
    std::string proxy;                             // empty: none
    bool http2 = true;                             // if the server offers it
    long max_connections = 512;
    long connect_timeout_ms = 2000;
    long timeout_ms = 4500; // from a request's arrival to its answer
};

struct LimitsConfig
{
    long in_flight = 10000;
    long body_bytes = 16384;
    long drain_ms = 5000;
};

struct SessionConfig
{
    long lifetime_s = 7200;
    long max_age_s = 2592000;
    long watermark_age_s = 300;
    std::string keys_file;                   // its path; empty: sessions are off
    std::shared_ptr<const SessionKeys> keys; // what it holds; null: sessions are off
    std::string revocations = "sqlite:/var/lib/onlogin/revocations.db";
    StoreAddress store; // what that means
};

struct LogConfig
{
    Level level = Level::Info;
    bool json = false;
};

struct Config
{
    // At least one, each appid once. Who still works for one keeps it over a reload.
    std::vector<std::shared_ptr<const MiniProgram>> apps;
    WechatConfig wechat;
    LimitsConfig limits;
    SessionConfig session;
    Language language = Language::English; // of answers, and of advice in the log
    std::string internal_key_file;         // its path; empty: whoever opens the socket may ask all
    Secret internal_key; // what it holds: who asks internal actions has to know it
    LogConfig log;

    // The mini program of that appid, or null.
    [[nodiscard]] std::shared_ptr<const MiniProgram>
    find_mini_program(std::string_view appid) const;
};

// Reads `file` and the secrets that it names. secret_file, session.keys_file and internal_key_file,
// if relative, are looked up in `credentials_directory` (systemd's, may be empty) first, as they
// stand and with an underscore for each slash; then beside the configuration. Throws ConfigError,
// one line that names file, line and key. Changes nothing.
Config load_config(const std::string& file, const std::string& credentials_directory);

} // namespace onlogin
