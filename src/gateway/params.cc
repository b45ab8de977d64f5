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
Phrase called(std::string_view name)
{
    return is_plain_name(name) ? phrase("the parameter {name}", {{"name", name}})
                               : phrase("a parameter");
}

// Empty for a string.
Marked what_it_is(const Json::Value& value)
{
    switch (value.type()) {
    case Json::stringValue:
        return "";
    case Json::nullValue:
        return marked("null");
    case Json::booleanValue:
        return marked("true or false");
    case Json::objectValue:
        return marked("an object");
    case Json::arrayValue:
        return marked("an array");
    default:
        return marked("a number");
    }
}

BadRequest no_string(std::string_view name, Marked instead)
{
    const auto what = phrase(instead);
    return BadRequest{phrase("the parameter {name} must be a string, and is {what}",
                             {{"name", name}, {"what", what}})};
}

void check_encoding(std::string_view body)
{
    if (const auto encoding = other_encoding(body); !encoding.empty())
        throw BadRequest{
            phrase("the body is in {encoding}: send it in UTF-8", {{"encoding", encoding}})};
}

// Throws unless `text` is UTF-8, but for halves of emojis.
std::string read_utf8(std::string_view text, const Phrase& what)
{
    auto result = without_surrogates(text);
    if (!is_utf8(result))
        throw BadRequest{phrase("{what} is not UTF-8", {{"what", what}})};
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
        throw BadRequest{phrase("the body is larger than this server accepts"), 413};
    if (request.body_mismatch)
        throw BadRequest{
            phrase("the body did not arrive whole, as long as its Content-Length says")};
}

Params::Params(const Request& request)
{
    check_body(request);
    read_form(request.query, From::Query);
    if (request.method != "POST") {
        if (!request.body.empty())
            missing_ = marked("the parameter {name} is missing: it is not in the query string (the "
                              "body of this method is not read: send a POST)");
        return;
    }
    missing_ = marked("the parameter {name} is missing: it is not in the query string, and the "
                      "body is empty");
    const auto body = without_byte_order_mark(request.body);
    if (body.empty())
        return;
    const auto type = media_type(request.content_type);
    if (type == json_type) {
        missing_ = marked("the parameter {name} is missing: it is neither in the query string nor "
                          "in the body, a JSON object");
        read_json(body);
    } else if (type == form_type) {
        missing_ = begins_as_json(body)
                       ? marked("the parameter {name} is missing: it is neither in the query "
                                "string nor in the body, which begins as JSON does, but is a form "
                                "by its Content-Type")
                       : marked("the parameter {name} is missing: it is neither in the query "
                                "string nor in the body, a form");
        check_encoding(body);
        if (is_json_in_form(body))
            wrong_type_ = true;
        else
            read_form(body, From::Body);
    } else {
        throw BadRequest{type.empty()
                             ? phrase("the body has no Content-Type: send the parameters as "
                                      "application/json or application/x-www-form-urlencoded")
                             : phrase("send the parameters as application/json or "
                                      "application/x-www-form-urlencoded"),
                         415};
    }
}

Params Params::of_query(const Request& request)
{
    Params params;
    params.read_form(request.query, From::Query);
    return params;
}

void Params::read_form(std::string_view text, From from)
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
        if (!name || !value) {
            const auto what = called(name.value_or(""));
            throw BadRequest{
                pair.find("%u") != pair.npos
                    ? phrase("{what} has a broken percent escape: encode it with "
                             "encodeURIComponent, not with escape",
                             {{"what", what}})
                    : phrase("{what} has a broken percent escape: each % that is meant as such is "
                             "sent as %25, as encodeURIComponent does",
                             {{"what", what}})};
        }
        if (std::exchange(first, false))
            name = without_byte_order_mark(*name);
        add(std::move(*name), {from, std::move(*value), ""});
    }
}

void Params::read_json(std::string_view text)
{
    check_encoding(text);
    const auto json = with_well_formed_strings(read_utf8(text, phrase("the body")));
    const auto object = parse_json(json);
    if (!object)
        throw BadRequest{why_no_json(json)};
    if (!object->isObject())
        throw BadRequest{why_no_object(*object)};
    for (auto member = object->begin(); member != object->end(); ++member) {
        const auto instead = what_it_is(*member);
        add(member.name(), {From::Body, instead.empty() ? member->asString() : "", instead});
    }
}

void Params::add(std::string name, Value value)
{
    name = read_utf8(name, phrase("the name of a parameter"));
    value.text = read_utf8(value.text, called(name));
    if (values_.size() == most_params)
        throw BadRequest{phrase("there are more than 100 parameters")};
    const auto from = value.from;
    const auto [found, added] = values_.emplace(std::move(name), std::move(value));
    if (!added)
        throw BadRequest{found->second.from == from
                             ? phrase("{what} is given twice", {{"what", called(found->first)}})
                             : phrase("{what} is given twice, in the query string and in the body",
                                      {{"what", called(found->first)}})};
}

// Names the parameter as it is spelled elsewhere in the request, too.
Phrase Params::why_missing(std::string_view name) const
{
    auto text = phrase(missing_, {{"name", name}});
    for (const auto& [other, value] : values_)
        if (is_same_but_for_case(name, other) || (name == "code" && other == "js_code"))
            return phrase("{text}; there is one called {other}",
                          {{"text", text}, {"other", other}});
    return text;
}

const std::string& Params::require(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        throw BadRequest{wrong_type_
                             ? phrase("the body is JSON, but its Content-Type says "
                                      "application/x-www-form-urlencoded: send application/json")
                             : why_missing(name)};
    const auto& value = found->second;
    if (!value.instead.empty())
        throw no_string(name, value.instead);
    if (value.text.empty())
        throw BadRequest{phrase("the parameter {name} is empty", {{"name", name}})};
    return value.text;
}

std::optional<std::string> Params::find(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        return std::nullopt;
    if (!found->second.instead.empty())
        throw no_string(name, found->second.instead);
    return found->second.text;
}

} // namespace onlogin
