#include "gateway/json_body.hh"

#include "base/encode.hh"
#include "base/json.hh"
#include "base/json_strings.hh"
#include "base/json_trouble.hh"

#include <algorithm>

namespace onlogin {

namespace {

std::string_view without_blanks(std::string_view text)
{
    constexpr auto blanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_whole_json(std::string_view text)
{
    return begins_as_json(text) && parse_json(with_well_formed_strings(text)).has_value();
}

bool begins_as_form(std::string_view body)
{
    const auto equals = body.find('=');
    return equals != body.npos && is_plain_name(body.substr(0, equals));
}

bool is_percent_encoded_json(std::string_view body)
{
    if (!body.starts_with('%'))
        return false;
    const auto decoded = form_decode(body);
    return decoded && begins_as_json(*decoded);
}

} // namespace

bool begins_as_json(std::string_view body)
{
    constexpr std::string_view beginnings = "{[\"";
    const auto text = without_blanks(body);
    return !text.empty() && beginnings.find(text[0]) != beginnings.npos;
}

bool is_json_in_form(std::string_view body)
{
    auto text = without_blanks(body);
    if (text.ends_with('='))
        text.remove_suffix(1);
    const auto decoded = form_decode(text);
    return is_whole_json(text) || (decoded && is_whole_json(*decoded));
}

Phrase why_no_json(std::string_view body)
{
    if (begins_as_form(body))
        return phrase("the body is a form, but its Content-Type says application/json: send "
                      "application/x-www-form-urlencoded, or JSON");
    if (is_percent_encoded_json(body))
        return phrase(
            "the body is percent-encoded: send the JSON as it is, without encodeURIComponent");
    const auto fault = find_json_trouble(body);
    return fault ? in_words(phrase("the body"), *fault, body) : phrase("the body is not JSON");
}

Phrase why_no_object(const Json::Value& value)
{
    if (value.isArray())
        return phrase("the body is a JSON array, and has to be an object");
    if (!value.isString())
        return phrase("the body is JSON, but not an object");
    const auto inner = parse_json(value.asString());
    if (inner && inner->isObject())
        return phrase(
            "the body is JSON in a string, as after JSON.stringify twice: once will do, and of "
            "an object wx.request makes JSON by itself");
    return phrase("the body is a JSON string, and has to be an object");
}

} // namespace onlogin
