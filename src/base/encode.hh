#pragma once

// Text encodings: hex, percent (URL standard), JSON strings, UTF-8.

#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// Two digits a byte, in lower case.
std::string to_hex(std::string_view bytes);

// Appends `text`, percent-encoding all but the unreserved characters of RFC 3986.
void append_percent_encoded(std::string& to, std::string_view text);

// Decodes one name or value of application/x-www-form-urlencoded: `+` is a space, %XX a byte
// (https://url.spec.whatwg.org/#urlencoded-parsing). Absent if a `%` is not followed by two hex
// digits: no client encodes like that, so the request is damaged.
std::optional<std::string> form_decode(std::string_view text);

// Whether `text` consists of visible ASCII, so that it may be a word of a header; also if it is
// empty.
bool is_visible_ascii(std::string_view text);

// Whether `text` looks like a name that a programmer chooses: a letter, and up to 19 more letters,
// digits or any of _ . -. Codes, keys and openids are longer: it may be told in a message and a
// log.
bool is_plain_name(std::string_view text);

// `text` without surrogates, which some encode as if they were characters (CESU-8): a pair of them
// becomes its character, one alone, half an emoji, U+FFFD. All else stays as it is.
std::string without_surrogates(std::string_view text);

struct Utf8Character
{
    std::size_t size; // in bytes
    bool well_formed;
};

// What `text`, which is not empty, begins with. Where that is no character, it has the bytes that
// decoders replace by one U+FFFD: https://encoding.spec.whatwg.org/#utf-8-decoder
Utf8Character first_utf8_character(std::string_view text);

// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong).
bool is_utf8(std::string_view text);

// Whether `character` is U+2028 or U+2029: in JSON as any other, but the end of a line in
// JavaScript before ES2019, where some clients still take JSON for JavaScript.
bool is_line_separator(std::string_view character);

// Appends `text` as a JSON string with its quotes. Control characters (U+0000 to U+001F and U+007F
// to U+009F), line separators (U+2028, U+2029), quotes and backslashes are escaped; so is each byte
// from 0x80 on, as \u00XX, when the text is not UTF-8.
void append_json_string(std::string& to, std::string_view text);

} // namespace onlogin
