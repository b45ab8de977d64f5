#include "base/json_trouble.hh"

#include "base/encode.hh"
#include "base/json.hh"

#include <algorithm>
#include <set>

namespace onlogin {

namespace {

using Kind = JsonTrouble::Kind;

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Which character of `text`, from 1, begins at `offset`.
std::string number_of(std::string_view text, std::size_t offset)
{
    const auto before = text.substr(0, offset);
    const auto count = std::count_if(before.begin(), before.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
    });
    return std::to_string(count + 1);
}

class FaultFinder
{
public:
    explicit FaultFinder(std::string_view text)
        : text_{text}
    {
    }

    std::optional<JsonTrouble> find()
    {
        skip_blanks();
        if (at_ == text_.size())
            return JsonTrouble{Kind::Empty, 0, {}};
        if (!value(0))
            return fault_;
        skip_blanks();
        if (at_ < text_.size())
            return JsonTrouble{Kind::Behind, at_, {}};
        return std::nullopt;
    }

private:
    // Each of these reads what it is named after, or notes the fault and answers false.

    bool value(int depth)
    {
        if (depth >= most_nested_json)
            return fail(Kind::Deep);
        switch (at_ < text_.size() ? text_[at_] : '\0') {
        case '{':
            return object(depth);
        case '[':
            return array(depth);
        case '"':
            return string();
        case 't':
            return word("true");
        case 'f':
            return word("false");
        case 'n':
            return word("null");
        default:
            return number();
        }
    }

    bool object(int depth)
    {
        std::set<std::string, std::less<>> names;
        ++at_;
        skip_blanks();
        if (skip('}'))
            return true;
        do {
            skip_blanks();
            const auto begin = at_;
            if (!is_at('"'))
                return fail_here();
            if (!string())
                return false;
            auto name = decoded(text_.substr(begin, at_ - begin));
            if (!names.insert(name).second) {
                fault_ = {Kind::Repeated, begin, std::move(name)};
                return false;
            }
            skip_blanks();
            if (!skip(':'))
                return fail_here();
            skip_blanks();
            if (!value(depth + 1))
                return false;
            skip_blanks();
        } while (skip(','));
        return skip('}') || fail_here();
    }

    bool array(int depth)
    {
        ++at_;
        skip_blanks();
        if (skip(']'))
            return true;
        do {
            skip_blanks();
            if (!value(depth + 1))
                return false;
            skip_blanks();
        } while (skip(','));
        return skip(']') || fail_here();
    }

    bool string()
    {
        for (++at_; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (skip('"'))
                return true;
            if (static_cast<unsigned char>(c) < 0x20)
                return fail(Kind::Wrong);
            if (c == '\\' && !escape())
                return false;
        }
        return fail(Kind::Cut);
    }

    // Leaves its last character to string().
    bool escape()
    {
        ++at_;
        if (at_ == text_.size())
            return fail(Kind::Cut);
        if (text_[at_] != 'u')
            return std::string_view{"\"\\/bfnrt"}.find(text_[at_]) != std::string_view::npos ||
                   fail(Kind::Wrong);
        for (int i = 0; i < 4; ++i)
            if (++at_ >= text_.size() || !is_hex(text_[at_]))
                return fail_here();
        return true;
    }

    bool number()
    {
        skip('-');
        if (!skip('0') && !digits())
            return fail_here();
        if (skip('.') && !digits())
            return fail_here();
        if (skip('e') || skip('E')) {
            if (!skip('+'))
                skip('-');
            if (!digits())
                return fail_here();
        }
        return true;
    }

    bool word(std::string_view wanted)
    {
        for (const char c : wanted)
            if (!skip(c))
                return fail_here();
        return true;
    }

    bool digits()
    {
        const auto begin = at_;
        while (at_ < text_.size() && is_digit(text_[at_]))
            ++at_;
        return at_ > begin;
    }

    [[nodiscard]] bool is_at(char c) const { return at_ < text_.size() && text_[at_] == c; }

    bool skip(char c)
    {
        const bool found = is_at(c);
        at_ += found;
        return found;
    }

    void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

    bool fail(Kind kind)
    {
        fault_ = {kind, at_, {}};
        return false;
    }

    bool fail_here() { return fail(at_ >= text_.size() ? Kind::Cut : Kind::Wrong); }

    // As "a" and "\u0061" are one name.
    static std::string decoded(std::string_view name)
    {
        const auto value = parse_json(name);
        return value && value->isString() ? value->asString() : std::string{name};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    JsonTrouble fault_{};
};

} // namespace

std::optional<JsonTrouble> find_json_trouble(std::string_view text)
{
    return FaultFinder{text}.find();
}

Phrase in_words(const Phrase& what, const JsonTrouble& fault, std::string_view text)
{
    const auto character = number_of(text, fault.offset);
    const Fillings places{{"what", what}, {"character", character}};
    switch (fault.kind) {
    case Kind::Empty:
        return phrase("{what} is empty", places);
    case Kind::Cut:
        return phrase("{what} is JSON that breaks off: more is expected at its end", places);
    case Kind::Behind:
        return phrase("{what} goes on where its JSON has ended, at character {character}", places);
    case Kind::Repeated:
        if (is_plain_name(fault.name))
            return phrase("{what} has the member {name} twice",
                          {{"what", what}, {"name", fault.name}});
        return phrase("{what} has a member twice", places);
    case Kind::Deep:
        return phrase("{what} is nested deeper than {most} levels",
                      {{"what", what}, {"most", std::to_string(most_nested_json)}});
    case Kind::Wrong:
        break;
    }
    return phrase("{what} is not JSON: something else is expected at character {character}",
                  places);
}

} // namespace onlogin
