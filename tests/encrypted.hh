#pragma once

// What WeChat does to user data, and the worker only undoes.

#include "base/base64.hh"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace onlogin {

// AES-128-CBC. Without padding the text must be of whole blocks: 16 bytes, as key and iv.
inline std::string aes_128_cbc_encrypted(std::string_view key, std::string_view iv,
                                         std::string_view text, bool padding = true)
{
    const auto bytes = [](std::string_view view) {
        return reinterpret_cast<const unsigned char*>(view.data());
    };
    std::string result(text.size() + 16, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(result.data());
    int length = 0, rest = 0;
    auto* const context = EVP_CIPHER_CTX_new();
    const bool good =
        key.size() == 16 && iv.size() == 16 &&
        EVP_EncryptInit_ex(context, EVP_aes_128_cbc(), nullptr, bytes(key), bytes(iv)) == 1 &&
        EVP_CIPHER_CTX_set_padding(context, padding ? 1 : 0) == 1 &&
        EVP_EncryptUpdate(context, to, &length, bytes(text), static_cast<int>(text.size())) == 1 &&
        EVP_EncryptFinal_ex(context, to + length, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good)
        abort();
    result.resize(static_cast<std::size_t>(length) + static_cast<std::size_t>(rest));
    return result;
}

// With + and /, and padded.
inline std::string to_base64(std::string_view bytes)
{
    std::string text;
    append_base64url(text, bytes);
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    return text.append((4 - text.size() % 4) % 4, '=');
}

} // namespace onlogin
