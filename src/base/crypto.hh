#pragma once

// OpenSSL's libcrypto at arm's length: what session tokens and WeChat's user data need of it.
// https://docs.openssl.org/3.0/
//
// Every call throws CryptoError when libcrypto fails. No input makes it fail: only a broken
// libcrypto does, or a lack of memory. For one thread.

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

// From libcrypto's generator for keys: nobody can predict them.
std::string random_bytes(std::size_t count);

// Whether `a` and `b` are equal. How long it takes does not depend on what is in them, only on how
// long they are.
bool equal_in_constant_time(std::string_view a, std::string_view b);

Bits384 sha384(std::string_view bytes);

// SHA-1 of the parts, as if they were one text; 20 bytes. Only because WeChat signs with it.
std::string sha1(std::initializer_list<std::string_view> parts);

// HMAC-SHA256 (RFC 2104); 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

// HMAC-SHA384 (RFC 2104), many times with one key: what depends on the key alone is done once.
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
    std::unique_ptr<evp_mac_ctx_st, Free> context_; // has the key; each code begins from there
};

// HKDF-HMAC-SHA384 (RFC 5869) without salt, many times with one key. Its first half ("extract")
// depends on the key alone and is done once.
class HkdfSha384
{
public:
    explicit HkdfSha384(std::string_view key);

    // The first 384 bits of its second half ("expand"), for both texts as if they were one.
    [[nodiscard]] Bits384 expand(std::string_view info, std::string_view more_info) const;

private:
    HmacSha384 expand_;
};

// AES-256-CTR of `text`, encrypted or decrypted: it is the same. Key of 32 bytes, counter of 16.
std::string aes_256_ctr(std::string_view key, std::string_view counter, std::string_view text);

// Decrypts what AES-128-CBC has made; its padding stays. Absent where `text` is not of whole
// blocks, one at least. Else the result may be anything: nothing here finds out whether the key was
// the right one or `text` was changed. Key and iv of 16 bytes.
std::optional<Secret> aes_128_cbc_decrypted(std::string_view key, std::string_view iv,
                                            std::string_view text);

// `text` without its PKCS #7 padding (RFC 5652, section 6.3) to blocks of `block` bytes. Absent
// where it has none.
std::optional<std::string_view> without_padding(std::string_view text, std::size_t block);

} // namespace onlogin
