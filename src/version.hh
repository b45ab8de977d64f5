#pragma once

// Which onlogin this is, for -V and for reports of what goes wrong.

#include <string>

namespace onlogin {

inline constexpr const char* version = "0.1.0";

// What -V prints: `onlogin VERSION (COMMIT)`, then a line `NAME VERSION` for each library, as it is
// linked at run time where the library can tell.
std::string describe_version();

} // namespace onlogin
