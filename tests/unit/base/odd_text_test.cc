#include "base/odd_text.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(odd_text)

BOOST_AUTO_TEST_CASE(each_odd_character_is_called_by_its_name_with_its_place)
{
    const std::pair<std::string, std::string> table[] = {
        {"ab\u200bc", "a zero-width space (U+200B) character 3"},
        {"\u00a0abc", "a no-break space (U+00A0) character 1"},
        {"密\u00a0", "a character that is not ASCII character 1"},
        {"ab\nc", "a line break line 1, character 3"},
        {"abc\u3000", "a full-width space (U+3000) character 4"},
        {"a\ufeffb", "a byte order mark (U+FEFF) character 2"},
        {"\u201cab\u201d", "a curly quotation mark (U+201C) character 1"},
        {"a\uff1ab", "a full-width character (U+FF1A) character 2"},
        {"a\uff11b", "a full-width letter or digit character 2"},
        {"a\u2029b", "a line separator (U+2029) character 2"},
        {"a\u200eb", "a direction mark (U+200E) character 2"},
        {"a b", "a space character 2"},
        {"a\tb", "a tab character 2"},
        {"a\x01"s, "a control character (U+0001) character 2"},
        {"a\0"s, "a zero byte (U+0000) character 2"},
        {"a\xb0\xa1", "a byte that is not UTF-8 character 2"},
        {"a\xe4\xbd", "a byte that is not UTF-8 character 2"},
    };
    for (const auto& [text, expected] : table) {
        const auto odd = find_odd_character(text);
        BOOST_REQUIRE(odd);
        BOOST_TEST(odd->called + ' ' + place_of(*odd, text) == expected);
    }
    const std::string lines = "ab\nc\u3000";
    BOOST_TEST(place_of(*find_odd_character(lines, 3), lines) == "line 2, character 2");
    BOOST_TEST(!find_odd_character("abc~!"));
    BOOST_TEST(!find_odd_character(""));
}

BOOST_AUTO_TEST_CASE(the_search_may_begin_behind_the_last_one)
{
    const std::string text = "a b\u00e9\u200b";
    const auto first = find_odd_character(text);
    const auto second = find_odd_character(text, first->offset + first->size);
    BOOST_TEST(second->character == 4);
    BOOST_TEST(find_invisible_character(text)->character == 5);
    BOOST_TEST(!find_invisible_character("a b 密码 \uff1a"));
}

BOOST_AUTO_TEST_CASE(other_encodings_are_known_by_their_mark_or_their_zeros)
{
    BOOST_TEST(other_encoding("\xff\xfe{\0}\0"s) == "UTF-16");
    BOOST_TEST(other_encoding("\xfe\xff\0{\0}"s) == "UTF-16");
    BOOST_TEST(other_encoding("{\0 \0}\0\n\0"s) == "UTF-16");
    BOOST_TEST(other_encoding("\0{\0 \0}\0\n"s) == "UTF-16");
    BOOST_TEST(other_encoding("\xff\xfe\0\0{\0\0\0"s) == "UTF-32");
    for (const auto& text : {""s, "abc"s, "\xef\xbb\xbf{}"s, "abcdef\0\1"s, "密码密码"s})
        BOOST_TEST(other_encoding(text) == "");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_taken_off_once)
{
    BOOST_TEST(without_byte_order_mark("\xef\xbb\xbf{}") == "{}");
    BOOST_TEST(without_byte_order_mark("{}") == "{}");
    BOOST_TEST(without_byte_order_mark("\xef\xbb\xbf\xef\xbb\xbf") == "\xef\xbb\xbf");
}

BOOST_AUTO_TEST_SUITE_END()
