#include "session/keys.hh"

#include "base/errors.hh"
#include "session/paserk.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

const std::string first = "k3.local.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8";
const std::string second = "k3.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

std::string complaint(const std::string& text)
{
    try {
        const SessionKeys keys{text, "F"};
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

std::string many(std::size_t count)
{
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += new_session_key().reveal() + '\n';
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(session_keys)

BOOST_AUTO_TEST_CASE(the_first_key_seals_and_all_are_there)
{
    const SessionKeys keys{"# rotated in November\n\n" + first + " # old\r\n\t" + second, "F"};
    BOOST_REQUIRE_EQUAL(keys.all().size(), 2U);
    BOOST_TEST(write_k3_local(keys.sealing().key).reveal() == first);
    BOOST_TEST(write_k3_local(keys.all()[1].key).reveal() == second);
    BOOST_TEST(keys.sealing().footer ==
               "{\"kid\":\"k3.lid.5GB-DfqfPOIMr0-y4IV8323vrjMt3mZMh_R3J3raH38l\"}");
    BOOST_TEST(paseto_seal(keys.sealing().key, "", keys.sealing().footer)
                   .ends_with('.' + keys.sealing().encoded_footer));
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_by_file_and_line_with_what_mends_them)
{
    const std::string none = "F holds no session key: onlogin keygen >>F";
    const std::string put = ": put one line there that `onlogin keygen` prints, k3.local. and 43 "
                            "characters";
    const std::string bad = "is no session key" + put;
    const auto long_as = [&](int size) {
        return "is no session key: it has " + std::to_string(size) + " characters, not 52" + put;
    };
    const std::pair<std::string, std::string> table[] = {
        {"", none},
        {"\n\n", none},
        {"# " + first + "\n", none},
        {"x", "F:1: " + bad},
        {first + "\nk3.local.\n", "F:2: " + long_as(9)},
        {"\n" + first + second, "F:2: " + long_as(104)},
        {first + " " + second, "F:1: has a space at character 53" + put},
        {first + "=", "F:1: " + long_as(53)},
        {first.substr(0, 51) + "!", "F:1: is no session key: it is damaged" + put},
        {'"' + first + '"', "F:1: stands in quotes: leave them out" + put},
        {" \u200b" + first, "F:1: has a zero-width space (U+200B) at character 2" + put},
        {first + "\u00a0# 主密钥", "F:1: has a no-break space (U+00A0) at character 53" + put},
        {first + "\n\u201c" + second,
         "F:2: has a curly quotation mark (U+201C) at character 1" + put},
        {std::string{"\xff\xfek\0003\000", 6}, "F is in UTF-16: save it as UTF-8"},
        {"k4" + first.substr(2), "F:1: " + bad},
        {"k3.lid.5GB-DfqfPOIMr0-y4IV8323vrjMt3mZMh_R3J3raH38l",
         "F:1: is the id of a key, not the key" + put},
        {std::string{"\0", 1} + first, "F:1: has a zero byte (U+0000) at character 1" + put},
        {first + "\n\n" + second + "\n" + first,
         "F:4: is the key of line 1 again: remove one of them"},
        {many(SessionKeys::most + 1),
         "F:17: is one key more than the 16 that there may be: remove those whose tokens have "
         "expired"},
    };
    for (const auto& [text, expected] : table)
        BOOST_TEST(complaint(text) == expected);
    BOOST_TEST(complaint(many(SessionKeys::most)) == "");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_line_breaks_of_dos_and_comments_in_any_language_are_no_keys)
{
    const SessionKeys keys{"\xef\xbb\xbf" + first + "\u0020# 主密钥\r\n# \u200b\r\n" + second, "F"};
    BOOST_TEST(keys.all().size() == 2U);
}

BOOST_AUTO_TEST_CASE(no_complaint_shows_a_key)
{
    const auto twice = first + '\n' + first;
    for (const auto& text : {first + "x", first.substr(1), first + second, twice})
        BOOST_TEST(complaint(text).find("cHFyc3R1") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_new_key_is_a_line_of_such_a_file_and_never_the_same)
{
    const auto line = new_session_key().reveal();
    BOOST_TEST(line.size() == 52U);
    BOOST_TEST(complaint(line) == "");
    BOOST_TEST(line != new_session_key().reveal());
}

BOOST_AUTO_TEST_SUITE_END()
