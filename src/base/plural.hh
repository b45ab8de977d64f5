#pragma once

// Numbers of things, in texts for people.

#include <string>

namespace onlogin {

// "1 request", "2 requests": for nouns that take an s.
inline std::string counted(long long number, const std::string& noun)
{
    return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

} // namespace onlogin
