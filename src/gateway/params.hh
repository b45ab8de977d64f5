#pragma once

// The parameters of a request, from wherever the client put them: the query string, a form body or
// a JSON object. Past this file there are only good values.

#include "gateway/request.hh"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// Throws BadRequest unless the body is here as it was sent: 413 for one over the limit, 400 for one
// that is not as long as its Content-Length says.
void check_body(const Request& request);

// Named values, each name once, all UTF-8.
class Params
{
public:
    // Reads the query of any request, and the body of a POST: form or JSON, by its content type.
    // An empty body needs no type, and a byte order mark before either counts for nothing. A string
    // of JSON that is no good Unicode has the replacement character there. Throws BadRequest as
    // check_body(), and: 400 for what is malformed, given twice or more than 100 names, 415 for a
    // body of another type.
    explicit Params(const Request& request);

    // Reads the query alone, whatever the method and the body are.
    static Params of_query(const Request& request);

    // The value of `name`. Throws BadRequest if it is missing, empty, or not text (in JSON).
    [[nodiscard]] const std::string& require(std::string_view name) const;

    // The value of `name`, absent if missing. Throws BadRequest if it is not text (in JSON).
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const;

private:
    Params() = default;
    void read_form(std::string_view text);
    void read_json(std::string_view text);
    void add(std::string name, std::optional<std::string> value);

    std::map<std::string, std::optional<std::string>, std::less<>> values_; // none: not text
    std::string looked_; // where a parameter is not that is missing
};

} // namespace onlogin
