#pragma once

// Bodies that are JSON where a form is announced, and JSON that holds no parameters: what is wrong
// with them, in words for whoever wrote the client.

#include "base/language.hh"

#include <string>
#include <string_view>

#include <json/value.h>

namespace onlogin {

// Whether `body` begins as an object, an array or a string of JSON does.
bool begins_as_json(std::string_view body);

// Whether a body that is a form by its type is JSON, also percent-encoded or with a = behind it, as
// some libraries write a text that they took for a name.
bool is_json_in_form(std::string_view body);

// What is wrong with `body`, which is JSON by its type and cannot be parsed.
Phrase why_no_json(std::string_view body);

// What is wrong with a body that is JSON, `value`, but not an object.
Phrase why_no_object(const Json::Value& value);

} // namespace onlogin
