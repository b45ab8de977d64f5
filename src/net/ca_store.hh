#pragma once

// The CA certificates that libcurl trusts when the configuration names none.

#include <string>
#include <string_view>

namespace onlogin {

// In the name of the authority that onlogin-fake-wechat makes for each of its runs.
inline constexpr std::string_view fake_authority = "onlogin-fake-wechat";

// Where the certificates that the system trusts are read from, unless wechat.ca_file names a file.
enum class CaStore
{
    Bundle,    // one file with all of them: read once, which takes long, and kept in memory
    Directory, // a file for each: few are read, but at each connection; for who makes only one
};

// Why libcurl cannot read the system's CA certificates, and what mends it; empty: it can.
std::string system_ca_trouble();

// Whether certificates can be found by their hash in `directory`: Debian's /etc/ssl/certs has these
// names, a directory that somebody copied certificates into may lack them.
bool has_hashed_certificates(const std::string& directory);

} // namespace onlogin
