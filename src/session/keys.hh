#pragma once

// The keys of session tokens: one seals, all open, so that keys change without logging anyone out.

#include "session/paseto.hh"

#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

struct SessionKey
{
    LocalKey key;
    std::string footer;         // of the tokens that it seals: {"kid":"k3.lid.…"}
    std::string encoded_footer; // as it stands in them
};

// At least one key, none twice.
class SessionKeys
{
public:
    // No more, since a token that no key has sealed may have to be tried with each.
    static constexpr std::size_t most = 16;

    // Reads the contents of a file of keys: one k3.local.… a line, the sealing one first; `#`
    // starts a comment. Throws ConfigError, which names `file` and the line, says what mends it,
    // and shows nothing of what stands there.
    SessionKeys(std::string_view text, const std::string& file);

    [[nodiscard]] const SessionKey& sealing() const { return keys_.front(); }
    [[nodiscard]] const std::vector<SessionKey>& all() const { return keys_; }

private:
    std::vector<SessionKey> keys_;
};

// A new key as a line for such a file, without a line break.
Secret new_session_key();

} // namespace onlogin
