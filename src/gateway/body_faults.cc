#include "gateway/body_faults.hh"

#include "base/encode.hh"
#include "base/json.hh"
#include "base/odd_text.hh"

#include <algorithm>
#include <array>

namespace onlogin {

namespace {

constexpr std::string_view blanks = " \t\r\n";

constexpr std::array<std::string_view, 6> own_names{"code", "appid",   "encryptedData",
                                                    "iv",   "rawData", "signature"};

char first_of(std::string_view text)
{
    const auto at = text.find_first_not_of(blanks);
    return at == text.npos ? '\0' : text[at];
}

// One of our parameters that is a member's name more than once in `json`.
std::string named_twice(std::string_view json)
{
    for (const auto name : own_names) {
        int count = 0;
        for (auto at = json.find(name); at != json.npos; at = json.find(name, at + 1)) {
            const auto behind = json.substr(at + name.size());
            const auto colon = behind.find_first_not_of(blanks, 1);
            count += at > 0 && json[at - 1] == '"' && behind.starts_with('"') &&
                     colon != behind.npos && behind[colon] == ':';
        }
        if (count > 1)
            return std::string{name};
    }
    return {};
}

std::string fault_of_value(const Json::Value& value)
{
    if (!value.isString())
        return "the body is JSON, but no object with the parameters as members";
    const auto inside = parse_json(value.asString());
    return inside && inside->isObject()
               ? "the body is an object inside a JSON string: it was made into JSON twice"
               : "the body is a JSON string, and no object with the parameters as members";
}

bool looks_like_form(std::string_view body)
{
    const auto equals = body.find('=');
    return equals != body.npos && equals > 0 && body.find_first_of("{}\"") > equals;
}

} // namespace

std::string json_body_fault(std::string_view body)
{
    if (const auto encoding = other_encoding(body); !encoding.empty())
        return "the body is in " + std::string{encoding} + ": send it in UTF-8";
    if (!is_utf8(body))
        return "the body is not in UTF-8";
    if (first_of(body) == '\0')
        return "the body is blank, and its Content-Type says JSON";
    if (const auto value = parse_json(body))
        return fault_of_value(*value);
    if (looks_like_form(body))
        return "the body is a form, and its Content-Type says JSON: send application/json and "
               "JSON, or "
               "application/x-www-form-urlencoded and a form";
    switch (json_fault(body)) {
    case JsonFault::TwiceNamed: {
        const auto own = own_name(named_twice(body));
        return (own.empty() ? "a member" : "the parameter" + own) +
               " is given twice in the JSON body";
    }
    case JsonFault::MoreBehind:
        return "something follows the JSON object in the body";
    case JsonFault::TooDeep:
        return "the JSON in the body is nested too deeply";
    case JsonFault::NotJson:
        break;
    }
    return "the body is not JSON, though its Content-Type says so";
}

bool looks_like_json(std::string_view form)
{
    const char first = first_of(form);
    return first == '{' || first == '[' || first == '"';
}

std::string own_name(std::string_view name)
{
    const bool own = std::find(own_names.begin(), own_names.end(), name) != own_names.end();
    return own ? ' ' + std::string{name} : std::string{};
}

} // namespace onlogin
