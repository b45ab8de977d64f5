#include "session/paseto.hh"

#include "base/base64.hh"

#include <cstdint>
#include <stdexcept>

namespace onlogin {

namespace {

constexpr std::string_view header = "v3.local.";
constexpr std::size_t nonce_size = 32;

Secret checked(Secret bytes)
{
    if (bytes.reveal().size() != LocalKey::size)
        throw std::invalid_argument{"a key of v3.local has 32 bytes"};
    return bytes;
}

void append_number(std::string& to, std::uint64_t number)
{
    char bytes[8]; // the least one first
    for (auto& byte : bytes) {
        byte = static_cast<char>(number & 255);
        number >>= 8;
    }
    to.append(bytes, sizeof bytes);
}

// Pre-authentication encoding (Common.md): parts in one text, so that no two lists have the same.
std::string encode_parts(std::initializer_list<std::string_view> parts)
{
    std::string text;
    text.reserve(longest_token);
    append_number(text, parts.size());
    for (const auto part : parts) {
        append_number(text, part.size());
        text += part;
    }
    return text;
}

Bits384 authenticate(const LocalKey& key, std::string_view nonce, std::string_view encrypted,
                     std::string_view footer, std::string_view assertion)
{
    const HmacSha384 code{key.derive().expand("paseto-auth-key-for-aead", nonce).view()};
    return code({encode_parts({header, nonce, encrypted, footer, assertion})});
}

std::string crypt(const LocalKey& key, std::string_view nonce, std::string_view text)
{
    const auto derived = key.derive().expand("paseto-encryption-key", nonce);
    return aes_256_ctr(derived.view().substr(0, 32), derived.view().substr(32), text);
}

} // namespace

LocalKey::LocalKey(Secret bytes)
    : bytes_{checked(std::move(bytes))}
    , derive_{bytes_.reveal()}
{
}

LocalKey LocalKey::random()
{
    return LocalKey{Secret{random_bytes(size)}};
}

std::string paseto_seal(const LocalKey& key, std::string_view payload, std::string_view footer,
                        std::string_view assertion)
{
    return paseto_seal_with_nonce(random_bytes(nonce_size), key, payload, footer, assertion);
}

std::string paseto_seal_with_nonce(std::string_view nonce, const LocalKey& key,
                                   std::string_view payload, std::string_view footer,
                                   std::string_view assertion)
{
    if (nonce.size() != nonce_size)
        throw std::invalid_argument{"a nonce of v3.local has 32 bytes"};
    const auto encrypted = crypt(key, nonce, payload);
    std::string body;
    body.reserve(nonce_size + encrypted.size() + Bits384::size);
    body += nonce;
    body += encrypted;
    body += authenticate(key, nonce, encrypted, footer, assertion).view();

    std::string token{header};
    token.reserve(header.size() + (body.size() + footer.size()) * 4 / 3 + 8);
    append_base64url(token, body);
    if (!footer.empty())
        append_base64url(token += '.', footer);
    if (token.size() > longest_token)
        throw std::length_error{"too much for a token"};
    return token;
}

std::optional<Unsealed> paseto_open(const LocalKey& key, std::string_view token,
                                    std::string_view assertion)
{
    if (token.size() > longest_token || !token.starts_with(header))
        return std::nullopt;
    token.remove_prefix(header.size());
    const auto dot = token.find('.');
    const auto decoded = base64url_decode(token.substr(0, dot));
    if (!decoded || decoded->size() < nonce_size + Bits384::size)
        return std::nullopt;
    std::string footer;
    if (dot != token.npos) {
        auto bytes = base64url_decode(token.substr(dot + 1));
        if (!bytes || bytes->empty()) // without a footer there is no dot
            return std::nullopt;
        footer = std::move(*bytes);
    }

    const std::string_view body = *decoded;
    const auto nonce = body.substr(0, nonce_size);
    const auto encrypted = body.substr(nonce_size, body.size() - nonce_size - Bits384::size);
    const auto code = body.substr(body.size() - Bits384::size);
    if (!equal_in_constant_time(authenticate(key, nonce, encrypted, footer, assertion).view(),
                                code))
        return std::nullopt;
    return Unsealed{Secret{crypt(key, nonce, encrypted)}, std::move(footer)};
}

std::string_view encoded_footer(std::string_view token)
{
    const auto dot = token.rfind('.');
    return dot == token.npos || dot < header.size() ? std::string_view{} : token.substr(dot + 1);
}

} // namespace onlogin
