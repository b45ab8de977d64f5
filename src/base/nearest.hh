#pragma once

// The name that somebody meant who made a mistake in writing it.

#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

// The edits (a letter put in, left out or replaced) that turn one word into the other.
std::size_t edits_between(std::string_view a, std::string_view b);

// The one of `known`, which is not empty, that takes the fewest edits; the first of several.
const std::string& nearest(std::string_view name, const std::vector<std::string>& known);

} // namespace onlogin
