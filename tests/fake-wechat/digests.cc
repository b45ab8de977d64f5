#include "digests.hh"

#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace onlogin::fake {

namespace {

const unsigned char* bytes_of(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text)
{
    return reinterpret_cast<unsigned char*>(text.data());
}

void require(bool done)
{
    if (!done)
        throw std::runtime_error{"libcrypto refuses"};
}

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string hex(const Digest& digest, unsigned size)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += digits[digest[i] / 16];
        text += digits[digest[i] % 16];
    }
    return text;
}

} // namespace

std::string hmac_sha256(std::string_view key, std::string_view text)
{
    Digest digest;
    unsigned size = 0;
    require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text),
                 text.size(), digest.data(), &size) != nullptr);
    return hex(digest, size);
}

std::string sha1(std::string_view text)
{
    Digest digest;
    unsigned size = 0;
    require(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
    return hex(digest, size);
}

std::string base64(std::string_view bytes)
{
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // a zero comes behind it
    const int size =
        EVP_EncodeBlock(bytes_of(text), bytes_of(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::optional<std::string> from_base64(std::string_view text)
{
    if (text.size() % 4 != 0)
        return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(bytes_of(bytes), bytes_of(text), static_cast<int>(text.size())) < 0)
        return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) { // decoded as zeros
        text.remove_suffix(1);
        bytes.pop_back();
    }
    return bytes;
}

std::string encrypt(std::string_view key, std::string_view iv, std::string_view text)
{
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{
        EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
    require(context && key.size() == 16 && iv.size() == 16);
    require(EVP_EncryptInit_ex2(context.get(), EVP_aes_128_cbc(), bytes_of(key), bytes_of(iv),
                                nullptr) == 1);
    std::string result(text.size() + 16, '\0');
    int size = 0, rest = 0;
    require(EVP_EncryptUpdate(context.get(), bytes_of(result), &size, bytes_of(text),
                              static_cast<int>(text.size())) == 1);
    require(EVP_EncryptFinal_ex(context.get(), bytes_of(result) + size, &rest) == 1);
    result.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
    return result;
}

} // namespace onlogin::fake
