#include "base/json_trouble.hh"

#include "base/json.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

std::string fault_of(std::string_view text)
{
    const auto fault = find_json_trouble(text);
    return fault ? in_words(untranslated("it"), *fault, text).english.substr(3) : "none";
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_trouble)

BOOST_AUTO_TEST_CASE(a_fault_is_told_in_words)
{
    BOOST_TEST(fault_of("") == "is empty");
    BOOST_TEST(fault_of(" \r\n") == "is empty");
    BOOST_TEST(fault_of("{\"a\":1") == "is JSON that breaks off: more is expected at its end");
    BOOST_TEST(fault_of("\"abc") == "is JSON that breaks off: more is expected at its end");
    BOOST_TEST(fault_of("{} x") == "goes on where its JSON has ended, at character 4");
    BOOST_TEST(fault_of("{\"小\":x}") == "is not JSON: something else is expected at character 6");
    BOOST_TEST(fault_of("{\"a\":1,}") == "is not JSON: something else is expected at character 8");
    BOOST_TEST(fault_of("{'a':1}") == "is not JSON: something else is expected at character 2");
    BOOST_TEST(fault_of("{\"nick\":1,\"x\":{\"nick\":1},\"ni\\u0063k\":2}") ==
               "has the member nick twice");
    BOOST_TEST(fault_of("{\"13800138000\":1,\"13800138000\":1}") == "has a member twice");
}

BOOST_AUTO_TEST_CASE(there_is_a_fault_where_the_parser_finds_no_json_and_nowhere_else)
{
    const std::string deep(31, '['), deeper(32, '[');
    for (const std::string& text : {std::string{"01"},
                                    std::string{"-"},
                                    std::string{"1."},
                                    std::string{"+1"},
                                    std::string{"1e"},
                                    std::string{"tru"},
                                    std::string{"nul"},
                                    std::string{"NaN"},
                                    std::string{"\"\\q\""},
                                    std::string{"\"\\u12g4\""},
                                    std::string{"\"\\u12"},
                                    std::string{"{\"a\" 1}"},
                                    std::string{"{1:2}"},
                                    std::string{"[1 2]"},
                                    std::string{"{} //"},
                                    std::string{"/**/{}"},
                                    std::string{"{}{}"},
                                    std::string{"\xef\xbb\xbf{}"},
                                    std::string{"{}\0", 3},
                                    std::string{"[\"\n\"]"},
                                    std::string{"{\"a\":1e999}"},
                                    std::string{"[1E400]"},
                                    std::string(400, '9'),
                                    std::string{"true"},
                                    std::string{"[[],{}]"},
                                    deep + "1" + std::string(31, ']'),
                                    deep + "[]" + std::string(31, ']'),
                                    deeper + "1" + std::string(32, ']'),
                                    deeper + "[]" + std::string(32, ']'),
                                    std::string(300, '{')})
        BOOST_TEST(parse_json(text).has_value() == (fault_of(text) == "none"), text);
}

BOOST_AUTO_TEST_SUITE_END()
