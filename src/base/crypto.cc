#include "base/crypto.hh"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace onlogin {

namespace {

// Leaves nothing in the queue of errors, which libcurl's TLS reads too.
[[noreturn]] void fail(const char* what)
{
    const auto code = ERR_get_error();
    const char* const reason = code ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    throw CryptoError{std::string{"libcrypto: "} + what + ": " + (reason ? reason : "failed")};
}

template <class Handle>
Handle* require(Handle* handle, const char* what)
{
    if (!handle)
        fail(what);
    return handle;
}

void require(int result, const char* what)
{
    if (result != 1)
        fail(what);
}

const unsigned char* bytes_of(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

template <auto function>
struct Freed
{
    template <class Handle>
    void operator()(Handle* handle) const
    {
        function(handle);
    }
};
template <class Handle, auto function>
using Owned = std::unique_ptr<Handle, Freed<function>>;

// By name each costs a quarter of a microsecond, HMAC with its digest almost a whole one: so once.
struct Algorithms
{
    Owned<EVP_MD, EVP_MD_free> sha384{
        require(EVP_MD_fetch(nullptr, "SHA384", nullptr), "fetching SHA-384")};
    Owned<EVP_CIPHER, EVP_CIPHER_free> aes{
        require(EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr), "fetching AES-256-CTR")};
    Owned<EVP_CIPHER, EVP_CIPHER_free> aes_cbc{
        require(EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr), "fetching AES-128-CBC")};
    Owned<EVP_MD, EVP_MD_free> sha1{
        require(EVP_MD_fetch(nullptr, "SHA1", nullptr), "fetching SHA-1")};
    // They know their digest, and no key.
    Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> hmac_sha384{new_hmac("SHA384")};
    Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> hmac_sha256{new_hmac("SHA256")};

    static EVP_MAC_CTX* new_hmac(std::string digest)
    {
        const Owned<EVP_MAC, EVP_MAC_free> mac{
            require(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), "fetching HMAC")};
        Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> context{require(EVP_MAC_CTX_new(mac.get()), "HMAC")};
        const OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
            OSSL_PARAM_construct_end()};
        require(EVP_MAC_CTX_set_params(context.get(), parameters), "the digest of HMAC");
        return context.release();
    }
};

const Algorithms& algorithms()
{
    static const Algorithms fetched;
    return fetched;
}

} // namespace

Bits384::~Bits384()
{
    OPENSSL_cleanse(bytes_.data(), size);
}

std::string random_bytes(std::size_t count)
{
    std::string bytes(count, '\0');
    require(
        RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())),
        "random bytes");
    return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Bits384 sha384(std::string_view bytes)
{
    Bits384 digest;
    require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr,
                       algorithms().sha384.get(), nullptr),
            "SHA-384");
    return digest;
}

std::string sha1(std::initializer_list<std::string_view> parts)
{
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context{require(EVP_MD_CTX_new(), "SHA-1")};
    require(EVP_DigestInit_ex2(context.get(), algorithms().sha1.get(), nullptr), "SHA-1");
    for (const auto part : parts)
        require(EVP_DigestUpdate(context.get(), part.data(), part.size()), "SHA-1");
    std::string digest(20, '\0');
    require(
        EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr),
        "SHA-1");
    return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view text)
{
    const Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> context{
        require(EVP_MAC_CTX_dup(algorithms().hmac_sha256.get()), "HMAC")};
    require(EVP_MAC_init(context.get(), bytes_of(key), key.size(), nullptr), "the key of HMAC");
    require(EVP_MAC_update(context.get(), bytes_of(text), text.size()), "HMAC");
    std::string code(32, '\0');
    std::size_t size = 0;
    require(EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(code.data()), &size,
                          code.size()),
            "HMAC");
    if (size != code.size())
        fail("the length of HMAC");
    return code;
}

void HmacSha384::Free::operator()(evp_mac_ctx_st* context) const
{
    EVP_MAC_CTX_free(context);
}

HmacSha384::HmacSha384(std::string_view key)
    : context_{require(EVP_MAC_CTX_dup(algorithms().hmac_sha384.get()), "HMAC")}
{
    require(EVP_MAC_init(context_.get(), bytes_of(key), key.size(), nullptr), "the key of HMAC");
}

Bits384 HmacSha384::operator()(std::initializer_list<std::string_view> parts) const
{
    // Without a key it begins anew with the one it has.
    require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr), "HMAC");
    for (const auto part : parts)
        require(EVP_MAC_update(context_.get(), bytes_of(part), part.size()), "HMAC");
    Bits384 code;
    std::size_t size = 0;
    require(EVP_MAC_final(context_.get(), code.data(), &size, Bits384::size), "HMAC");
    if (size != Bits384::size)
        fail("the length of HMAC");
    return code;
}

HkdfSha384::HkdfSha384(std::string_view key)
    : expand_{HmacSha384{std::string(Bits384::size, '\0')}({key}).view()}
{
}

Bits384 HkdfSha384::expand(std::string_view info, std::string_view more_info) const
{
    return expand_({info, more_info, "\x01"});
}

std::string aes_256_ctr(std::string_view key, std::string_view counter, std::string_view text)
{
    if (key.size() != 32 || counter.size() != 16)
        throw CryptoError{"AES-256-CTR takes a key of 32 bytes and a counter of 16"};
    const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context{
        require(EVP_CIPHER_CTX_new(), "AES-256-CTR")};
    require(EVP_EncryptInit_ex2(context.get(), algorithms().aes.get(), bytes_of(key),
                                bytes_of(counter), nullptr),
            "the key of AES-256-CTR");
    std::string result(text.size(), '\0');
    int length = 0;
    require(EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char*>(result.data()),
                              &length, bytes_of(text), static_cast<int>(text.size())),
            "AES-256-CTR");
    if (static_cast<std::size_t>(length) != text.size())
        fail("the length of AES-256-CTR");
    return result;
}

std::optional<Secret> aes_128_cbc_decrypted(std::string_view key, std::string_view iv,
                                            std::string_view text)
{
    constexpr std::size_t block = 16;
    if (key.size() != 16 || iv.size() != block)
        throw CryptoError{"AES-128-CBC takes a key of 16 bytes and an iv of 16"};
    if (text.empty() || text.size() % block != 0)
        return std::nullopt;
    const Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context{
        require(EVP_CIPHER_CTX_new(), "AES-128-CBC")};
    require(EVP_DecryptInit_ex2(context.get(), algorithms().aes_cbc.get(), bytes_of(key),
                                bytes_of(iv), nullptr),
            "the key of AES-128-CBC");
    require(EVP_CIPHER_CTX_set_padding(context.get(), 0), "AES-128-CBC");
    std::string result(text.size(), '\0');
    auto* const to = reinterpret_cast<unsigned char*>(result.data());
    int length = 0;
    require(EVP_DecryptUpdate(context.get(), to, &length, bytes_of(text),
                              static_cast<int>(text.size())),
            "AES-128-CBC");
    return Secret{std::move(result)};
}

std::optional<std::string_view> without_padding(std::string_view text, std::size_t block)
{
    const std::size_t count = text.empty() ? 0 : static_cast<unsigned char>(text.back());
    if (count == 0 || count > block || count > text.size())
        return std::nullopt;
    const auto padding = text.substr(text.size() - count);
    if (padding.find_first_not_of(text.back()) != padding.npos)
        return std::nullopt;
    return text.substr(0, text.size() - count);
}

} // namespace onlogin
