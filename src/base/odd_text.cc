#include "base/odd_text.hh"

#include "base/encode.hh"

#include <algorithm>
#include <cstdio>

namespace onlogin {

namespace {

using Kind = OddCharacter::Kind;

constexpr std::string_view mark = "\xef\xbb\xbf";

struct Row
{
    char32_t first;
    char32_t last;
    std::string_view called;
    Kind kind;
    char instead;
};

// In order. https://www.unicode.org/Public/UNIDATA/PropList.txt, White_Space; of Format (Cf) those
// that come with copied text.
constexpr Row rows[] = {
    {0x00, 0x00, "a zero byte", Kind::Control, 0},
    {0x09, 0x09, "a tab", Kind::Blank, 0},
    {0x0a, 0x0a, "a line break", Kind::Blank, 0},
    {0x0d, 0x0d, "a line break", Kind::Blank, 0},
    {0x00, 0x1f, "a control character", Kind::Control, 0},
    {0x20, 0x20, "a space", Kind::Blank, 0},
    {0x7f, 0x9f, "a control character", Kind::Control, 0},
    {0xa0, 0xa0, "a no-break space", Kind::Invisible, ' '},
    {0xab, 0xab, "a quotation mark", Kind::Quote, '"'},
    {0xad, 0xad, "a soft hyphen", Kind::Invisible, 0},
    {0xbb, 0xbb, "a quotation mark", Kind::Quote, '"'},
    {0x1680, 0x1680, "a space of another kind", Kind::Invisible, ' '},
    {0x180e, 0x180e, "an invisible character", Kind::Invisible, 0},
    {0x2000, 0x200a, "a space of another kind", Kind::Invisible, ' '},
    {0x200b, 0x200b, "a zero-width space", Kind::Invisible, 0},
    {0x200c, 0x200d, "a zero-width joiner", Kind::Invisible, 0},
    {0x200e, 0x200f, "a direction mark", Kind::Invisible, 0},
    {0x2018, 0x201b, "a curly quotation mark", Kind::Quote, '"'},
    {0x201c, 0x201f, "a curly quotation mark", Kind::Quote, '"'},
    {0x2028, 0x2029, "a line separator", Kind::Invisible, 0},
    {0x202a, 0x202e, "a direction mark", Kind::Invisible, 0},
    {0x202f, 0x202f, "a no-break space", Kind::Invisible, ' '},
    {0x205f, 0x205f, "a space of another kind", Kind::Invisible, ' '},
    {0x2060, 0x2064, "an invisible character", Kind::Invisible, 0},
    {0x2066, 0x206f, "a direction mark", Kind::Invisible, 0},
    {0x3000, 0x3000, "a full-width space", Kind::Invisible, ' '},
    {0x3001, 0x3001, "a Chinese comma", Kind::FullWidth, ','},
    {0x3002, 0x3002, "a Chinese full stop", Kind::FullWidth, '.'},
    {0x300a, 0x300f, "a Chinese quotation mark", Kind::Quote, '"'},
    {0x3010, 0x3011, "a Chinese bracket", Kind::FullWidth, 0},
    {0xfe00, 0xfe0f, "an invisible character", Kind::Invisible, 0},
    {0xfeff, 0xfeff, "a byte order mark", Kind::Invisible, 0},
    {0xff02, 0xff02, "a full-width quotation mark", Kind::Quote, '"'},
    {0xff07, 0xff07, "a full-width quotation mark", Kind::Quote, '"'},
    {0xff01, 0xff5e, "a full-width character", Kind::FullWidth, 0},
};

// How many bytes the character has that `text` begins with; 0: it is not UTF-8.
std::size_t size_of_first(std::string_view text)
{
    for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size)
        if (is_utf8(text.substr(0, size)))
            return size;
    return 0;
}

char32_t code_point(std::string_view character)
{
    const auto lead = static_cast<unsigned char>(character[0]);
    if (character.size() == 1)
        return lead;
    char32_t code = lead & (0xffU >> (character.size() + 1));
    for (const char c : character.substr(1))
        code = code << 6U | (static_cast<unsigned char>(c) & 0x3fU);
    return code;
}

bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

void describe(OddCharacter& odd, char32_t code)
{
    const auto* const row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& known) {
        return code >= known.first && code <= known.last;
    });
    if (row == std::end(rows)) { // may be a part of a secret
        odd.kind = Kind::Other;
        odd.called = "a character that is not ASCII";
        return;
    }
    odd.kind = row->kind;
    odd.called = row->called;
    odd.instead = row->instead;
    if (code >= 0xff01 && code <= 0xff5e && row->instead == 0)
        odd.instead = static_cast<char>(code - 0xfee0);
    if (odd.kind == Kind::FullWidth && is_letter_or_digit(odd.instead)) {
        odd.called = "a full-width letter or digit";
        odd.instead = 0;
    } else if (odd.kind != Kind::Blank) {
        char number[16];
        snprintf(number, sizeof number, " (U+%04X)", static_cast<unsigned>(code));
        odd.called += number;
    }
}

template <class Wanted>
std::optional<OddCharacter> find(std::string_view text, std::size_t offset, Wanted wanted)
{
    int line = 1, character = 1;
    for (std::size_t i = 0; i < text.size();) {
        const auto size = size_of_first(text.substr(i));
        const bool plain = size == 1 && text[i] > ' ' && text[i] < 0x7f;
        if (i >= offset && !plain) {
            OddCharacter odd{Kind::Invalid,
                             line,
                             character,
                             i,
                             std::max<std::size_t>(size, 1),
                             0,
                             "a byte that is not UTF-8"};
            if (size > 0)
                describe(odd, code_point(text.substr(i, size)));
            if (wanted(odd))
                return odd;
        }
        if (text[i] == '\n') {
            ++line;
            character = 1;
        } else {
            ++character;
        }
        i += std::max<std::size_t>(size, 1);
    }
    return std::nullopt;
}

} // namespace

std::string_view without_byte_order_mark(std::string_view text)
{
    if (text.starts_with(mark))
        text.remove_prefix(mark.size());
    return text;
}

std::string_view other_encoding(std::string_view text)
{
    using namespace std::string_view_literals;
    if (text.starts_with("\xff\xfe\0\0"sv) || text.starts_with("\0\0\xfe\xff"sv))
        return "UTF-32";
    if (text.starts_with("\xff\xfe"sv) || text.starts_with("\xfe\xff"sv))
        return "UTF-16";
    // Without a mark: of each two bytes one is zero, as far as the text is ASCII.
    if (text.size() < 4)
        return {};
    const auto zeros = [&](std::size_t first) {
        std::size_t count = 0;
        for (auto i = first; i < text.size(); i += 2)
            count += text[i] == '\0';
        return count;
    };
    const auto even = zeros(0), odd = zeros(1);
    const auto half = text.size() / 2;
    return (even == 0 && odd * 4 > half * 3) || (odd == 0 && even * 4 > half * 3) ? "UTF-16" : "";
}

std::optional<OddCharacter> find_odd_character(std::string_view text, std::size_t offset)
{
    return find(text, offset, [](const OddCharacter&) { return true; });
}

std::optional<OddCharacter> find_invisible_character(std::string_view text)
{
    return find(text, 0, [](const OddCharacter& odd) { return odd.kind == Kind::Invisible; });
}

std::string place_of(const OddCharacter& odd, std::string_view text)
{
    const auto character = "character " + std::to_string(odd.character);
    return text.find('\n') == text.npos ? character
                                        : "line " + std::to_string(odd.line) + ", " + character;
}

} // namespace onlogin
