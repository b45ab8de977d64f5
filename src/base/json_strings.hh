#pragma once

// JSON whose strings were written by somebody who did not escape, or cut through a character.

#include <string>
#include <string_view>

namespace onlogin {

// `json` with each string in it as JSON has it, and so that every client reads it: control
// characters and line separators (U+2028, U+2029) become \u escapes, what is not UTF-8 and each
// half of a surrogate pair without its other half becomes \ufffd, the replacement character. Not a
// byte outside of strings changes, nor anything that is right already. The result does not grow
// while it is made: no copy of a secret stays behind.
std::string with_well_formed_strings(std::string_view json);

} // namespace onlogin
