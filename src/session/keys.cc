#include "session/keys.hh"

#include "base/base64.hh"
#include "base/errors.hh"
#include "base/odd_text.hh"
#include "session/paserk.hh"

#include <algorithm>

namespace onlogin {

namespace {

// Without the comment, and without space around it.
std::string_view key_in(std::string_view line)
{
    constexpr std::string_view space = " \t\r";
    line = line.substr(0, line.find('#'));
    const auto begin = line.find_first_not_of(space);
    if (begin == line.npos)
        return {};
    return line.substr(begin, line.find_last_not_of(space) - begin + 1);
}

// Why `word`, with which `line` begins but for space, is no key; it shows nothing of it.
std::string fault_of(std::string_view word, std::string_view line)
{
    constexpr std::size_t size = 52; // k3.local. and 43 characters
    constexpr std::string_view local = "k3.local.";
    const auto quotes = [](char c) { return c == '"' || c == '\'' || c == '`'; };
    // Space at both ends is none of the word.
    for (auto odd = find_odd_character(line); odd;
         odd = find_odd_character(line, odd->offset + odd->size))
        if (line.data() + odd->offset >= word.data() &&
            line.data() + odd->offset < word.data() + word.size())
            return "has " + odd->called + " at character " + std::to_string(odd->character);
    if (quotes(word.front()) || quotes(word.back()))
        return "stands in quotes: leave them out";
    if (word.starts_with("k3.lid."))
        return "is the id of a key, not the key";
    if (!word.starts_with(local))
        return "is no session key";
    if (word.size() != size)
        return "is no session key: it has " + std::to_string(word.size()) + " characters, not " +
               std::to_string(size);
    return "is no session key: it is damaged";
}

SessionKey with_footer(LocalKey key)
{
    auto footer = R"({"kid":")" + k3_lid(key) + R"("})";
    std::string encoded;
    append_base64url(encoded, footer);
    return {std::move(key), std::move(footer), std::move(encoded)};
}

} // namespace

SessionKeys::SessionKeys(std::string_view text, const std::string& file)
{
    if (const auto encoding = other_encoding(text); !encoding.empty())
        throw ConfigError{file + " is in " + std::string{encoding} + ": save it as UTF-8"};
    text = without_byte_order_mark(text);
    std::vector<int> lines; // of the keys
    int line = 0;
    const auto fail = [&](const std::string& what) {
        return ConfigError{file + ":" + std::to_string(line) + ": " + what};
    };
    while (!text.empty()) {
        ++line;
        const auto end = std::min(text.find('\n'), text.size());
        const auto whole = text.substr(0, end);
        const auto word = key_in(whole);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty())
            continue;
        auto read = read_k3_local(word);
        if (!read)
            throw fail(fault_of(word, whole) +
                       ": put one line there that `onlogin keygen` prints, k3.local. and 43 "
                       "characters");
        auto key = with_footer(std::move(*read));
        for (std::size_t i = 0; i < keys_.size(); ++i)
            if (keys_[i].footer == key.footer)
                throw fail("is the key of line " + std::to_string(lines[i]) +
                           " again: remove one of them");
        if (keys_.size() == most)
            throw fail("is one key more than the " + std::to_string(most) +
                       " that there may be: remove those whose tokens have expired");
        keys_.push_back(std::move(key));
        lines.push_back(line);
    }
    if (keys_.empty())
        throw ConfigError{file + " holds no session key: onlogin keygen >>" + file};
}

Secret new_session_key()
{
    return write_k3_local(LocalKey::random());
}

} // namespace onlogin
