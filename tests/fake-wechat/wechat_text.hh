#pragma once

// The texts that WeChat answers with. They look like JSON objects, but are written by hand: the
// order of the members, `\/` and what is left out are as on the real server.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onlogin::fake {

// Names, and values as JSON text, in the order in which they are written.
using Members = std::vector<std::pair<std::string, std::string>>;

// A JSON string, `/` written as `\/`.
std::string json_string(std::string_view text);

// Replaces the member `name`, or appends it.
void set(Members& members, std::string_view name, std::string value);

// As QQ answers: every member is there, empty where there is nothing to say, and nothing is said of
// an error but its number.
Members qq_members(const Members& members);

// On one line, without blanks or a newline.
std::string write(const Members& members);

// WeChat's id of a request: the time, then two numbers.
std::string make_rid();

// {"errcode":40029,"errmsg":"invalid code, rid: 66c69111-4157f271-729ca238"}; the number is sent
// as a JSON string if `as_string`. 0 is "ok", without a rid. Some APIs have a `hint` before the
// rid: "invalid code hint: [sJ4fYa0bE] rid: 66c69111-4157f271-729ca238".
Members error_members(int errcode, bool as_string = false, std::string_view hint = {});

} // namespace onlogin::fake
