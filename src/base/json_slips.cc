#include "base/json_slips.hh"

#include "base/odd_text.hh"

#include <algorithm>

namespace onlogin {

namespace {

using Kind = OddCharacter::Kind;

struct Mistaken
{
    char character;
    std::string_view what;
};
// What is visible ASCII and stands in no JSON outside of quotes and comments.
constexpr Mistaken mistaken[] = {
    {'\'', "a single quote: JSON has the double one, \""},
    {'`', "a backquote: JSON has the double quote, \""},
    {'#', "a #: comments begin with // here"},
    {'=', "a =: JSON has : between a name and its value"},
    {';', "a ;: JSON has a comma between two members"},
};

JsonSlip slip(std::string_view text, std::size_t at, const std::string& what)
{
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return {1 + static_cast<int>(line), what};
}

std::string named(const OddCharacter& odd)
{
    auto what = "at character " + std::to_string(odd.character) + " stands " + odd.called;
    if (odd.kind == Kind::Invalid)
        return what + ": save the file as UTF-8";
    if (odd.kind == Kind::Other)
        return what + ", outside of quotes";
    if (odd.instead == 0 || odd.instead == ' ')
        return what + ": delete it" + (odd.instead ? ", or type an ordinary space" : "");
    return what + ": type " + odd.instead + " instead, with the keyboard set to English";
}

std::size_t after_comment(std::string_view text, std::size_t at)
{
    if (text.substr(at, 2) == "//")
        return std::min(text.find('\n', at), text.size());
    if (text.substr(at, 2) == "/*")
        return std::min(text.find("*/", at + 2), text.size() - 2) + 2;
    return at;
}

// Behind the quote that closes what opens at `at`; or `npos` if it is not closed on its line.
std::size_t after_quoted(std::string_view text, std::size_t at)
{
    for (++at; at < text.size(); ++at) {
        if (text[at] == '"')
            return at + 1;
        if (text[at] == '\n')
            break;
        at += text[at] == '\\';
    }
    return text.npos;
}

JsonSlip unclosed(std::string_view text, std::size_t begin)
{
    const auto line = text.substr(begin, text.find('\n', begin) - begin);
    for (auto odd = find_odd_character(line); odd;
         odd = find_odd_character(line, odd->offset + odd->size))
        if (odd->kind == Kind::Quote)
            return slip(text, begin,
                        "what opens with \" ends with " + odd->called + ": type \" instead");
    return slip(text, begin, "a quote \" opens and is not closed on its line");
}

// Whether a value, or a name, ends with this character.
bool ends_value(char c)
{
    return c == '"' || c == '}' || c == ']' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
}

} // namespace

std::optional<JsonSlip> find_json_slip(std::string_view text)
{
    if (const auto encoding = other_encoding(text); !encoding.empty())
        return JsonSlip{1, "the file is in " + std::string{encoding} + ": save it as UTF-8"};
    auto last = text.npos; // what is neither blank nor comment, so far
    for (std::size_t at = 0; at < text.size();) {
        if (const auto next = after_comment(text, at); next != at) {
            at = next;
            continue;
        }
        const char c = text[at];
        if ((c == '"' || c == '{' || c == '[') && last != text.npos && ends_value(text[last]))
            return slip(text, last,
                        text[last] == '"' && c == '"'
                            ? "after this a comma is missing, or, if it is a name, a colon"
                            : "after this a comma is missing");
        if (c == '"') {
            const auto next = after_quoted(text, at);
            if (next == text.npos)
                return unclosed(text, at);
            at = next;
            last = next - 1;
            continue;
        }
        const auto* const row = std::find_if(std::begin(mistaken), std::end(mistaken),
                                             [&](auto& known) { return known.character == c; });
        if (row != std::end(mistaken))
            return slip(text, at, "there is " + std::string{row->what});
        const bool plain = c > ' ' && c < 0x7f;
        if (!plain && c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return slip(text, at, named(*find_odd_character(text, at)));
        if (plain)
            last = at;
        ++at;
    }
    return std::nullopt;
}

} // namespace onlogin
