#pragma once

// The keys of the configuration, in one table: the reader goes by it, and the manual, the sample
// and the README are compared with it.

#include "config/config.hh"

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace onlogin {

// Where the value of a key goes, which values are good, and, in the target until it is read, what
// holds without it.
struct Number
{
    long* target;
    long least;
    long most;
};
struct Text
{
    // What there is in it that nobody else may read. The reader refuses a configuration that is
    // open to others where a value holds a secret, and shows no value that may be one.
    enum class Holds
    {
        NoSecret,
        Secret,     // all of it
        Password,   // if it has one before an @
        SecretFile, // the name of a file with secrets, which is looked up in systemd's credentials
    };
    std::string* target;
    std::string_view when_empty; // in words: what that means
    Holds holds = Holds::NoSecret;
};
struct Truth
{
    bool* target;
};
struct Choice
{
    std::vector<std::string> words;
    std::size_t chosen; // which of them holds
    std::function<void(std::size_t index)> choose;
};

struct Key
{
    std::string name;
    std::variant<Number, Text, Truth, Choice> target;
};

// An object of the file, as "wechat".
struct Section
{
    std::string name;
    std::vector<Key> keys;
};

// The keys that stand in no section, with the values of `config`, which must stay where it is.
std::vector<Key> single_keys_of(Config& config);

// Whether `value` of that key makes its file a file with a secret.
bool holds_secret(const Text& text, std::string_view value);

// The sections but "apps", with the values of `config`, which must stay where it is.
std::vector<Section> sections_of(Config& config);

// An entry of "apps", as it stands in the file.
struct AppEntry
{
    MiniProgram app;
    std::string secret_file;
    std::string secret;
};
std::vector<Key> keys_of(AppEntry& entry);

// What a good value is, to follow "must be": a whole number from 1 to 60000.
std::string good_value(const Key& key);

// A key, for people.
struct ConfigKey
{
    std::string name;      // wechat.timeout_ms, apps[].appid
    std::string value;     // what good_value() says
    std::string otherwise; // what holds without it; empty: nothing does
};

// All of them. With another `config` than the default, what that one says is what holds.
std::vector<ConfigKey> config_keys(Config config = {});

} // namespace onlogin
