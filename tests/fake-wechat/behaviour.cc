#include "behaviour.hh"

#include "gateway/errors.hh"

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

bool set_digits(std::string& target, std::string_view text)
{
    return set_text(target, text) && text.find_first_not_of("0123456789") == text.npos;
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

// 4155550100, or +1 4155550100: the country's code, a blank, the number.
bool set_phone(Behaviour& behaviour, std::string_view text)
{
    // Typed into a query string, a plus has become a blank.
    if (text.starts_with('+') || text.starts_with(' ')) {
        const auto blank = text.find(' ', 1);
        if (blank == text.npos || !set_digits(behaviour.country, text.substr(1, blank - 1)))
            return false;
        text.remove_prefix(blank + 1);
    }
    return set_digits(behaviour.phone, text);
}

bool set_seconds(std::chrono::seconds& target, std::string_view text)
{
    const auto seconds = number(text, 0, 86'400);
    target = std::chrono::seconds{seconds.value_or(0)};
    return seconds.has_value();
}

constexpr int login = static_cast<int>(Purpose::Login);
constexpr int phone = static_cast<int>(Purpose::Phone);
constexpr int token = static_cast<int>(Purpose::Token);

struct Option
{
    std::string_view name;
    std::string_view value;
    int purposes; // a sum of them
    std::string_view help;
    bool (*set)(Behaviour& behaviour, std::string_view value); // whether the value is one
};

constexpr Option options[] = {
    {"user", "NAME", login + phone, "who it is: decides openid, unionid, number (alice)",
     [](Behaviour& b, std::string_view text) { return set_text(b.user, text); }},
    {"openid", "TEXT", login, "this openid instead",
     [](Behaviour& b, std::string_view text) { return set_text(b.openid, text); }},
    {"session_key", "TEXT", login, "this session_key instead of a random one",
     [](Behaviour& b, std::string_view text) { return set_text(b.session_key, text); }},
    {"phone", "DIGITS", phone, "this number instead; abroad +CODE DIGITS", set_phone},
    {"country", "DIGITS", phone, "the country's code (86)",
     [](Behaviour& b, std::string_view text) { return set_digits(b.country, text); }},
    {"country_type", "number", phone, "the country's code comes as a JSON number",
     [](Behaviour& b, std::string_view text) {
         b.country_as_number = text == "number";
         return text == "number" || text == "string";
     }},
    {"unionid", "1", login, "success has a unionid",
     [](Behaviour& b, std::string_view text) { return set_flag(b.unionid, text); }},
    {"expires_in", "1", login, "success has the legacy expires_in",
     [](Behaviour& b, std::string_view text) { return set_flag(b.expires_in, text); }},
    {"errcode0", "1", login, "success says errcode 0 and errmsg ok",
     [](Behaviour& b, std::string_view text) { return set_flag(b.errcode_zero, text); }},
    {"qq", "1", login, "QQ's form of answer: all members, maybe empty",
     [](Behaviour& b, std::string_view text) { return set_flag(b.qq, text); }},
    {"errcode", "N", login + phone + token, "not success but this error; the code stays unused",
     [](Behaviour& b, std::string_view text) {
         b.errcode = number(text, -9'999'999, 9'999'999);
         return b.errcode.has_value();
     }},
    {"times", "N", login + phone + token, "the errcode the first N times only, then success",
     [](Behaviour& b, std::string_view text) {
         const auto times = number(text, 0, 1'000'000);
         b.times = times;
         return times.has_value();
     }},
    {"errcode_type", "string", login + phone + token, "errcode comes as a JSON string",
     [](Behaviour& b, std::string_view text) {
         b.errcode_as_string = text == "string";
         return text == "string" || text == "number";
     }},
    {"delay_ms", "N", login + phone + token, "answers so much later; the code is used up at once",
     set_delay},
    {"delay", "N", login + phone + token, "the same, shorter to type", set_delay},
    {"status", "N", login + phone + token, "the HTTP status, 200 to 599; 3xx leads back here",
     [](Behaviour& b, std::string_view text) {
         const auto status = number(text, 200, 599);
         b.status = status.value_or(200);
         return status.has_value();
     }},
    {"ttl_s", "N", login + phone, "life of an issued code in seconds (300)",
     [](Behaviour& b, std::string_view text) { return set_seconds(b.life, text); }},
    {"expires_in", "N", token, "life of tokens made from now on in seconds (7200)",
     [](Behaviour& b, std::string_view text) { return set_seconds(b.token_life, text); }},
    {"ok", "TEXT", login + phone + token, "nothing special",
     [](Behaviour&, std::string_view) { return true; }},
    {"body", "KIND", login + phone + token, "an answer as WeChat should never send it:", set_body},
};

// Null if there is none.
const Option* find_option(std::string_view name, int purposes)
{
    const auto found = std::ranges::find_if(options, [&](const Option& option) {
        return option.name == name && (option.purposes & purposes) != 0;
    });
    return found == std::end(options) ? nullptr : found;
}

} // namespace

Behaviour read_options(Purpose purpose, const Query& query)
{
    Behaviour behaviour;
    for (const auto& [name, value] : query) {
        if (name == "appid")
            continue;
        const auto* const option = find_option(name, static_cast<int>(purpose));
        if (!option)
            throw BadRequest{untranslated("there is no option " + name + ": see /fake/help")};
        if (!option->set(behaviour, value))
            throw BadRequest{untranslated(name + " has no such value: see /fake/help")};
    }
    return behaviour;
}

bool refuses(const Behaviour& behaviour, unsigned& refusals)
{
    if (!behaviour.errcode || (behaviour.times && refusals >= *behaviour.times))
        return false;
    ++refusals;
    return true;
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
        const auto* const option = find_option(part.substr(0, dash), login + phone);
        if (!option || !option->set(behaviour, part.substr(dash + 1)))
            return std::nullopt;
    }
    return behaviour;
}

std::string describe_options()
{
    const auto line = [](std::string left, std::string_view help) {
        left.resize(std::max<std::size_t>(left.size() + 1, 28), ' ');
        return left + std::string{help} + '\n';
    };
    std::string text;
    for (const auto& option : options) {
        std::string left = "  ";
        left += option.purposes & login ? 'c' : '-';
        left += option.purposes & phone ? 'p' : '-';
        left += option.purposes & token ? 't' : '-';
        left += ' ';
        left += option.name;
        left += '=';
        text += line(left.append(option.value), option.help);
    }
    for (const auto& body : odd_bodies())
        text += line("    " + std::string{body.name}, body.help);
    return text;
}

} // namespace onlogin::fake
