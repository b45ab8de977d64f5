#pragma once

// Why a text is no JSON, in words for who has sent it: jsoncpp only says that it is none.

#include "base/language.hh"

#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// What keeps a text from being JSON (RFC 8259).
struct JsonTrouble
{
    enum class Kind
    {
        Empty,    // nothing but white space
        Wrong,    // something else is expected at `offset`
        Cut,      // more is expected at its end
        Behind,   // it has ended at `offset`, and something follows
        Repeated, // an object has the member `name` twice
        Deep,     // it is nested too deeply, in more than most_nested_json objects or arrays
    };
    Kind kind;
    std::size_t offset;
    std::string name;
};

inline constexpr int most_nested_json = 32; // as in json.cc

// The first one in `text`, well-formed UTF-8; absent if it is JSON.
std::optional<JsonTrouble> find_json_trouble(std::string_view text);

// What is wrong with `text`, which is called `what`: "the body is empty". Of its contents only the
// name of a member that is there twice, if that is_plain_name().
Phrase in_words(const Phrase& what, const JsonTrouble& fault, std::string_view text);

} // namespace onlogin
