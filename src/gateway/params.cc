#include "gateway/params.hh"

#include "base/encode.hh"
#include "base/json.hh"
#include "gateway/errors.hh"

#include <algorithm>

namespace onlogin {

namespace {

constexpr std::size_t most_params = 100;

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
    read_form(request.query);
    if (request.method != "POST" || request.body.empty())
        return;
    const auto type = media_type(request.content_type);
    if (type == "application/json")
        read_json(request.body);
    else if (type == "application/x-www-form-urlencoded")
        read_form(request.body);
    else
        throw BadRequest{"send the parameters as application/json or "
                         "application/x-www-form-urlencoded",
                         415};
}

Params Params::of_query(const Request& request)
{
    Params params;
    params.read_form(request.query);
    return params;
}

void Params::read_form(std::string_view text)
{
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
            throw BadRequest{"a parameter has a broken percent escape"};
        add(std::move(*name), std::move(value));
    }
}

void Params::read_json(std::string_view text)
{
    if (!is_utf8(text))
        throw BadRequest{"the body is not UTF-8"};
    const auto object = parse_json(text);
    if (!object || !object->isObject())
        throw BadRequest{"the body is not a JSON object with each name once"};
    for (auto member = object->begin(); member != object->end(); ++member) {
        if (member->isString())
            add(member.name(), member->asString());
        else
            add(member.name(), std::nullopt);
    }
}

void Params::add(std::string name, std::optional<std::string> value)
{
    if (!is_utf8(name) || (value && !is_utf8(*value)))
        throw BadRequest{"a parameter is not UTF-8"};
    if (values_.size() == most_params)
        throw BadRequest{"there are more than 100 parameters"};
    if (!values_.emplace(std::move(name), std::move(value)).second)
        throw BadRequest{"a parameter is given twice"};
}

const std::string& Params::require(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        throw BadRequest{"the parameter " + std::string{name} + " is missing"};
    if (!found->second)
        throw BadRequest{"the parameter " + std::string{name} + " must be a string"};
    if (found->second->empty())
        throw BadRequest{"the parameter " + std::string{name} + " is empty"};
    return *found->second;
}

std::optional<std::string> Params::find(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        return std::nullopt;
    if (!found->second)
        throw BadRequest{"the parameter " + std::string{name} + " must be a string"};
    return found->second;
}

} // namespace onlogin
