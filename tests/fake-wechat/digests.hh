#pragma once

// What WeChat signs and encrypts with a session_key, by OpenSSL's libcrypto.
// https://docs.openssl.org/3.0/

#include <optional>
#include <string>
#include <string_view>

namespace onlogin::fake {

// In lower-case hexadecimal digits.
std::string hmac_sha256(std::string_view key, std::string_view text);
std::string sha1(std::string_view text);

// With + and /, and padded (RFC 4648, section 4).
std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// AES-128-CBC with padding (PKCS #7). Key and iv of 16 bytes.
std::string encrypt(std::string_view key, std::string_view iv, std::string_view text);

} // namespace onlogin::fake
