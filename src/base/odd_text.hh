#pragma once

// Characters that look right in an editor and are not what a program takes: those that are not
// shown, those of Chinese keyboards, and whole files in another encoding.

#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// `text` without the UTF-8 byte order mark that some editors put first.
std::string_view without_byte_order_mark(std::string_view text);

// The encoding that `text` has instead of UTF-8: "UTF-16", "UTF-32", or empty where there is no
// sign of another one.
std::string_view other_encoding(std::string_view text);

struct OddCharacter
{
    enum class Kind
    {
        Blank,     // a space, a tab, a line break
        Control,   // any other below U+0020, and U+007F
        Invisible, // not shown, or shown as a space is
        Quote,     // curly, angled or of full width
        FullWidth, // what a Chinese keyboard writes for an ASCII character
        Other,     // any other beyond ASCII
        Invalid,   // a byte that is not UTF-8
    };
    Kind kind;
    int line;      // from 1
    int character; // in its line, from 1
    std::size_t offset;
    std::size_t size;   // in bytes
    char instead;       // the ASCII character that was meant, where that is known; else zero
    std::string called; // "a zero-width space (U+200B)"; letters and digits are not told
};

// The first character from `offset` on that is no visible ASCII.
std::optional<OddCharacter> find_odd_character(std::string_view text, std::size_t offset = 0);

// The first invisible one: there is no value in which that is meant.
std::optional<OddCharacter> find_invisible_character(std::string_view text);

// "line 1, character 33"; of a text of one line: "character 33".
std::string place_of(const OddCharacter& odd, std::string_view text);

} // namespace onlogin
