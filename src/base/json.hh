#pragma once

// JSON by jsoncpp, with limits. https://github.com/open-source-parsers/jsoncpp

#include <optional>
#include <string>
#include <string_view>

#include <json/value.h>

namespace onlogin {

// Parses one JSON text (RFC 8259: no comments, nothing behind it). Absent when it is not one, is
// nested deeper than 32, or names a member twice. A number beyond those of a double is the largest.
std::optional<Json::Value> parse_json(std::string_view text);

enum class JsonFault
{
    NotJson,
    MoreBehind, // a value, and then something else
    TooDeep,
    TwiceNamed, // a member of an object
};

// Why parse_json() takes no `text`.
JsonFault json_fault(std::string_view text);

// What a configuration file holds: JSON with comments.
struct CommentedJson
{
    Json::Value value;
    std::string error; // what is wrong; empty: nothing, and `value` counts
    int line = 0;      // of the error, from 1
};
CommentedJson parse_commented_json(const std::string& text);

// The line, from 1, on which `value` stands in the text that it was parsed from.
int line_of(const std::string& text, const Json::Value& value);

// `value` as JSON on one line, in UTF-8, whatever bytes its strings hold; without escapes where
// they can be avoided (base/json_strings.hh).
std::string write_json(const Json::Value& value);

// The JSON library, as a line of -V: the version of its headers, since the library itself does not
// tell its version at run time.
std::string json_library();

} // namespace onlogin
