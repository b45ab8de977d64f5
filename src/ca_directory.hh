#pragma once

// The system's CA certificates as a directory with a file for each, named after the hash of its
// subject (https://www.openssl.org/docs/man3.0/man1/openssl-rehash.html).

#include <string>

namespace onlogin {

// Whether certificates can be found by their hash in `directory`: Debian's /etc/ssl/certs has these
// names, a directory that somebody copied certificates into may lack them.
bool has_hashed_certificates(const std::string& directory);

} // namespace onlogin
