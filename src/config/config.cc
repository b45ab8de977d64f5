#include "config/config.hh"

#include "base/encode.hh"
#include "base/errors.hh"
#include "base/json.hh"
#include "base/nearest.hh"
#include "base/odd_text.hh"
#include "base/private_file.hh"
#include "config/keys.hh"
#include "config/pasted.hh"
#include "net/ca_store.hh"
#include "net/tls.hh"
#include "net/url.hh"
#include "session/keys.hh"
#include "store/address.hh"

#include <algorithm>
#include <array>
#include <filesystem>

#include <sys/stat.h>

namespace onlogin {

namespace {

constexpr const char* the_appsecret = "the AppSecret";

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
        text_ = without_byte_order_mark(contents.text);
        wipe(contents.text);
        open_to_others_ = contents.mode & 077;
        const auto parsed = parse_commented_json(text_);
        if (!parsed.error.empty())
            throw ConfigError{file_ + ":" + std::to_string(parsed.line) + ": " + parsed.error};
        const auto& root = parsed.value;
        require_object(root, "the configuration");
        const auto sections = sections_of(config_);
        std::vector<std::string> known{"apps", "$schema"}; // the latter for editors
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
        for (auto member = object.begin(); member != object.end(); ++member) {
            const auto name = member.name();
            if (std::find(known.begin(), known.end(), name) != known.end())
                continue;
            std::string what = "unknown key";
            if (const auto odd = find_odd_character(name))
                what += " (it has " + odd->called + " at " + place_of(*odd, name) + ")";
            fail(*member, prefix + (may_be_secret(name) ? "…" : name),
                 what + "; did you mean \"" + nearest(name, known) + "\"?");
        }
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
        if (const auto* const text = std::get_if<Text>(&key.target))
            check_text(value, name, *text);
    }

    void check_text(const Json::Value& at, const std::string& name, const Text& text)
    {
        Secret value{at.asString()};
        if (const auto odd = find_invisible_character(value.reveal()))
            fail(at, name,
                 "there is " + odd->called + " in it, at " + place_of(*odd, value.reveal()) +
                     ", which came with copied text: type it anew");
        if (open_to_others_ && holds_secret(text, value.reveal()))
            fail(at, name, open_to_others(file_));
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
        const std::string key = "wechat.ca_file";
        if (std::error_code error;
            may_be_secret(at.asString()) && !std::filesystem::exists(file, error))
            fail(at, key, "must name a file: this looks like what stands in one");
        std::string fault;
        try {
            const auto text = read_file(file, Readers::Public).text;
            fault = certificates_fault(text);
            config_.wechat.fake_ca = any_certificate_names(text, fake_authority);
        } catch (const ConfigError& error) {
            std::error_code unknown;
            const bool missing = !std::filesystem::exists(file, unknown) && !unknown;
            fail(at, key,
                 error.what() +
                     std::string{missing ? "; for WeChat itself leave wechat.ca_file out" : ""});
        }
        if (!fault.empty())
            fail(at, key, file + ' ' + fault);
    }

    void check_revocations(const Json::Value& at, const std::string& value)
    {
        try {
            config_.session.store = parse_store_address(value, directory_);
        } catch (const ConfigError& error) {
            fail(at, "session.revocations", error.what());
        }
        const auto& key_file = config_.session.store.key_file;
        const bool credential = !credentials_.empty() && key_file.starts_with(credentials_ + '/');
        if (!key_file.empty() && !credential)
            check_original(at, "session.revocations", key_file);
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
        const auto vendor = vendor_of(app, name, mini);
        if (const auto fault = appid_fault(mini.appid, vendor); !fault.empty())
            fail(app["appid"], name + ".appid", fault);
        if (config_.find_mini_program(mini.appid))
            fail(app["appid"], name + ".appid", mini.appid + " is configured twice");
        mini.timeout_ms = config_.wechat.timeout_ms;

        if (app.isMember("secret") == app.isMember("secret_file"))
            fail(app, name, "needs exactly one of \"secret_file\" and \"secret\"");
        if (app.isMember("secret")) {
            const auto& secret = app["secret"];
            if (std::error_code error; entry.secret.find_first_of("/.") != entry.secret.npos &&
                                       std::filesystem::exists(beside(entry.secret), error))
                fail(secret, name + ".secret", "is the name of a file: write \"secret_file\"");
            mini.secret = check_secret(secret, name + ".secret", the_appsecret,
                                       std::move(entry.secret), mini.appid, vendor);
        } else {
            auto file = read_secret(app["secret_file"], name + ".secret_file", entry.secret_file,
                                    [](const std::string& missing) {
                                        return "put the AppSecret there, and chmod 600 " + missing;
                                    });
            mini.secret = check_secret(app["secret_file"], name + ".secret_file", file.path,
                                       std::move(file.text), mini.appid, vendor);
            mini.secret_file = beside(entry.secret_file);
        }
        config_.apps.push_back(std::make_shared<const MiniProgram>(std::move(mini)));
    }

    // Sees to it that `mini` has a URL.
    Vendor vendor_of(const Json::Value& app, const std::string& name, MiniProgram& mini)
    {
        const bool own = !mini.url.empty();
        if (own)
            check_url(app["url"], name + ".url", mini.url);
        else
            mini.url = config_.wechat.url;
        const auto url = read_url(mini.url);
        if (url && (url->endpoint.host == "weixin.qq.com" ||
                    url->endpoint.host.ends_with(".weixin.qq.com")))
            return Vendor::Wechat;
        return own ? Vendor::Another : Vendor::Relay;
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
        const auto& text = config_.internal_key.reveal();
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
        const auto file = beside(path);
        for (const auto& credential : credentials_for(path))
            if (std::error_code error; std::filesystem::exists(credential, error) ||
                                       error == std::errc::permission_denied) {
                check_original(at, key, file);
                return read_secret_file(at, key, credential, Readers::OwnerAndGroup);
            }
        if (std::error_code error; !std::filesystem::exists(file, error)) {
            if (may_be_secret(path)) // also where its name is too long for a file
                fail(at, key, "must name a file: this looks like the secret that stands in it");
            if (!error)
                fail(at, key, "there is no " + file + ": " + mend(file));
        }
        return read_secret_file(at, key, file, Readers::Owner);
    }

    // For a file that somebody else reads: the store's library, or systemd, whose copy is private
    // whatever the mode of the file is. If we can look at that one, so can others.
    void check_original(const Json::Value& at, const std::string& key, const std::string& file)
    {
        struct stat status
        {};
        if (stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077))
            fail(at, key, open_to_others(file));
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
                        std::string text, const std::string& appid, Vendor vendor)
    {
        while (text.ends_with('\n') || text.ends_with('\r'))
            text.pop_back();
        Secret secret{std::string{without_byte_order_mark(text)}};
        wipe(text);
        const auto fault = appsecret_fault(secret.reveal(), appid, vendor);
        const bool none = holder == the_appsecret && fault.starts_with("is no AppSecret");
        if (!fault.empty())
            fail(at, key,
                 (none ? "this" : holder) + ' ' + fault +
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
