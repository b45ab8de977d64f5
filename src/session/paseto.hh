#pragma once

// PASETO v3.local: tokens that can be read, and made, only with the key.
// https://github.com/paseto-standard/paseto-spec, Version3.md

#include "base/crypto.hh"
#include "base/secret.hh"

#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// A key of v3.local, and of nothing else. Wiped when dropped.
class LocalKey
{
public:
    static constexpr std::size_t size = 32;

    // Throws std::invalid_argument unless `bytes` are `size` many.
    explicit LocalKey(Secret bytes);

    // A new one.
    static LocalKey random();

    [[nodiscard]] const Secret& bytes() const { return bytes_; }
    // Makes the keys for encryption and authentication of one token.
    [[nodiscard]] const HkdfSha384& derive() const { return derive_; }

private:
    Secret bytes_;
    HkdfSha384 derive_;
};

// Longer tokens are refused before anything of them is looked at.
constexpr std::size_t longest_token = 8192;

// The token of `payload`. `footer` stands in the token for all to read. `assertion` does not stand
// in it: who opens the token must bring the same. Neither can be changed later. Throws
// std::length_error where the token would be longer than `longest_token`.
std::string paseto_seal(const LocalKey& key, std::string_view payload, std::string_view footer = {},
                        std::string_view assertion = {});

// The same with a nonce of 32 bytes from the caller. For tests alone, which make the published
// tokens of PASETO again: two tokens of one key with the same nonce give away what is in them.
std::string paseto_seal_with_nonce(std::string_view nonce, const LocalKey& key,
                                   std::string_view payload, std::string_view footer,
                                   std::string_view assertion);

struct Unsealed
{
    Secret payload;
    std::string footer; // empty: none
};

// What `token` holds. Absent unless it was made with `key` and `assertion` and nobody has changed
// it since, which is found out, in constant time, before anything is decrypted. Also absent for a
// token of another version or purpose than v3.local.
std::optional<Unsealed> paseto_open(const LocalKey& key, std::string_view token,
                                    std::string_view assertion = {});

// The footer of what may be a token, in base64url as it stands there. Anybody can have written it:
// it is no more than a hint until paseto_open() has taken the token.
std::string_view encoded_footer(std::string_view token);

} // namespace onlogin
