#pragma once

// JSON by jsoncpp, with limits. https://github.com/open-source-parsers/jsoncpp

#include <optional>
#include <string>
#include <string_view>

#include <json/value.h>

namespace onlogin {

// Parses one JSON text (RFC 8259: no comments, nothing behind it). Absent when it is not one, is
// nested deeper than 32, or names a member twice.
std::optional<Json::Value> parse_json(std::string_view text);

// What a configuration file holds: JSON with comments. `error` names what is wrong, `line` where.
struct CommentedJson
{
    Json::Value value;
    std::string error; // empty: none
    int line = 0;      // of the error, from 1
};
CommentedJson parse_commented_json(const std::string& text);

// The line, from 1, on which `value` stands in the text that it was parsed from.
int line_of(const std::string& text, const Json::Value& value);

// On one line, UTF-8 as it is.
std::string write_json(const Json::Value& value);

// The JSON library, as a line of -V: as compiled against, for it cannot tell at run time.
std::string json_library();

} // namespace onlogin
