#include "base/json.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(numbers_are_those_of_rfc_8259)
{
    for (const std::string good :
         {"0", "-0", "10", "-1", "1.0", "0.10", "-0.5", "1e5", "1E+5", "0e-5", "1.5e10",
          "18446744073709551615", "123456789012345678901234567890"}) {
        BOOST_TEST(parse_json(good).has_value(), good);
        BOOST_TEST(parse_json("[" + good + ",0]").has_value(), good);
        BOOST_TEST(parse_json("{\"a\":" + good + "}").has_value(), good);
    }
    for (const std::string bad : {"01", "-01", "00", "-", "+1", "1.", ".5", "1.e3", "1e", "1e+",
                                  "--1", "-a", "1-2", "1+2", "0x10", "1..2", "-+1", "1 2"}) {
        BOOST_TEST(!parse_json(bad), bad);
        BOOST_TEST(!parse_json("[" + bad + "]"), bad);
        BOOST_TEST(!parse_json("{\"a\":" + bad + ",\"b\":1}"), bad);
    }
}

BOOST_AUTO_TEST_CASE(a_number_beyond_those_of_a_double_is_the_largest)
{
    const std::string digits(400, '9');
    const auto list = parse_json("[1e309,-1e400, " + digits + ",-" + digits + ".5,1,1e-400,0e999]");
    BOOST_TEST(list.has_value());
    for (Json::ArrayIndex i = 0; i < 4; ++i) {
        BOOST_TEST((*list)[i].type() == Json::realValue);
        BOOST_TEST((*list)[i].asDouble() == (i % 2 ? -1 : 1) * 1.7976931348623157e308);
    }
    BOOST_TEST((*list)[4].asInt() == 1);
    BOOST_TEST((*list)[5].asDouble() == 0);
    BOOST_TEST((*list)[6].asDouble() == 0);
}

BOOST_AUTO_TEST_CASE(in_strings_they_may_be_anything)
{
    BOOST_TEST(parse_json(R"({"01":"+1","a":"1. - \" 01 /*","b":"\\"})").has_value());
}

BOOST_AUTO_TEST_CASE(nothing_stands_outside_of_strings_but_json)
{
    for (const std::string_view bad :
         {std::string_view{"\xef\xbb\xbf{}"}, std::string_view{"{}\xc2\xa0"},
          std::string_view{"{}\0", 3}, std::string_view{"{}//"}, std::string_view{"{}\v"},
          std::string_view{"{\"a\":\"\n\"}"}})
        BOOST_TEST(!parse_json(bad), bad);
    BOOST_TEST(parse_json("\r\n\t {} \r\n\t").has_value());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_has_a_name)
{
    const auto is = [](const std::string& text, JsonFault fault) {
        BOOST_TEST(!parse_json(text), text);
        BOOST_TEST((json_fault(text) == fault), text);
    };
    for (const auto* text : {"{}x", "{}{}", "[1]]", "{\"a\":\"}\"} //", "{\"a\":[{}]}}"})
        is(text, JsonFault::MoreBehind);
    is(std::string("{}\0", 3), JsonFault::MoreBehind);
    is(std::string(40, '[') + std::string(40, ']'), JsonFault::TooDeep);
    is(std::string(5000, '['), JsonFault::TooDeep);
    is(R"({"a":1,"a":2})", JsonFault::TwiceNamed);
    is(R"({"x":[{"a":1,"\u0061":2}]})", JsonFault::TwiceNamed);
    for (const auto* text : {"", "x", "{", "}", "{\"a\":}", "{\"a\":\"Duplicate key: 'b'",
                             "{'a':1}", "{\"a\":01}", "{\"a\":\"\\x\"}", "{\"a\":\"\n\"}"})
        is(text, JsonFault::NotJson);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_utf8_whatever_it_holds)
{
    Json::Value value;
    value["a\xff"] = "\xed\xb0\x80\u2028\x01 \u4f60";
    BOOST_TEST(write_json(value) ==
               "{\"a\\ufffd\":\"\\ufffd\\ufffd\\ufffd\\u2028\\u0001 \u4f60\"}");
}

BOOST_AUTO_TEST_SUITE_END()
