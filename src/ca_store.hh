#pragma once

// The CA certificates that libcurl trusts when the configuration names none.

#include <string>

namespace onlogin {

// What keeps libcurl from reading the system's CA certificates, and what mends it; empty if nothing
// does.
std::string system_ca_trouble();

} // namespace onlogin
