#pragma once

// A picture as WeChat draws mini program codes: as large, though there is little to see on it.

#include <cstddef>
#include <string>

namespace onlogin::fake {

// A JPEG of that many bytes (at least 300, at most 65,000), which any program can show.
std::string jpeg(std::size_t bytes);

} // namespace onlogin::fake
