#pragma once

// base64 (RFC 4648): base64url without padding (section 5) for what is ours, and the one with + and
// / (section 4) for what WeChat sends.

#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// Appends `bytes` in base64url.
void append_base64url(std::string& to, std::string_view bytes);

// The bytes of `text`. Absent unless it is what append_base64url() writes, character for character:
// padding, other characters, a lone last character and bits behind the last byte are refused, so
// that the same bytes have one text only.
std::optional<std::string> base64url_decode(std::string_view text);

// The bytes of `text` in base64 with + and /, padded with = to a multiple of four. As strict.
std::optional<std::string> base64_decode(std::string_view text);

} // namespace onlogin
