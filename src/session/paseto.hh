#pragma once

// PASETO v3.local: texts that nobody but who has the key can read or make.
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

    // Throws std::invalid_argument unless there are as many bytes as that.
    explicit LocalKey(Secret bytes);

    // A new one.
    static LocalKey random();

    [[nodiscard]] const Secret& bytes() const { return bytes_; }
    [[nodiscard]] const HkdfSha384& derive() const { return derive_; }

private:
    Secret bytes_;
    HkdfSha384 derive_;
};

// Longer tokens are refused before anything of them is looked at.
constexpr std::size_t longest_token = 8192;

// The token of `payload`. `footer` stands in it for all to read, `assertion` not at all: both must
// be the same when it is opened. Throws std::length_error where it would be longer than the
// longest.
std::string paseto_seal(const LocalKey& key, std::string_view payload, std::string_view footer = {},
                        std::string_view assertion = {});

// The same with a nonce of 32 bytes that was chosen by the caller, as published tokens need it: two
// tokens with one nonce can be read by anybody.
std::string paseto_seal_with_nonce(std::string_view nonce, const LocalKey& key,
                                   std::string_view payload, std::string_view footer,
                                   std::string_view assertion);

struct Unsealed
{
    Secret payload;
    std::string footer; // empty: none
};

// What a token holds. Absent unless `key` made it just so: it is authenticated, in constant time,
// before it is decrypted. A token of another version or purpose is none.
std::optional<Unsealed> paseto_open(const LocalKey& key, std::string_view token,
                                    std::string_view assertion = {});

// The footer of what may be a token, as it stands there: encoded, and by nobody vouched for.
std::string_view encoded_footer(std::string_view token);

} // namespace onlogin
