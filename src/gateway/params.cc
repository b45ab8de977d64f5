#include "gateway/params.hh"

#include "base/encode.hh"
#include "base/json.hh"
#include "base/json_strings.hh"
#include "base/odd_text.hh"
#include "gateway/body_faults.hh"
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

// What somebody calls himself, cut through an emoji (a `\ud83d` alone), is no reason to refuse his
// code. Anything else that is no JSON stays what it is.
std::string with_whole_characters(std::string_view json)
{
    const auto controls = [](std::string_view text) {
        return std::count_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
    };
    auto mended = with_well_formed_strings(json);
    return is_utf8(json) && controls(mended) == controls(json) ? mended : std::string{json};
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
    looked_ = "neither in the query string nor in a body";
    if (request.body.empty())
        return;
    if (request.method != "POST") {
        looked_ = "not in the query string; a body counts in a POST alone";
        return;
    }
    const auto type = media_type(request.content_type);
    const auto body = without_byte_order_mark(request.body);
    if (type == "application/json") {
        looked_ = "neither in the query string nor in the JSON object of the body";
        read_json(body);
    } else if (type == "application/x-www-form-urlencoded") {
        looked_ =
            looks_like_json(body)
                ? "not in the query string, and the body is JSON while its Content-Type says form: "
                  "send application/json"
                : "neither in the query string nor in the form of the body";
        read_form(body);
    } else
        throw BadRequest{"send the parameters as application/json or "
                         "application/x-www-form-urlencoded",
                         415};
}

Params Params::of_query(const Request& request)
{
    Params params;
    params.looked_ = "not in the query string";
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
    const auto mended = with_whole_characters(text);
    const auto object = parse_json(mended);
    if (!object || !object->isObject() || !is_utf8(text))
        throw BadRequest{json_body_fault(text)};
    constexpr std::string_view replacement = "\xef\xbf\xbd";
    for (auto member = object->begin(); member != object->end(); ++member) {
        const auto own = own_name(member.name());
        if (mended != text && !own.empty() && member->isString() &&
            member->asString().find(replacement) != std::string::npos)
            throw BadRequest{"the parameter" + own + " is no text: a character in it is damaged"};
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
    const auto known = own_name(name);
    if (!values_.emplace(std::move(name), std::move(value)).second)
        throw BadRequest{known.empty() ? "a parameter is given twice"
                                       : "the parameter" + known + " is given twice"};
}

const std::string& Params::require(std::string_view name) const
{
    const auto found = values_.find(name);
    if (found == values_.end())
        throw BadRequest{"the parameter " + std::string{name} + " is missing: it is " + looked_};
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
