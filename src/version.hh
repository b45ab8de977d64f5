#pragma once

namespace onlogin {

inline constexpr const char* version = "0.1.0";

} // namespace onlogin
