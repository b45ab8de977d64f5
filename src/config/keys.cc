#include "config/keys.hh"

namespace onlogin {

namespace {

using Holds = Text::Holds;

std::string join(const std::vector<std::string>& words)
{
    std::string list;
    for (const auto& word : words)
        list += (list.empty() ? "\"" : ", \"") + word + '"';
    return list;
}

struct GoodValue
{
    std::string operator()(const Number& number) const
    {
        return "a whole number from " + std::to_string(number.least) + " to " +
               std::to_string(number.most);
    }
    std::string operator()(const Text&) const { return "a string"; }
    std::string operator()(const Truth&) const { return "true or false"; }
    std::string operator()(const Choice& choice) const { return "one of " + join(choice.words); }
};

struct Otherwise
{
    std::string operator()(const Number& number) const { return std::to_string(*number.target); }
    std::string operator()(const Text& text) const
    {
        return text.target->empty() ? std::string{text.when_empty} : *text.target;
    }
    std::string operator()(const Truth& truth) const { return *truth.target ? "true" : "false"; }
    std::string operator()(const Choice& choice) const { return choice.words[choice.chosen]; }
};

} // namespace

std::vector<Key> single_keys_of(Config& config)
{
    return {{"internal_key_file", Text{&config.internal_key_file, "none", Holds::SecretFile}},
            {"language", Choice{{"en", "zh"},
                                static_cast<std::size_t>(config.language),
                                [&](auto i) { config.language = static_cast<Language>(i); }}}};
}

bool holds_secret(const Text& text, std::string_view value)
{
    if (text.holds == Holds::Password) // a path may have an @, too
        return value.find('@') != value.npos && !value.starts_with("sqlite:");
    return text.holds == Holds::Secret && !value.empty();
}

std::vector<Section> sections_of(Config& config)
{
    auto& wechat = config.wechat;
    auto& limits = config.limits;
    auto& session = config.session;
    auto& log = config.log;
    return {
        {"wechat",
         {{"url", Text{&wechat.url, ""}},
          {"ca_file", Text{&wechat.ca_file, "the system's"}},
          {"proxy", Text{&wechat.proxy, "none", Holds::Password}},
          {"http",
           Choice{{"auto", "1.1"}, wechat.http2 ? 0U : 1U, [&](auto i) { wechat.http2 = i == 0; }}},
          {"max_connections", Number{&wechat.max_connections, 1, 100'000}},
          {"connect_timeout_ms", Number{&wechat.connect_timeout_ms, 1, 60'000}},
          {"timeout_ms", Number{&wechat.timeout_ms, 1, 60'000}}}},
        {"limits",
         {{"in_flight", Number{&limits.in_flight, 1, 1'000'000}},
          {"body_bytes", Number{&limits.body_bytes, 1, 8'388'608}},
          {"drain_ms", Number{&limits.drain_ms, 0, 600'000}}}},
        {"session",
         {{"lifetime_s", Number{&session.lifetime_s, 1, 31'536'000}},
          {"max_age_s", Number{&session.max_age_s, 1, 315'360'000}},
          {"watermark_age_s", Number{&session.watermark_age_s, 1, 2'000'000'000}},
          {"keys_file", Text{&session.keys_file, "none", Holds::SecretFile}},
          {"revocations", Text{&session.revocations, "", Holds::Password}}}},
        {"log",
         {{"level", Choice{{"debug", "info", "warn", "error"},
                           static_cast<std::size_t>(log.level),
                           [&](auto i) { log.level = static_cast<Level>(i); }}},
          {"format",
           Choice{{"text", "json"}, log.json ? 1U : 0U, [&](auto i) { log.json = i == 1; }}}}},
    };
}

std::vector<Key> keys_of(AppEntry& entry)
{
    return {{"appid", Text{&entry.app.appid, ""}},
            {"secret_file", Text{&entry.secret_file, "", Holds::SecretFile}},
            {"secret", Text{&entry.secret, "", Holds::Secret}},
            {"url", Text{&entry.app.url, "wechat.url"}},
            {"expose_session_key", Truth{&entry.app.expose_session_key}}};
}

std::string good_value(const Key& key)
{
    return std::visit(GoodValue{}, key.target);
}

std::vector<ConfigKey> config_keys(Config config)
{
    std::vector<ConfigKey> list;
    const auto add = [&](const std::string& prefix, const std::vector<Key>& keys) {
        for (const auto& key : keys)
            list.push_back(
                {prefix + key.name, good_value(key), std::visit(Otherwise{}, key.target)});
    };
    AppEntry entry;
    add("apps[].", keys_of(entry));
    for (const auto& section : sections_of(config))
        add(section.name + '.', section.keys);
    add("", single_keys_of(config));
    return list;
}

} // namespace onlogin
