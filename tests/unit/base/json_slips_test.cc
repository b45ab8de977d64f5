#include "base/json_slips.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(json_slips)

BOOST_AUTO_TEST_CASE(what_a_chinese_keyboard_or_another_program_wrote_is_named_with_its_line)
{
    const std::pair<std::string, std::string> table[] = {
        {"{\n  \u201cappid\u201d: 1 }",
         "2: at character 3 stands a curly quotation mark (U+201C): type \" instead, with the "
         "keyboard set to English"},
        {"{ \"a\"\uff1a 1 }",
         "1: at character 6 stands a full-width character (U+FF1A): type : instead, with the "
         "keyboard set to English"},
        {"{ \"a\": 1\uff0c\n\"b\": 2 }",
         "1: at character 9 stands a full-width character (U+FF0C): type , instead, with the "
         "keyboard set to English"},
        {"{ \"a\": 1\u3001\"b\": 2 }", "1: at character 9 stands a Chinese comma (U+3001): type , "
                                       "instead, with the keyboard set to English"},
        {"\uff5b}", "1: at character 1 stands a full-width character (U+FF5B): type { instead, "
                    "with the keyboard set to English"},
        {"{\n\n\u00a0\u00a0\"a\": 1 }", "3: at character 1 stands a no-break space (U+00A0): "
                                        "delete it, or type an ordinary space"},
        {"{ \"a\": \u200b1 }", "1: at character 8 stands a zero-width space (U+200B): delete it"},
        {"{ \"a\": 1 }\u3000", "1: at character 11 stands a full-width space (U+3000): delete it, "
                               "or type an ordinary space"},
        {"{ \"a\": \uff11 }", "1: at character 8 stands a full-width letter or digit: delete it"},
        {"{ \"a\": 密码 }",
         "1: at character 8 stands a character that is not ASCII, outside of quotes"},
        {"{ \"a\": \xc3\xdc }",
         "1: at character 8 stands a byte that is not UTF-8: save the file as UTF-8"},
        {"{ 'a': 1 }", "1: there is a single quote: JSON has the double one, \""},
        {"# x\n{}", "1: there is a #: comments begin with // here"},
        {"{ \"a\" = 1 }", "1: there is a =: JSON has : between a name and its value"},
        {"{ \"a\": 1; }", "1: there is a ;: JSON has a comma between two members"},
        {"{\n\"a\": \"hush\u201d,\n\"b\": \"c\" }",
         "2: what opens with \" ends with a curly quotation mark (U+201D): type \" instead"},
        {"{\n\"a\": \"hush,\n\"b\": 1 }", "2: a quote \" opens and is not closed on its line"},
        {std::string{"\xff\xfe{\0}\0", 6}, "1: the file is in UTF-16: save it as UTF-8"},
    };
    for (const auto& [text, expected] : table) {
        const auto slip = find_json_slip(text);
        BOOST_REQUIRE_MESSAGE(slip, text);
        BOOST_TEST(std::to_string(slip->line) + ": " + slip->what == expected);
    }
}

BOOST_AUTO_TEST_CASE(comments_and_what_stands_in_quotes_may_hold_all_of_them)
{
    for (const auto* text :
         {"{ // \u201c注释\u201d， it's; #=\n \"\u201c\uff0c#=;'\": \"\\\"\u00a0'\" }",
          "/* ' \n\xc3\xdc */ {}", "{}", "", "{ \"a\": [1, -2.5e3, true, null] }\r\n", "/*",
          "\"\\"})
        if (const auto slip = find_json_slip(text))
            BOOST_TEST(slip->what.starts_with("a quote"), text);
}

BOOST_AUTO_TEST_CASE(a_missing_comma_is_told_where_it_is_missing)
{
    const auto slip_of = [](const std::string& text) {
        const auto slip = find_json_slip(text);
        return slip ? std::to_string(slip->line) + ": " + slip->what : "none";
    };
    constexpr auto missing = ": after this a comma is missing";
    BOOST_TEST(slip_of("{\n \"a\": [1]\n\n // x\n \"b\": 2\n}") == '2' + std::string{missing});
    BOOST_TEST(slip_of("{\"a\": 1 /* , */ \"b\": 2}") == '1' + std::string{missing});
    BOOST_TEST(slip_of("[{}\n{}]") == '1' + std::string{missing});
    BOOST_TEST(slip_of("{\"a\": true\n\"b\": 2}") == '1' + std::string{missing});
    BOOST_TEST(slip_of("{\"a\" \"b\"}") ==
               "1: after this a comma is missing, or, if it is a name, a colon");
    BOOST_TEST(slip_of("{\"a\": [{\"b\": \"c\"}, []], \"d\": {}}") == "none");
}

BOOST_AUTO_TEST_SUITE_END()
