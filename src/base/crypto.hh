#pragma once

// OpenSSL's libcrypto at arm's length: what session tokens and WeChat's user data need of it.
// https://docs.openssl.org/3.0/
//
// Every call throws CryptoError when libcrypto refuses, which it does only when it is broken or
// memory is short: no input makes it. For one thread.

#include "base/secret.hh"

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct evp_mac_ctx_st; // OpenSSL's EVP_MAC_CTX

namespace onlogin {

struct CryptoError : std::runtime_error
{
    using runtime_error::runtime_error;
};

// 384 bits: a digest, an authentication code, keys. Wiped when dropped.
class Bits384
{
public:
    static constexpr std::size_t size = 48;

    Bits384() = default;
    Bits384(const Bits384&) = default;
    Bits384& operator=(const Bits384&) = default;
    ~Bits384();

    [[nodiscard]] unsigned char* data() { return bytes_.data(); }
    [[nodiscard]] std::string_view view() const
    {
        return {reinterpret_cast<const char*>(bytes_.data()), size};
    }

private:
    std::array<unsigned char, size> bytes_{};
};

// From the generator for keys: unpredictable.
std::string random_bytes(std::size_t count);

// Takes as long for any contents. Lengths are no secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

Bits384 sha384(std::string_view bytes);

// SHA-1 of the parts, as if they were one text; 20 bytes. Only because WeChat signs with it.
std::string sha1(std::initializer_list<std::string_view> parts);

// HMAC-SHA256 (RFC 2104); 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

// HMAC-SHA384 (RFC 2104) with one key, which is worked in once.
class HmacSha384
{
public:
    explicit HmacSha384(std::string_view key);

    // The code of the parts, as if they were one text.
    [[nodiscard]] Bits384 operator()(std::initializer_list<std::string_view> parts) const;

private:
    struct Free
    {
        void operator()(evp_mac_ctx_st* context) const;
    };
    std::unique_ptr<evp_mac_ctx_st, Free> context_; // begins anew with each code
};

// HKDF-HMAC-SHA384 (RFC 5869) without salt. Its first half depends on the key alone: done once.
class HkdfSha384
{
public:
    explicit HkdfSha384(std::string_view key);

    // The first 384 bits for what the parts of `info` say, as if they were one text.
    [[nodiscard]] Bits384 expand(std::string_view info, std::string_view more_info) const;

private:
    HmacSha384 expand_;
};

// AES-256-CTR of `text`, encrypted or decrypted: it is the same. Key of 32 bytes, counter of 16.
std::string aes_256_ctr(std::string_view key, std::string_view counter, std::string_view text);

// What AES-128-CBC has made `text` of, without its padding (PKCS #7). Absent where length or
// padding cannot come from it. Key and iv of 16 bytes. Nothing here vouches for the text.
std::optional<Secret> aes_128_cbc_decrypted(std::string_view key, std::string_view iv,
                                            std::string_view text);

} // namespace onlogin
