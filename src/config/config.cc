#include "config/config.hh"

#include "base/encode.hh"
#include "base/errors.hh"
#include "base/json.hh"
#include "base/nearest.hh"
#include "base/private_file.hh"
#include "config/keys.hh"
#include "net/ca_store.hh"
#include "net/url.hh"
#include "session/keys.hh"
#include "store/address.hh"

#include <algorithm>
#include <array>
#include <filesystem>

namespace onlogin {

namespace {

class ConfigReader
{
public:
    ConfigReader(const std::string& file, const std::string& credentials)
        : file_{file}
        , directory_{std::filesystem::path{file}.parent_path().string()}
        , credentials_{credentials}
    {
    }

    Config read()
    {
        auto contents = read_file(file_, Readers::Anybody);
        text_ = std::move(contents.text);
        open_to_others_ = contents.mode & 077;
        const auto parsed = parse_commented_json(text_);
        if (!parsed.error.empty())
            throw ConfigError{file_ + ":" + std::to_string(parsed.line) + ": " + parsed.error};
        const auto& root = parsed.value;
        require_object(root, "the configuration");
        const auto sections = sections_of(config_);
        std::vector<std::string> known{"apps"};
        for (const auto& section : sections)
            known.push_back(section.name);
        const auto single = single_keys_of(config_);
        for (const auto& key : single)
            known.push_back(key.name);
        check_names(root, "", known);
        for (const auto& key : single)
            if (root.isMember(key.name))
                read_value(root[key.name], key.name, key);
        for (const auto& section : sections)
            if (root.isMember(section.name))
                read_object(root[section.name], section.name, section.keys);

        auto& wechat = config_.wechat;
        check_url(root["wechat"]["url"], "wechat.url", wechat.url);
        if (!wechat.proxy.empty())
            check_proxy(root["wechat"]["proxy"], wechat.proxy);
        if (!wechat.ca_file.empty()) {
            wechat.ca_file = beside(wechat.ca_file);
            check_ca_file(root["wechat"]["ca_file"], wechat.ca_file);
        }
        if (!config_.session.keys_file.empty())
            read_session_keys(root["session"]["keys_file"], config_.session);
        check_revocations(root["session"]["revocations"], config_.session.revocations);
        read_apps(root["apps"]);
        if (!config_.internal_key_file.empty())
            read_internal_key(root["internal_key_file"]);
        check_system_ca(root["wechat"]);
        wipe(text_);
        return std::move(config_);
    }

private:
    [[noreturn]] void fail(const Json::Value& at, const std::string& key, const std::string& what)
    {
        throw ConfigError{file_ + ":" + std::to_string(line_of(text_, at)) + ": " + key + ": " +
                          what};
    }

    // Relative paths are relative to the configuration file.
    [[nodiscard]] std::string beside(const std::string& path) const
    {
        return (std::filesystem::path{directory_} / path).string();
    }

    void require_object(const Json::Value& value, const std::string& key)
    {
        if (!value.isObject())
            fail(value, key, "must be an object: { … }");
    }

    void check_names(const Json::Value& object, const std::string& prefix,
                     const std::vector<std::string>& known)
    {
        for (auto member = object.begin(); member != object.end(); ++member)
            if (std::find(known.begin(), known.end(), member.name()) == known.end())
                fail(*member, prefix + member.name(),
                     "unknown key; did you mean \"" + nearest(member.name(), known) + "\"?");
    }

    void read_object(const Json::Value& object, const std::string& name,
                     const std::vector<Key>& keys)
    {
        require_object(object, name);
        std::vector<std::string> known;
        known.reserve(keys.size());
        for (const auto& key : keys)
            known.push_back(key.name);
        check_names(object, name + ".", known);
        for (const auto& key : keys)
            if (object.isMember(key.name))
                read_value(object[key.name], name + "." + key.name, key);
    }

    void read_value(const Json::Value& value, const std::string& name, const Key& key)
    {
        if (!std::visit([&](const auto& target) { return set(target, value); }, key.target))
            fail(value, name, "must be " + good_value(key));
        const char *begin = nullptr, *end = nullptr;
        if (value.isString() && value.getString(&begin, &end) && std::find(begin, end, '\0') != end)
            fail(value, name, "must not contain \\u0000");
    }

    // False: it is no good value.
    static bool set(const Number& number, const Json::Value& value)
    {
        if (!value.isInt64() || value.asInt64() < number.least || value.asInt64() > number.most)
            return false;
        *number.target = value.asInt64();
        return true;
    }

    static bool set(const Text& text, const Json::Value& value)
    {
        if (value.isString())
            *text.target = value.asString();
        return value.isString();
    }

    static bool set(const Truth& truth, const Json::Value& value)
    {
        if (value.isBool())
            *truth.target = value.asBool();
        return value.isBool();
    }

    static bool set(const Choice& choice, const Json::Value& value)
    {
        const auto word = value.isString() ? value.asString() : "";
        const auto found = std::find(choice.words.begin(), choice.words.end(), word);
        if (found == choice.words.end())
            return false;
        choice.choose(static_cast<std::size_t>(found - choice.words.begin()));
        return true;
    }

    // What stays is the URL as libcurl reads it, without a slash at its end.
    void check_url(const Json::Value& at, const std::string& key, std::string& url)
    {
        const auto parsed = read_url(url);
        const bool plain = parsed && parsed->scheme == "http";
        if (!parsed || !(plain || parsed->scheme == "https"))
            fail(at, key, "must be a URL like https://api.weixin.qq.com");
        if (parsed->has_user)
            fail(at, key, "must not name a user or a password: leave out what stands before the @");
        if (parsed->has_more)
            fail(at, key, "must end with host, port or path: leave out the ? or # and the rest");
        if (plain && !is_loopback(parsed->endpoint.host))
            fail(at, key, "must be https://; http:// is for loopback addresses only");
        url = parsed->text;
        while (url.ends_with('/'))
            url.pop_back();
    }

    void check_proxy(const Json::Value& at, const std::string& proxy)
    {
        constexpr std::array schemes{"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
        const auto parsed = read_proxy_url(proxy);
        const bool good =
            parsed && parsed->path == "/" && !parsed->has_more &&
            std::find(schemes.begin(), schemes.end(), parsed->scheme) != schemes.end();
        if (!good)
            fail(at, "wechat.proxy",
                 "must be a URL like http://10.0.0.1:3128, or http://USER:PASSWORD@10.0.0.1:3128 "
                 "with %40 for @, %2F for /, %3F for ?, %23 for # and %25 for % in them");
    }

    void check_ca_file(const Json::Value& at, const std::string& file)
    {
        try {
            if (read_file(file, Readers::Public).text.find("CERTIFICATE-----") == file.npos)
                fail(at, "wechat.ca_file", file + " holds no certificate in PEM form");
        } catch (const ConfigError& error) {
            if (std::string_view{error.what()}.starts_with(file_ + ":"))
                throw;
            fail(at, "wechat.ca_file", error.what());
        }
    }

    void check_revocations(const Json::Value& at, const std::string& value)
    {
        try {
            config_.session.store = parse_store_address(value, directory_);
        } catch (const ConfigError& error) {
            fail(at, "session.revocations", error.what());
        }
        if (open_to_others_ && !config_.session.store.password.empty())
            fail(at, "session.revocations", open_to_others(file_));
    }

    void check_system_ca(const Json::Value& at)
    {
        const bool needed =
            config_.wechat.ca_file.empty() &&
            std::any_of(config_.apps.begin(), config_.apps.end(),
                        [](const auto& app) { return app->url.starts_with("https:"); });
        if (!needed)
            return;
        if (const auto trouble = system_ca_trouble(); !trouble.empty())
            fail(at, "wechat.ca_file", trouble);
    }

    void read_apps(const Json::Value& apps)
    {
        if (!apps.isArray() || apps.empty())
            fail(apps, "apps", "must be a list with at least one app: [ { \"appid\": … } ]");
        for (const auto& app : apps)
            read_app(app, "apps[" + std::to_string(config_.apps.size()) + "]");
    }

    void read_app(const Json::Value& app, const std::string& name)
    {
        AppEntry entry;
        read_object(app, name, keys_of(entry));
        auto& mini = entry.app;
        if (mini.appid.empty())
            fail(app.isMember("appid") ? app["appid"] : app, name + ".appid",
                 "put in the appid of your mini program, like wx0123456789abcdef; "
                 "mp.weixin.qq.com shows it, Development settings");
        if (mini.appid.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != mini.appid.npos)
            fail(app["appid"], name + ".appid",
                 "must be the appid of the mini program, like wx0123456789abcdef");
        if (mini.appid.starts_with("gh_"))
            fail(app["appid"], name + ".appid",
                 mini.appid + " is the original id (原始ID) of the account; put in its appid "
                              "(AppID), which begins with wx");
        if (config_.find_mini_program(mini.appid))
            fail(app["appid"], name + ".appid", mini.appid + " is configured twice");
        if (mini.url.empty())
            mini.url = config_.wechat.url;
        else
            check_url(app["url"], name + ".url", mini.url);
        mini.timeout_ms = config_.wechat.timeout_ms;

        if (app.isMember("secret") == app.isMember("secret_file"))
            fail(app, name, "needs exactly one of \"secret_file\" and \"secret\"");
        if (app.isMember("secret")) {
            if (open_to_others_)
                fail(app["secret"], name + ".secret", open_to_others(file_));
            mini.secret = check_secret(app["secret"], name + ".secret", "the AppSecret",
                                       std::move(entry.secret));
        } else {
            auto file = read_secret(app["secret_file"], name + ".secret_file", entry.secret_file,
                                    [](const std::string& missing) {
                                        return "put the AppSecret there, and chmod 600 " + missing;
                                    });
            mini.secret = check_secret(app["secret_file"], name + ".secret_file", file.path,
                                       std::move(file.text));
            mini.secret_file = beside(entry.secret_file);
        }
        config_.apps.push_back(std::make_shared<const MiniProgram>(std::move(mini)));
    }

    void read_session_keys(const Json::Value& at, SessionConfig& session)
    {
        const std::string key = "session.keys_file";
        auto file = read_secret(at, key, session.keys_file, [](const std::string& missing) {
            return "(umask 077; onlogin keygen >" + missing + ")";
        });
        const Secret text{std::move(file.text)};
        try {
            session.keys = std::make_shared<const SessionKeys>(text.reveal(), file.path);
        } catch (const ConfigError& error) {
            fail(at, key, error.what());
        }
        session.keys_file = beside(session.keys_file);
    }

    void read_internal_key(const Json::Value& at)
    {
        const std::string key = "internal_key_file";
        auto file = read_secret(at, key, config_.internal_key_file, [](const std::string&) {
            return std::string{
                "`onlogin-internal-key` makes it, and tells nginx; or \"\" if no nginx "
                "asks for sessions or access tokens"};
        });
        while (file.text.ends_with('\n') || file.text.ends_with('\r'))
            file.text.pop_back();
        config_.internal_key = Secret{std::move(file.text)};
        const auto text = config_.internal_key.reveal();
        if (text.size() < 32 || text.size() > 128 || !is_visible_ascii(text))
            fail(at, key,
                 file.path + " must hold one line of 32 to 128 visible ASCII characters: let "
                             "`onlogin-internal-key --new` make another");
        config_.internal_key_file = beside(config_.internal_key_file);
    }

    struct SecretFile
    {
        std::string path;
        std::string text;
    };

    // `mend` says how to make the file where it is missing.
    SecretFile read_secret(const Json::Value& at, const std::string& key, const std::string& path,
                           std::string (*mend)(const std::string& missing))
    {
        if (path.empty())
            fail(at, key, "must name a file");
        for (const auto& credential : credentials_for(path))
            if (std::error_code error;
                std::filesystem::exists(credential, error) || error == std::errc::permission_denied)
                return read_secret_file(at, key, credential, Readers::OwnerAndGroup);
        const auto file = beside(path);
        if (std::error_code error; !std::filesystem::exists(file, error) && !error)
            fail(at, key, "there is no " + file + ": " + mend(file));
        return read_secret_file(at, key, file, Readers::Owner);
    }

    SecretFile read_secret_file(const Json::Value& at, const std::string& key,
                                const std::string& file, Readers readers)
    {
        try {
            return {file, read_file(file, readers).text};
        } catch (const ConfigError& error) {
            fail(at, key, error.what());
        }
    }

    // Where the service manager may have put the secret of that name: systemd makes a credential
    // NAME_FILE of each file when it is given a directory (LoadCredential=NAME:DIRECTORY).
    [[nodiscard]] std::vector<std::string> credentials_for(const std::string& path) const
    {
        const auto name = std::filesystem::path{path}.lexically_normal();
        if (credentials_.empty() || name.is_absolute())
            return {};
        auto flat = name.string();
        std::replace(flat.begin(), flat.end(), '/', '_');
        const std::filesystem::path directory{credentials_};
        return {(directory / name).string(), (directory / flat).string()};
    }

    // `holder`: what the complaint is about.
    Secret check_secret(const Json::Value& at, const std::string& key, const std::string& holder,
                        std::string text)
    {
        while (text.ends_with('\n') || text.ends_with('\r'))
            text.pop_back();
        const bool empty = text.empty();
        const bool blanks = text.find_first_of(" \t\r\n") != text.npos;
        const bool good = !empty && text.size() <= 256 && is_visible_ascii(text);
        Secret secret{std::move(text)};
        if (!good)
            fail(at, key,
                 holder +
                     (empty    ? " is empty"
                      : blanks ? " has a blank or a line break in it"
                               : " is no AppSecret") +
                     ": put in the AppSecret and nothing else, one word, 32 characters as a rule");
        return secret;
    }

    std::string file_;
    std::string directory_;
    std::string credentials_;
    std::string text_;
    bool open_to_others_ = false;
    Config config_;
};

} // namespace

std::shared_ptr<const MiniProgram> Config::find_mini_program(std::string_view appid) const
{
    for (const auto& mini : apps)
        if (mini->appid == appid)
            return mini;
    return nullptr;
}

Config load_config(const std::string& file, const std::string& credentials_directory)
{
    return ConfigReader{file, credentials_directory}.read();
}

} // namespace onlogin
