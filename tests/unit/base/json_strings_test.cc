#include "base/json_strings.hh"

#include "base/encode.hh"
#include "base/json.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

void check(std::string_view given, std::string_view right)
{
    const auto result = with_well_formed_strings(given);
    BOOST_TEST(result == right);
    BOOST_TEST(with_well_formed_strings(result) == right);
    BOOST_TEST(is_utf8(result));
    BOOST_TEST(parse_json(result).has_value(), result);
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_strings)

BOOST_AUTO_TEST_CASE(what_is_right_stays_as_it_is)
{
    for (const auto* text :
         {R"( {"a" : "\u0000\b\/\\\"" , "n":1e2})", R"(["\ud83d\ude00","\uD83D\uDE00","\u2028"])",
          "[\"\u00e9\u4f60\U0001f600\u200d\ufeff\uffff\x7f\u0085\"]", R"({"a":"\\ud83d"})", "{}"})
        check(text, text);
}

BOOST_AUTO_TEST_CASE(control_characters_and_line_separators_are_escaped)
{
    check("{\"a\":\"a\x14"
          "b\nc\r\t\x1f\"}",
          R"({"a":"a\u0014b\u000ac\u000d\u0009\u001f"})");
    check(std::string_view{"[\"\0\"]", 5}, R"(["\u0000"])");
    check("[\"\u2028x\u2029\"]", R"(["\u2028x\u2029"])");
    check("{\n\t\"a\n\":\r\"\\\\\n\"}", "{\n\t\"a\\u000a\":\r\"\\\\\\u000a\"}");
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_is_replaced)
{
    check("[\"a\xff"
          "b\"]",
          R"(["a\ufffdb"])");
    check("[\"\xed\xa0\xbd\"]", R"(["\ufffd\ufffd\ufffd"])"); // a surrogate
    check("[\"\xf0\x9f\x98\"]", R"(["\ufffd"])");             // an emoji that was cut
    check("{\"\xe4\xbd\":\"\xc3\"}", R"({"\ufffd":"\ufffd"})");
}

BOOST_AUTO_TEST_CASE(half_an_emoji_is_replaced)
{
    check(R"(["\ud83d"])", R"(["\ufffd"])");
    check(R"(["\ude00x"])", R"(["\ufffdx"])");
    check(R"(["\uD83Dx","\uDE00\uD83D"])", R"(["\ufffdx","\ufffd\ufffd"])");
    check(R"(["\ud83d\ud83d\ude00\ude00"])", R"(["\ufffd\ud83d\ude00\ufffd"])");
    check(R"(["\ud83d\u0041","\ud83d\n"])", R"(["\ufffd\u0041","\ufffd\n"])");
    check("[\"\\ud83d\xed\xb8\x80\"]", R"(["\ufffd\ufffd\ufffd\ufffd"])");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_does_not_become_some)
{
    for (const auto* text :
         {"[\"\\\n\"]", "[\"\\x14\"]", "[\"\\u12\"]", "[\"\\ud83\"]", "[\"\\u+041\"]", "[\"a]",
          "[\"a\\\"]", "[\"\\", "[\"\\u", "\xff", "[\"a\"\x01]", "[\"a\"\u2028]", "[\"\\\u2028\"]"})
        BOOST_TEST(!parse_json(with_well_formed_strings(text)), text);
}

BOOST_AUTO_TEST_SUITE_END()
