#pragma once

// In what language to speak of a configuration before it is known to be good.

#include "base/language.hh"

#include <string>

namespace onlogin {

// What `file` says of "language", also where much of it is wrong: what it is told is told in that
// language. English where it says nothing; the environment's where there is no such file, or it
// cannot be read. Never throws.
Language language_of_file(const std::string& file);

} // namespace onlogin
