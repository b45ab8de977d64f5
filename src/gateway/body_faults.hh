#pragma once

// Why a body holds no parameters: in words for whoever wrote the client. Nothing of the body itself
// is in them but the names of our own parameters.

#include <string>
#include <string_view>

namespace onlogin {

// What is wrong with `body`, which was said to be JSON and of which parse_json() makes no object.
std::string json_body_fault(std::string_view body);

// Whether what was sent as a form is JSON.
bool looks_like_json(std::string_view form);

// " code" if that is one of our parameters, to be put behind "the parameter"; else empty: a name of
// the client's own is not repeated.
std::string own_name(std::string_view name);

} // namespace onlogin
