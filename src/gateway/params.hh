#pragma once

// The parameters of a request, from wherever the client put them: the query string, a form body or
// a JSON object. Past this file there are only good values.

#include "base/language.hh"
#include "gateway/request.hh"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// Throws BadRequest unless the body is here as it was sent: 413 for one over the limit, 400 for one
// that came too slowly or is not as long as its Content-Length says.
void check_body(const Request& request);

// Named values, each name once, all UTF-8.
class Params
{
public:
    // Reads the query of any request, and the body of a POST: form or JSON, by its content type.
    // An empty body needs no type, and a byte order mark before it is left out. What cannot be
    // meant otherwise is mended: in strings of JSON what JSON does not allow there, and half an
    // emoji anywhere, which becomes U+FFFD. JSON that comes as a form has no parameters. Throws
    // BadRequest as check_body(), and in words: 400 for what is malformed, given twice or more than
    // 100 names, 415 for a body of another type.
    explicit Params(const Request& request);

    // Reads the query alone, whatever the method and the body are.
    static Params of_query(const Request& request);

    // The value of `name`. Throws BadRequest, which says where it was looked for, if it is missing;
    // and if it is empty, or not text (in JSON).
    [[nodiscard]] const std::string& require(std::string_view name) const;

    // The value of `name`, absent if missing. Throws BadRequest if it is not text (in JSON).
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const;

private:
    enum class From
    {
        Query,
        Body,
    };
    struct Value
    {
        From from;
        std::string text;
        Marked instead; // what it is in JSON, where it is not text
    };

    Params() = default;
    void read_form(std::string_view text, From from);
    void read_json(std::string_view text);
    void add(std::string name, Value value);
    [[nodiscard]] Phrase why_missing(std::string_view name) const;

    std::map<std::string, Value, std::less<>> values_;
    Marked missing_ = marked("the parameter {name} is missing: it is not in the query string");
    bool wrong_type_ = false; // the body is JSON and its type a form's: it has no parameters
};

} // namespace onlogin
