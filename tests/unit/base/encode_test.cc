#include "base/encode.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(encode)

BOOST_AUTO_TEST_CASE(percent_encoding_keeps_unreserved_characters_only)
{
    std::string text = "x=";
    append_percent_encoded(text, "aZ09-._~ +/%&\n\xe4");
    BOOST_TEST(text == "x=aZ09-._~%20%2B%2F%25%26%0A%E4");
}

BOOST_AUTO_TEST_CASE(form_decoding_follows_the_url_standard)
{
    BOOST_TEST(form_decode("a+b").value() == "a b");
    BOOST_TEST(form_decode("a%2Bb").value() == "a+b");
    BOOST_TEST(form_decode("%e4%BD%a0").value() == "\xe4\xbd\xa0");
    BOOST_TEST(form_decode("").value() == "");
    BOOST_TEST(form_decode("a%00b").value() == std::string("a\0b", 3));
}

BOOST_AUTO_TEST_CASE(broken_percent_escapes_do_not_decode)
{
    for (const auto* text : {"%", "a%", "a%4", "%zz", "%4g", "%%41", "100%"})
        BOOST_TEST(!form_decode(text), text);
}

BOOST_AUTO_TEST_CASE(utf8_is_told_from_what_only_looks_like_it)
{
    for (const auto* good :
         {"", "a", "\xc2\x80", "\xe4\xbd\xa0", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
        BOOST_TEST(is_utf8(good), good);
    for (const auto* bad : {"\x80",             // a following byte without a lead
                            "\xc3",             // cut
                            "\xe4\xbd",         // cut
                            "\xc0\xaf",         // overlong
                            "\xe0\x9f\xbf",     // overlong
                            "\xf0\x8f\xbf\xbf", // overlong
                            "\xed\xa0\x80",     // a surrogate
                            "\xf4\x90\x80\x80", // behind the last character
                            "\xff", "a\xc3("})
        BOOST_TEST(!is_utf8(bad));
}

BOOST_AUTO_TEST_CASE(what_is_no_character_ends_where_decoders_end_it)
{
    const auto sizes = [](std::string_view text) {
        std::string all;
        while (!text.empty()) {
            const auto [size, well_formed] = first_utf8_character(text);
            all += std::to_string(size) + (well_formed ? " " : "! ");
            text.remove_prefix(size);
        }
        return all;
    };
    BOOST_TEST(sizes("a\u00e9\u4f60\U0001f600") == "1 2 3 4 ");
    BOOST_TEST(sizes("\xed\xa0\xbd") == "1! 1! 1! ");
    BOOST_TEST(sizes("\xf0\x9f\x98") == "3! ");
    BOOST_TEST(sizes("\xf0\x9f\x98\"") == "3! 1 ");
    BOOST_TEST(sizes("\xe4\xbd\xe4\xbd\xa0\xff") == "2! 3 1! ");
    BOOST_TEST(sizes("\xc0\xaf\xf5\x80") == "1! 1! 1! 1! ");
}

BOOST_AUTO_TEST_CASE(json_strings_escape_the_lines_of_javascript)
{
    std::string text;
    append_json_string(text, "a\u2027\u2028\u2029\u202f");
    BOOST_TEST(text == "\"a\u2027\\u2028\\u2029\u202f\"");
}

BOOST_AUTO_TEST_CASE(json_strings_escape_what_json_forbids)
{
    std::string text;
    append_json_string(text, std::string_view{"\"\\\n\0\x7f你", 8});
    BOOST_TEST(text == "\"\\\"\\\\\\u000a\\u0000\\u007f你\"");
}

BOOST_AUTO_TEST_CASE(json_strings_escape_the_other_control_characters_of_unicode)
{
    std::string text;
    append_json_string(text, "\xc2\x85\xc2\x9b\xc2\xa0");
    BOOST_TEST(text == "\"\\u0085\\u009b\xc2\xa0\"");
}

BOOST_AUTO_TEST_CASE(json_strings_escape_bytes_that_are_not_utf8)
{
    std::string text;
    append_json_string(text, "a\xff");
    BOOST_TEST(text == "\"a\\u00ff\"");
}

BOOST_AUTO_TEST_CASE(hex_is_two_digits_a_byte_in_lower_case)
{
    BOOST_TEST(to_hex(std::string_view{"\0\x09\xab\xff", 4}) == "0009abff");
    BOOST_TEST(to_hex("").empty());
}

BOOST_AUTO_TEST_CASE(what_a_word_of_a_header_may_hold_is_visible)
{
    BOOST_TEST(is_visible_ascii("!az~"));
    BOOST_TEST(is_visible_ascii(""));
    for (const std::string bad : {"a b", "a\t", "a\r\n", "\x7f", "\xc3\xb6"})
        BOOST_TEST(!is_visible_ascii(bad));
    BOOST_TEST(!is_visible_ascii(std::string(1, '\0')));
}

BOOST_AUTO_TEST_SUITE_END()
