#include "behaviour.hh"

#include "error.hh"

#include <algorithm>
#include <charconv>

namespace onlogin::fake {

namespace {

// Absent if `text` is not a whole number from `low` to `high`.
std::optional<int> number(std::string_view text, int low, int high)
{
    int value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stopped != end || value < low || value > high)
        return std::nullopt;
    return value;
}

bool set_text(std::string& target, std::string_view text)
{
    target = text;
    return !text.empty();
}

bool set_flag(bool& target, std::string_view text)
{
    target = text == "1";
    return text == "1" || text == "0";
}

bool set_delay(Behaviour& behaviour, std::string_view text)
{
    const auto ms = number(text, 0, 600'000);
    behaviour.delay = milliseconds{ms.value_or(0)};
    return ms.has_value();
}

bool set_body(Behaviour& behaviour, std::string_view text)
{
    const auto found = std::ranges::find(odd_bodies(), text, &OddBody::name);
    if (found == odd_bodies().end())
        return false;
    behaviour.body = &*found;
    return true;
}

struct Option
{
    std::string_view name;
    std::string_view value;
    std::string_view help;
    bool (*set)(Behaviour& behaviour, std::string_view value); // whether the value is one
};

constexpr Option options[] = {
    {"user", "NAME", "who logs in: decides openid and unionid (alice)",
     [](Behaviour& b, std::string_view text) { return set_text(b.user, text); }},
    {"openid", "TEXT", "this openid instead",
     [](Behaviour& b, std::string_view text) { return set_text(b.openid, text); }},
    {"session_key", "TEXT", "this session_key instead of a random one",
     [](Behaviour& b, std::string_view text) { return set_text(b.session_key, text); }},
    {"unionid", "1", "success has a unionid",
     [](Behaviour& b, std::string_view text) { return set_flag(b.unionid, text); }},
    {"expires_in", "1", "success has the legacy expires_in",
     [](Behaviour& b, std::string_view text) { return set_flag(b.expires_in, text); }},
    {"errcode0", "1", "success says errcode 0 and errmsg ok",
     [](Behaviour& b, std::string_view text) { return set_flag(b.errcode_zero, text); }},
    {"errcode", "N", "this error instead of success; leaves the code unused",
     [](Behaviour& b, std::string_view text) {
         b.errcode = number(text, -9'999'999, 9'999'999);
         return b.errcode.has_value();
     }},
    {"times", "N", "the errcode for the first N exchanges only, then success",
     [](Behaviour& b, std::string_view text) {
         const auto times = number(text, 0, 1'000'000);
         b.times = times;
         return times.has_value();
     }},
    {"errcode_type", "string", "errcode comes as a JSON string",
     [](Behaviour& b, std::string_view text) {
         b.errcode_as_string = text == "string";
         return text == "string" || text == "number";
     }},
    {"delay_ms", "N", "answers so much later; the code is used up at once", set_delay},
    {"delay", "N", "the same, shorter to type", set_delay},
    {"status", "N", "the HTTP status, 200 to 599; 3xx points back to the exchange",
     [](Behaviour& b, std::string_view text) {
         const auto status = number(text, 200, 599);
         b.status = status.value_or(200);
         return status.has_value();
     }},
    {"ttl_s", "N", "life of an issued code in seconds (300)",
     [](Behaviour& b, std::string_view text) {
         const auto life = number(text, 0, 86'400);
         b.life = std::chrono::seconds{life.value_or(0)};
         return life.has_value();
     }},
    {"ok", "TEXT", "nothing special", [](Behaviour&, std::string_view) { return true; }},
    {"body", "KIND", "an answer as WeChat should never send it:", set_body},
};

} // namespace

void set_option(Behaviour& behaviour, std::string_view name, std::string_view value)
{
    const auto option = std::ranges::find(options, name, &Option::name);
    if (option == std::end(options))
        throw BadRequest{"there is no option " + std::string{name}};
    if (!option->set(behaviour, value))
        throw BadRequest{std::string{name} + " has no such value"};
}

std::optional<Behaviour> read_magic_code(std::string_view code)
{
    Behaviour behaviour;
    for (bool more = true; more;) {
        const auto dot = code.find('.');
        const auto part = code.substr(0, dot);
        more = dot != code.npos;
        if (more)
            code.remove_prefix(dot + 1);
        const auto dash = part.find('-');
        if (dash == part.npos)
            return std::nullopt;
        const auto option = std::ranges::find(options, part.substr(0, dash), &Option::name);
        if (option == std::end(options) || !option->set(behaviour, part.substr(dash + 1)))
            return std::nullopt;
    }
    return behaviour;
}

std::string describe_options()
{
    const auto line = [](std::string left, std::string_view help) {
        left.resize(std::max<std::size_t>(left.size() + 1, 24), ' ');
        return left + std::string{help} + '\n';
    };
    std::string text;
    for (const auto& option : options)
        text +=
            line("  " + std::string{option.name} + '=' + std::string{option.value}, option.help);
    for (const auto& body : odd_bodies())
        text += line("    " + std::string{body.name}, body.help);
    return text;
}

} // namespace onlogin::fake
