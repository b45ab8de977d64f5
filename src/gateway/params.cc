#include "gateway/params.hh"

#include "base/encode.hh"
#include "base/json.hh"
#include "base/json_strings.hh"
#include "base/odd_text.hh"
#include "gateway/errors.hh"
#include "gateway/json_body.hh"

#include <algorithm>
#include <utility>

namespace onlogin {

namespace {

constexpr std::size_t most_params = 100;
constexpr std::string_view json_type = "application/json";
constexpr std::string_view form_type = "application/x-www-form-urlencoded";

// "Application/JSON; charset=utf-8" -> "application/json"
std::string media_type(std::string_view content_type)
{
    std::string type{content_type.substr(0, content_type.find(';'))};
    type.erase(
        std::remove_if(type.begin(), type.end(), [](char c) { return c == ' ' || c == '\t'; }),
        type.end());
    std::transform(type.begin(), type.end(), type.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return type;
}

// Of a client's names only those get into a message, and with it into the log, that hold no secret.
std::string called(std::string_view name)
{
    return is_plain_name(name) ? "the parameter " + std::string{name} : "a parameter";
}

std::string_view what_it_is(const Json::Value& value)
{
    switch (value.type()) {
    case Json::stringValue:
        return {};
    case Json::nullValue:
        return "null";
    case Json::booleanValue:
        return "true or false";
    case Json::objectValue:
        return "an object";
    case Json::arrayValue:
        return "an array";
    default:
        return "a number";
    }
}

void check_encoding(std::string_view body)
{
    if (const auto encoding = other_encoding(body); !encoding.empty())
        throw BadRequest{"the body is in " + std::string{encoding} + ": send it in UTF-8"};
}

// Throws unless `text` is UTF-8, but for halves of emojis.
std::string read_utf8(std::string_view text, const std::string& what)
{
    auto result = without_surrogates(text);
    if (!is_utf8(result))
        throw BadRequest{what + " is not UTF-8"};
    return result;
}

bool is_same_but_for_case(std::string_view a, std::string_view b)
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

void check_body(const Request& request)
{
    if (request.body_too_large)
        throw BadRequest{"the body is larger than this server accepts", 413};
    if (request.body_mismatch)
        throw BadRequest{"the body did not arrive whole, as long as its Content-Length says"};
}

Params::Params(const Request& request)
{
    check_body(request);
    read_form(request.query, Place::Query);
    if (request.method != "POST") {
        if (!request.body.empty())
            looked_in_ = "in the query string (the body of this method is not read: send a POST)";
        return;
    }
    looked_in_ = "in the query string, and the body is empty";
    const auto body = without_byte_order_mark(request.body);
    if (body.empty())
        return;
    const auto type = media_type(request.content_type);
    if (type == json_type) {
        looked_in_ = "in the query string nor in the body, a JSON object";
        read_json(body);
    } else if (type == form_type) {
        looked_in_ =
            begins_as_json(body)
                ? "in the query string nor in the body, which begins as JSON does, but is a "
                  "form by its Content-Type"
                : "in the query string nor in the body, a form";
        check_encoding(body);
        if (is_json_in_form(body))
            wrong_type_ = true;
        else
            read_form(body, Place::Body);
    } else {
        throw BadRequest{std::string{type.empty() ? "the body has no Content-Type: " : ""} +
                             "send the parameters as application/json or "
                             "application/x-www-form-urlencoded",
                         415};
    }
}

Params Params::of_query(const Request& request)
{
    Params params;
    params.read_form(request.query, Place::Query);
    return params;
}

void Params::read_form(std::string_view text, Place place)
{
    bool first = true;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty())
            continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = form_decode(pair.substr(0, equals));
        auto value = form_decode(pair.substr(std::min(equals + 1, pair.size())));
        if (!name || !value)
            throw BadRequest{
                called(name.value_or("")) + " has a broken percent escape: " +
                (pair.find("%u") != pair.npos
                     ? "encode it with encodeURIComponent, not with escape"
                     : "each % that is meant as such is sent as %25, as encodeURIComponent does")};
        if (std::exchange(first, false))
            name = without_byte_order_mark(*name);
        add(std::move(*name), {place, std::move(*value), {}});
    }
}

void Params::read_json(std::string_view text)
{
    check_encoding(text);
    const auto json = with_well_formed_strings(read_utf8(text, "the body"));
    const auto object = parse_json(json);
    if (!object)
        throw BadRequest{why_no_json(json)};
    if (!object->isObject())
        throw BadRequest{why_no_object(*object)};
    for (auto member = object->begin(); member != object->end(); ++member) {
        const auto instead = what_it_is(*member);
        add(member.name(), {Place::Body, instead.empty() ? member->asString() : "", instead});
    }
}

void Params::add(std::string name, Value value)
{
    name = read_utf8(name, "the name of a parameter");
    value.text = read_utf8(value.text, called(name));
    if (values_.size() == most_params)
        throw BadRequest{"there are more than 100 parameters"};
    const auto place = value.place;
    const auto [found, added] = values_.emplace(std::move(name), std::move(value));
    if (!added)
        throw BadRequest{
            called(found->first) + " is given twice" +
            (found->second.place == place ? "" : ", in the query string and in the body")};
}

// How a missing parameter is spelled in other places.
std::string Params::where_it_is_not(std::string_view name) const
{
    std::string text = "the parameter " + std::string{name} + " is missing: it is ";
    text += looked_in_.find(" nor ") == looked_in_.npos ? "not " : "neither ";
    text += looked_in_;
    for (const auto& [other, value] : values_)
        if (is_same_but_for_case(name, other) || (name == "code" && other == "js_code"))
            return text.append("; there is one called ").append(other);
    return text;
}

const std::string& Params::require(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        throw BadRequest{wrong_type_ ? "the body is JSON, but its Content-Type says "
                                       "application/x-www-form-urlencoded: send application/json"
                                     : where_it_is_not(name)};
    const auto& value = found->second;
    if (!value.instead.empty())
        throw BadRequest{"the parameter " + std::string{name} + " must be a string, and is " +
                         std::string{value.instead}};
    if (value.text.empty())
        throw BadRequest{"the parameter " + std::string{name} + " is empty"};
    return value.text;
}

std::optional<std::string> Params::find(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        return std::nullopt;
    if (found->second.instead.empty())
        return found->second.text;
    throw BadRequest{"the parameter " + std::string{name} + " must be a string, and is " +
                     std::string{found->second.instead}};
}

} // namespace onlogin
