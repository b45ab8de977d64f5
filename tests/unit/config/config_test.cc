#include "config/config.hh"

#include "base/errors.hh"
#include "session/keys.hh"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include <stdlib.h>
#include <sys/stat.h>

using namespace onlogin;

namespace {

// A directory of its own for each test.
struct Files
{
    std::string directory;

    Files()
    {
        unsetenv("INVOCATION_ID"); // a service hears more about /tmp
        char name[] = "/tmp/onlogin-config-XXXXXX";
        directory = mkdtemp(name);
        put("good.secret", "0123456789abcdef0123456789abcdef\n");
    }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    ~Files() { std::filesystem::remove_all(directory); }

    std::string put(const std::string& name, const std::string& text, mode_t mode = 0600)
    {
        auto path = directory + "/" + name;
        std::filesystem::create_directories(std::filesystem::path{path}.parent_path());
        std::ofstream{path} << text;
        chmod(path.c_str(), mode);
        return path;
    }

    Config load(const std::string& text, const std::string& credentials = {})
    {
        return load_config(put("onlogin.json", text), credentials);
    }

    // What is wrong with the configuration, without the directory.
    std::string complaint(const std::string& text)
    {
        try {
            load(text);
        } catch (const ConfigError& error) {
            std::string what = error.what();
            for (std::size_t at; (at = what.find(directory + "/")) != what.npos;)
                what.erase(at, directory.size() + 1);
            return what;
        }
        return "";
    }
};

const std::string session_key = "k3.local.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8\n";
const std::string other_session_key = "k3.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 36500
const std::string certificate = R"(-----BEGIN CERTIFICATE-----
MIIBbjCCARWgAwIBAgIUOHdQLKzsdX6Ub+1a9v6svGgzHGMwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAgFw0yNjExMjYwNzUyMjVaGA8yMTI2MTEwMjA3NTIyNVow
DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLch1iOcze34
QK+gIxEvDwoj3PeHDMEfFMbSkcUQaNVX0KbQHzXpPGEswC2FZddoJO0oB+uYD/fs
FfYOuaMMhrKjUzBRMB0GA1UdDgQWBBTC5zjkyOxrnV3uw5ZPlVXOzW+w3TAfBgNV
HSMEGDAWgBTC5zjkyOxrnV3uw5ZPlVXOzW+w3TAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0cAMEQCID5jUlI8PgEv+KbFREGRtMufA01BHXb/+kbnO4W977kU
AiBmRM54UdH22h2LQ5vucs3m3TTfxXYhYZAuWRzPefbZ6w==
-----END CERTIFICATE-----
)";

const std::string app = R"({"appid":"wx1","secret_file":"good.secret"})";

std::string with(const std::string& rest)
{
    return "{ \"apps\": [" + app + "],\n" + rest + "}";
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(config, Files)

BOOST_AUTO_TEST_CASE(the_smallest_configuration_has_every_default)
{
    const auto config = load("{ // comment\n \"apps\": [" + app + "] }");
    BOOST_TEST(config.apps.size() == 1U);
    BOOST_TEST(config.apps[0]->appid == "wx1");
    BOOST_TEST(config.apps[0]->secret.reveal() == "0123456789abcdef0123456789abcdef");
    BOOST_TEST(config.apps[0]->url == "https://api.weixin.qq.com");
    BOOST_TEST(!config.apps[0]->expose_session_key);
    BOOST_TEST(config.wechat.timeout_ms == 4500);
    BOOST_TEST(config.wechat.connect_timeout_ms == 2000);
    BOOST_TEST(config.wechat.max_connections == 512);
    BOOST_TEST(config.wechat.http2);
    BOOST_TEST(config.limits.in_flight == 10000);
    BOOST_TEST(config.limits.body_bytes == 16384);
    BOOST_TEST(config.limits.drain_ms == 5000);
    BOOST_TEST(config.session.lifetime_s == 7200);
    BOOST_TEST(!config.session.keys);
    BOOST_TEST(config.internal_key.empty());
    BOOST_TEST((config.log.level == Level::Info && !config.log.json));
}

BOOST_AUTO_TEST_CASE(every_key_is_read)
{
    put("ca.pem", certificate);
    put("session.keys", session_key + other_session_key);
    put("internal.key", std::string(32, 'k') + "\n");
    const auto config = load(R"({
        "apps": [ { "appid": "wx1", "secret": "inline", "url": "https://api.q.qq.com/",
                    "expose_session_key": true },
                  { "appid": "wx2", "secret_file": "good.secret" } ],
        "wechat": { "url": "http://127.0.0.1:8080/base/", "ca_file": "ca.pem",
                    "proxy": "http://proxy:3128", "http": "1.1", "max_connections": 7,
                    "connect_timeout_ms": 8, "timeout_ms": 9 },
        "limits": { "in_flight": 1, "body_bytes": 2, "drain_ms": 0 },
        "session": { "lifetime_s": 3, "max_age_s": 4, "watermark_age_s": 5, "keys_file": "session.keys",
                     "revocations": "off" },
        "internal_key_file": "internal.key",
        "log": { "level": "error", "format": "json" } })");
    BOOST_TEST(config.internal_key_file == directory + "/internal.key");
    BOOST_TEST(config.internal_key.reveal() == std::string(32, 'k'));
    BOOST_TEST(config.find_mini_program("wx1")->url == "https://api.q.qq.com");
    BOOST_TEST(config.find_mini_program("wx1")->expose_session_key);
    BOOST_TEST(config.find_mini_program("wx1")->secret.reveal() == "inline");
    BOOST_TEST(config.find_mini_program("wx2")->url == "http://127.0.0.1:8080/base");
    BOOST_TEST(!config.find_mini_program("wx3"));
    BOOST_TEST(config.wechat.ca_file == directory + "/ca.pem");
    BOOST_TEST(config.wechat.proxy == "http://proxy:3128");
    BOOST_TEST(!config.wechat.http2);
    BOOST_TEST(config.limits.drain_ms == 0);
    BOOST_TEST(config.session.watermark_age_s == 5);
    BOOST_TEST(config.session.keys_file == directory + "/session.keys");
    BOOST_TEST(config.session.keys->all().size() == 2U);
    BOOST_TEST((config.log.level == Level::Error && config.log.json));
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_by_file_line_and_key)
{
    const std::pair<std::string, std::string> table[] = {
        {"{", "onlogin.json:1: Missing '}' or object member name"},
        {"[]", "onlogin.json:1: the configuration: must be an object: { … }"},
        {"{}", "onlogin.json:1: apps: must be a list with at least one app: [ { \"appid\": … } ]"},
        {"{\n\"apps\": [] }",
         "onlogin.json:2: apps: must be a list with at least one app: [ { \"appid\": … } ]"},
        {with("\n\"wechta\": {}"), "onlogin.json:3: wechta: unknown key; did you mean \"wechat\"?"},
        {with("\"wechat\": {\n\"timeout\": 1}"),
         "onlogin.json:3: wechat.timeout: unknown key; did you mean \"timeout_ms\"?"},
        {with("\"limits\": 7"), "onlogin.json:2: limits: must be an object: { … }"},
        {with("\"limits\": {\"in_flight\": 0}"),
         "onlogin.json:2: limits.in_flight: must be a whole number from 1 to 1000000"},
        {with("\"limits\": {\"in_flight\": \"9\"}"),
         "onlogin.json:2: limits.in_flight: must be a whole number from 1 to 1000000"},
        {with("\"limits\": {\"in_flight\": 1.5}"),
         "onlogin.json:2: limits.in_flight: must be a whole number from 1 to 1000000"},
        {with("\"log\": {\"level\": \"loud\"}"),
         "onlogin.json:2: log.level: must be one of \"debug\", \"info\", \"warn\", \"error\""},
        {with("\"log\": {\"level\": 1}"),
         "onlogin.json:2: log.level: must be one of \"debug\", \"info\", \"warn\", \"error\""},
        {with("\"wechat\": {\"url\": 1}"), "onlogin.json:2: wechat.url: must be a string"},
        {with("\"wechat\": {\"url\": \"ftp://x\"}"),
         "onlogin.json:2: wechat.url: must be a URL like https://api.weixin.qq.com"},
        {with("\"wechat\": {\"url\": \"http://api.weixin.qq.com\"}"),
         "onlogin.json:2: wechat.url: must be https://; http:// is for loopback addresses only"},
        {with("\"wechat\": {\"url\": \"http://127.0.0.1.evil.com\"}"),
         "onlogin.json:2: wechat.url: must be https://; http:// is for loopback addresses only"},
        {with("\"wechat\": {\"ca_file\": \"no.pem\"}"),
         "onlogin.json:2: wechat.ca_file: no.pem: No such file or directory; for WeChat itself "
         "leave wechat.ca_file out"},
        {with("\"wechat\": {\"ca_file\": \"good.secret\"}"),
         "onlogin.json:2: wechat.ca_file: good.secret holds no certificate in PEM form"},
        {with("\"wechat\": {\"url\": \"https://127.0.0.1:99999\"}"),
         "onlogin.json:2: wechat.url: must be a URL like https://api.weixin.qq.com"},
        {with("\"wechat\": {\"url\": \"https://" + std::string(300, 'x') + "\"}"),
         "onlogin.json:2: wechat.url: must be a URL like https://api.weixin.qq.com"},
        {with("\"log\": {}, \"log\": {}"), "onlogin.json:2: Duplicate key: 'log'"},
        {"{\"apps\": [" + app + ",\n" + app + "]}",
         "onlogin.json:2: apps[1].appid: wx1 is configured twice"},
        {"{\"apps\": [{}]}",
         "onlogin.json:1: apps[0].appid: put in the appid of your mini program, like "
         "wx0123456789abcdef; mp.weixin.qq.com shows it, Development settings"},
        {"{\"apps\": [{\"appid\":\"wx 1\"}]}",
         "onlogin.json:1: apps[0].appid: must be the appid of the mini program, like "
         "wx0123456789abcdef: a space is in it, at character 3"},
        {"{\"apps\": [{\"appid\":\"wx1\"}]}",
         "onlogin.json:1: apps[0]: needs exactly one of \"secret_file\" and \"secret\""},
        {"{\"apps\": [{\"appid\":\"wx1\",\"secret\":\"s\",\"secret_file\":\"good.secret\"}]}",
         "onlogin.json:1: apps[0]: needs exactly one of \"secret_file\" and \"secret\""},
        {"{\"apps\": [{\"appid\":\"wx1\",\"secret\":\"\"}]}",
         "onlogin.json:1: apps[0].secret: the AppSecret is empty: put in the AppSecret and "
         "nothing "
         "else, one word, 32 characters as a "
         "rule"},
        {"{\"apps\": [{\"appid\":\"wx1\",\"secret_file\":\"none\"}]}",
         "onlogin.json:1: apps[0].secret_file: there is no none: put the AppSecret there, and "
         "chmod "
         "600 none"},
        {"{\"apps\": [{\"appid\":\"wx1\",\"secret_file\":\".\"}]}",
         "onlogin.json:1: apps[0].secret_file: .: is not a regular file"},
        {"{\"apps\": "
         "[{\"appid\":\"wx1\",\"secret_file\":\"good.secret\",\"expose_session_key\":1}]}",
         "onlogin.json:1: apps[0].expose_session_key: must be true or false"},
    };
    for (const auto& [text, expected] : table)
        BOOST_TEST(complaint(text) == expected);
}

BOOST_AUTO_TEST_CASE(a_missing_configuration_is_named)
{
    BOOST_CHECK_EXCEPTION(
        load_config(directory + "/none.json", ""), ConfigError, [&](const auto& error) {
            return error.what() == directory + "/none.json: No such file or directory";
        });
}

BOOST_AUTO_TEST_CASE(a_secret_that_others_may_read_is_refused_with_the_chmod_that_mends_it)
{
    for (const mode_t mode : {0640, 0604, 0660, 0644}) {
        put("good.secret", "abc", mode);
        BOOST_TEST(complaint("{\"apps\":[" + app + "]}") ==
                   "onlogin.json:1: apps[0].secret_file: good.secret holds a secret and others may "
                   "read it: chmod 600 good.secret");
    }
}

BOOST_AUTO_TEST_CASE(a_configuration_with_a_secret_inside_must_be_private_too)
{
    const auto file = put("open.json", R"({"apps":[{"appid":"wx1","secret":"abc"}]})", 0644);
    BOOST_CHECK_EXCEPTION(load_config(file, ""), ConfigError, [&](const auto& error) {
        return error.what() == file + ":1: apps[0].secret: " + file +
                                   " holds a secret and others may read it: chmod 600 " + file;
    });
}

BOOST_AUTO_TEST_CASE(so_must_one_with_a_password_for_a_proxy_or_a_store)
{
    const auto open_with = [&](const std::string& rest) {
        put("open.json", with(rest), 0640);
        try {
            load_config(directory + "/open.json", "");
        } catch (const ConfigError& error) {
            std::string what = error.what();
            BOOST_TEST(what.find("hidden") == what.npos);
            return what;
        }
        return std::string{};
    };
    for (const auto* secret :
         {R"("wechat": {"proxy": "http://user:hidden@127.0.0.1:9"})",
          R"("wechat": {"proxy": "http://user:hid@den@127.0.0.1:9"})",
          R"("wechat": {"proxy": "http://hidden@127.0.0.1:9"})",
          R"("session": {"revocations": "redis://:hidden@127.0.0.1"})",
          R"("session": {"revocations": "rediss://user:hidden@127.0.0.1/1"})",
          R"("session": {"revocations": "redis+unix://:hidden@/run/redis.sock"})"})
        BOOST_TEST(open_with(secret).find("holds a secret and others may read it: chmod 600 ") !=
                       std::string::npos,
                   secret);
    for (const auto* none : {R"("wechat": {"proxy": "http://127.0.0.1:9"})",
                             R"("session": {"revocations": "redis://127.0.0.1"})",
                             R"("session": {"revocations": "sqlite:/var/lib/a@b.db"})"})
        BOOST_TEST(open_with(none) == "", none);
}

BOOST_AUTO_TEST_CASE(a_secret_that_systemd_copied_is_private_where_it_was_copied_from)
{
    const auto credentials = directory + "/credentials";
    const auto text = with(R"("session": {"keys_file": "session.keys"})");
    put("credentials/good.secret", "from-systemd", 0400);
    put("credentials/session.keys", session_key, 0400);
    const auto what = [&] {
        try {
            load(text, credentials);
        } catch (const ConfigError& error) {
            return std::string{error.what()};
        }
        return std::string{};
    };
    BOOST_TEST(what() == "");
    put("good.secret", "beside", 0644);
    BOOST_TEST(what() == directory + "/onlogin.json:1: apps[0].secret_file: " + directory +
                             "/good.secret holds a secret and others may read it: chmod 600 " +
                             directory + "/good.secret");
    put("good.secret", "beside", 0600);
    put("session.keys", session_key, 0640);
    BOOST_TEST(what().find("chmod 600 " + directory + "/session.keys") != std::string::npos);
    put("session.keys", session_key, 0600);
    BOOST_TEST(what() == "");
}

BOOST_AUTO_TEST_CASE(the_key_of_a_client_of_redis_is_a_secret_too)
{
    const auto text = with(R"("session": {"revocations": )"
                           R"("rediss://127.0.0.1?cert_file=c.pem&key_file=client.key"})");
    put("client.key", "", 0640);
    BOOST_TEST(complaint(text) == "onlogin.json:2: session.revocations: client.key holds a secret "
                                  "and others may read it: chmod 600 client.key");
    put("client.key", "", 0600);
    BOOST_TEST(complaint(text) == "");
}

BOOST_AUTO_TEST_CASE(a_secret_in_the_place_of_its_files_name_is_not_shown)
{
    const std::string secret = "fedcba9876543210fedcba9876543210";
    const auto key = session_key.substr(0, session_key.size() - 1);
    const std::pair<std::string, std::string> table[] = {
        {R"({"apps":[{"appid":"wx1","secret_file":")" + secret + "\"}]}",
         "onlogin.json:1: apps[0].secret_file: must name a file: this looks like the secret that "
         "stands in it"},
        {R"({"apps":[{"appid":"wx1","secret":"./good.secret"}]})",
         "onlogin.json:1: apps[0].secret: is the name of a file: write \"secret_file\""},
        {with(R"("session": {"keys_file": ")" + key + "\"}"),
         "onlogin.json:2: session.keys_file: must name a file: this looks like the secret that "
         "stands in it"},
        {with("\"wechat\": {\"ca_file\": \"" + std::string(400, 'x') + "\"}"),
         "onlogin.json:2: wechat.ca_file: must name a file: this looks like what stands in one"},
        {with(R"("wechat": {"ca_file": "-----BEGIN CERTIFICATE-----"})"),
         "onlogin.json:2: wechat.ca_file: must name a file: this looks like what stands in one"},
        {R"({"apps":[{"appid":")" + secret + R"(","secret_file":"good.secret"}]})",
         "onlogin.json:1: apps[0].appid: must be the appid of the mini program, like "
         "wx0123456789abcdef: this looks like an AppSecret"},
        {R"({"apps":[{")" + secret + R"(":"wx1"}]})",
         "onlogin.json:1: apps[0].…: unknown key; did you mean \"secret_file\"?"},
    };
    for (const auto& [text, expected] : table)
        BOOST_TEST(complaint(text) == expected);
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_before_the_configuration_is_skipped)
{
    BOOST_TEST(complaint("\xef\xbb\xbf{ \"apps\": [" + app + "] }") == "");
    BOOST_TEST(complaint("\xef\xbb\xbf{\n\"apps\": [] }") ==
               "onlogin.json:2: apps: must be a list with at least one app: [ { \"appid\": … } ]");
}

BOOST_AUTO_TEST_CASE(what_an_editor_does_not_show_is_named_in_names_and_values)
{
    BOOST_TEST(
        complaint(with("\"wechat\": {\"proxy\u200b\": \"\"}")) ==
        "onlogin.json:2: wechat.proxy\u200b: unknown key (it has a zero-width space (U+200B) "
        "at character 6); did you mean \"proxy\"?");
    BOOST_TEST(complaint(with("\"wechat\": {\"url\": \"https://\u00a0x\"}")) ==
               "onlogin.json:2: wechat.url: there is a no-break space (U+00A0) in it, at character "
               "9, which came with copied text: type it anew");
}

BOOST_AUTO_TEST_CASE(a_ca_file_holds_certificates_that_openssl_takes)
{
    const auto text = with(R"("wechat": {"ca_file": "ca.pem"})");
    const std::pair<std::string, std::string> table[] = {
        {certificate + certificate, ""},
        {"a comment\n" + certificate, ""},
        {"", "holds no certificate in PEM form"},
        {"-----BEGIN CERTIFICATE-----\n", "is damaged"},
        {certificate + certificate.substr(0, 200), "is damaged"},
        {"\xef\xbb\xbf" + certificate,
         "begins with a byte order mark, behind which no certificate is "
         "seen: save it as UTF-8 without one"},
        {std::string{"\x30\x82\x01", 3}, "holds no certificate in PEM form but one in DER form: "
                                         "openssl x509 -inform der makes PEM of it"},
    };
    for (const auto& [contents, fault] : table) {
        put("ca.pem", contents);
        const auto what = complaint(text);
        const auto expected =
            fault.empty() ? "" : "onlogin.json:2: wechat.ca_file: ca.pem " + fault;
        BOOST_TEST(what.substr(0, expected.size()) == expected);
        BOOST_TEST(what.empty() == fault.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_secret_ends_before_its_line_break_and_is_one_word)
{
    constexpr auto after_byte_order_mark = "\ufeffabc\r\n";
    for (const auto* text : {"abc", "abc\n", "abc\r\n", "abc\n\n", after_byte_order_mark}) {
        put("good.secret", text);
        BOOST_TEST(load("{\"apps\":[" + app + "]}").apps[0]->secret.reveal() == "abc");
    }
    const std::vector<std::pair<std::string, std::string>> table{
        {"", "is empty"},
        {"\n", "is empty"},
        {"a b", "has a blank or a line break in it: a space at character 2"},
        {"a\nb", "has a blank or a line break in it: a line break at line 1, character 2"},
        {"\tabc", "has a blank or a line break in it: a tab at character 1"},
        {"abc\x01", "is no AppSecret: a control character (U+0001) at character 4"},
        {"ab\u200bc", "is no AppSecret: a zero-width space (U+200B) at character 3"},
        {"\xef\xbb\xbf", "is empty"},
        {std::string{"\xff\xfe"
                     "a\0b\0",
                     6},
         "is in UTF-16: save it as UTF-8"},
    };
    for (const auto& [text, what] : table) {
        put("good.secret", text);
        BOOST_TEST(complaint("{\"apps\":[" + app + "]}") ==
                   "onlogin.json:1: apps[0].secret_file: good.secret " + what +
                       ": put in the AppSecret and nothing else, one word, 32 characters as a "
                       "rule");
    }
}

BOOST_AUTO_TEST_CASE(credentials_of_the_service_manager_come_first)
{
    put("credentials/good.secret", "from-systemd", 0440);
    const auto text = "{\"apps\":[" + app + "]}";
    BOOST_TEST(load(text, directory + "/credentials").apps[0]->secret.reveal() == "from-systemd");
    BOOST_TEST(load(text, directory + "/none").apps[0]->secret.reveal() ==
               "0123456789abcdef0123456789abcdef");
    put("credentials/good.secret", "from-systemd", 0444);
    BOOST_CHECK_THROW(load(text, directory + "/credentials"), ConfigError);
}

BOOST_AUTO_TEST_CASE(a_credential_of_a_directory_has_an_underscore_for_the_slash)
{
    const std::string text = R"({"apps":[{"appid":"wx1","secret_file":"./secrets/good.secret"}]})";
    put("secrets/good.secret", "beside");
    const auto credentials = directory + "/credentials";
    const auto secret = [&] { return load(text, credentials).apps[0]->secret.reveal(); };
    BOOST_TEST(secret() == "beside");
    put("credentials/secrets_good.secret", "flat", 0440);
    BOOST_TEST(secret() == "flat");
    put("credentials/secrets/good.secret", "deep", 0440);
    BOOST_TEST(secret() == "deep");
    put("credentials/secrets/good.secret", "deep", 0444);
    BOOST_CHECK_THROW(secret(), ConfigError);
    // A path from the root names itself alone.
    const auto file = directory + "/secrets/good.secret";
    auto flat = file;
    std::replace(flat.begin(), flat.end(), '/', '_');
    put("credentials/" + flat, "no", 0440);
    BOOST_TEST(load(R"({"apps":[{"appid":"wx1","secret_file":")" + file + "\"}]}", credentials)
                   .apps[0]
                   ->secret.reveal() == "beside");
}

BOOST_AUTO_TEST_CASE(a_file_of_session_keys_is_private_and_good_or_the_complaint_says_what_mends_it)
{
    const auto text = with(R"("session": {"keys_file": "session.keys"})");
    const std::string at = "onlogin.json:2: session.keys_file: ";
    BOOST_TEST(complaint(text) == at + "there is no session.keys: (umask 077; onlogin keygen "
                                       ">session.keys)");
    put("session.keys", session_key, 0640);
    BOOST_TEST(complaint(text) == at + "session.keys holds a secret and others may read it: chmod "
                                       "600 session.keys");
    put("session.keys", "# none yet\n");
    BOOST_TEST(complaint(text) ==
               at + "session.keys holds no session key: onlogin keygen >>session.keys");
    put("session.keys", session_key + "\n# again:\n" + session_key);
    BOOST_TEST(complaint(text) ==
               at + "session.keys:4: is the key of line 1 again: remove one of them");
    put("session.keys", session_key + "k4.local." + session_key.substr(9));
    BOOST_TEST(complaint(text) ==
               at + "session.keys:2: is no session key: put one line there that `onlogin keygen` "
                    "prints, k3.local. and 43 characters");
    put("session.keys", session_key);
    BOOST_TEST(complaint(text) == "");
    BOOST_TEST(complaint(with(R"("session": {"keys_file": "."})")) ==
               at + ".: is not a regular file");
}

BOOST_AUTO_TEST_CASE(credentials_of_the_service_manager_come_first_for_session_keys_too)
{
    const auto text = with(R"("session": {"keys_file": "secrets/session.keys"})");
    const auto credentials = directory + "/credentials";
    put("secrets/session.keys", session_key);
    const auto beside = load(text, credentials).session.keys->sealing().footer;
    put("credentials/secrets_session.keys", other_session_key, 0440);
    BOOST_TEST(load(text, credentials).session.keys->sealing().footer != beside);
    put("credentials/secrets_session.keys", other_session_key, 0444);
    BOOST_CHECK_THROW(load(text, credentials), ConfigError);
}

BOOST_AUTO_TEST_CASE(a_url_is_kept_as_libcurl_reads_it)
{
    const std::pair<const char*, const char*> table[] = {
        {"https://api.q.qq.com//", "https://api.q.qq.com"},
        {"HTTPS://localhost:08443/base/", "https://localhost:8443/base"},
        {"https://localhost/a/../b", "https://localhost/b"},
        {"https://localhost?", "https://localhost"},
        {"http://LOCALHOST:81", "http://LOCALHOST:81"},
        {"http://0x7f.1/", "http://127.0.0.1"},
        {"http://2130706433:81/", "http://127.0.0.1:81"},
        {"http://[0:0:0:0:0:0:0:1]/", "http://[::1]"},
    };
    for (const auto& [url, kept] : table) {
        const auto text = with(R"("wechat": {"url": ")" + std::string{url} + "\"}");
        BOOST_TEST(load(text).wechat.url == kept, url);
    }
}

BOOST_AUTO_TEST_CASE(the_url_of_an_api_is_a_place_and_a_path)
{
    const std::string user =
        "must not name a user or a password: leave out what stands before the @";
    const std::string rest = "must end with host, port or path: leave out the ? or # and the rest";
    const std::string no_url = "must be a URL like https://api.weixin.qq.com";
    const std::string plain = "must be https://; http:// is for loopback addresses only";
    const std::pair<std::string, std::string> table[] = {
        {"https://hidden@localhost", user},
        {"https://:hidden@localhost", user},
        {"https://localhost?hidden", rest},
        {"https://localhost/base#hidden", rest},
        {"https://hid@den@localhost", no_url},
        {"https://local host", no_url},
        {"https://localhost:0", no_url},
        {"localhost", no_url},
        {"", no_url},
        {"socks5://localhost", no_url},
        {"http://0x7f.2.evil.example", plain},
        {"http://2130706434.evil.example", plain},
        {"http://167772161", plain}, // 10.0.0.1
    };
    for (const auto& [url, expected] : table) {
        const auto text = with(R"("wechat": {"url": ")" + url + "\"}");
        BOOST_TEST(complaint(text) == "onlogin.json:2: wechat.url: " + expected, url);
    }
    const auto text =
        R"({"apps": [{"appid": "wx1", "secret": "s", "url": "https://localhost?x"}]})";
    BOOST_TEST(complaint(text) == "onlogin.json:1: apps[0].url: " + rest);
}

BOOST_AUTO_TEST_CASE(a_proxy_that_libcurl_would_misread_is_refused)
{
    const auto text = [](const std::string& proxy) {
        return with(R"("wechat": {"proxy": ")" + proxy + "\"}");
    };
    for (const auto* bad :
         {"htp://user:hidden@127.0.0.1:3128", "http://127.0.0.1:0", "127.0.0.1:3128",
          "http://user:hid@den@127.0.0.1", "http://user:hid/den@127.0.0.1",
          "http://user:1/hidden@127.0.0.1", "http://user:1?hidden@127.0.0.1",
          "http://user:1#hidden@127.0.0.1", "http://user:hid%00den@127.0.0.1",
          "socks5h://localhost/run/hidden.sock"})
        BOOST_TEST(complaint(text(bad)) ==
                       "onlogin.json:2: wechat.proxy: must be a URL like http://10.0.0.1:3128, or "
                       "http://USER:PASSWORD@10.0.0.1:3128 with %40 for @, %2F for /, %3F for ?, "
                       "%23 for # and %25 for % in them",
                   bad);
    for (const auto* good :
         {"http://user:p%40ss%2F@127.0.0.1:3128", "https://proxy.example", "socks4://10.0.0.1",
          "socks4a://10.0.0.1", "SOCKS5://[::1]:1080/", "socks5h://user:p:ss@10.0.0.1"})
        BOOST_TEST(load(text(good)).wechat.proxy == good);
}

BOOST_AUTO_TEST_CASE(a_zero_byte_stands_in_no_value)
{
    BOOST_TEST(complaint(with(R"("wechat": {"proxy": "http://a\u0000b"})")) ==
               "onlogin.json:2: wechat.proxy: must not contain \\u0000");
}

BOOST_AUTO_TEST_CASE(no_complaint_shows_a_secret)
{
    for (const auto* rest : {"\"secret\":\"hush hush\"", "\"secret\":\"hush\",\"x\":1"}) {
        const auto text = complaint("{\"apps\":[{\"appid\":\"wx1\"," + std::string{rest} + "}]}");
        BOOST_TEST(text != "");
        BOOST_TEST(text.find("hush") == text.npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
