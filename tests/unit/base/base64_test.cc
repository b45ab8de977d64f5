#include "base/base64.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

std::string encoded(std::string_view bytes)
{
    std::string text;
    append_base64url(text, bytes);
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(base64)

BOOST_AUTO_TEST_CASE(the_examples_of_rfc_4648_without_padding)
{
    const std::pair<std::string, std::string> examples[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};
    for (const auto& [bytes, text] : examples) {
        BOOST_TEST(encoded(bytes) == text);
        BOOST_TEST(base64url_decode(text).value() == bytes);
    }
}

BOOST_AUTO_TEST_CASE(every_byte_comes_back)
{
    std::string bytes;
    for (int i = 0; i < 600; ++i) {
        BOOST_TEST(base64url_decode(encoded(bytes)).value() == bytes);
        bytes += static_cast<char>(i * 7);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_written_like_that_is_not_read)
{
    for (const std::string_view bad :
         {"Zg==", "Zg=", "Zm8=", "=", "Z", "Zm9vY", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9+", "Zm9/",
          "Zm9.", "Zm\xc3\xa9", "Zh", "Zv", "Zm9", "Zm_"})
        BOOST_TEST(!base64url_decode(bad), bad);
    BOOST_TEST(!base64url_decode(std::string_view{"Zm9v\0", 5}));
}

BOOST_AUTO_TEST_CASE(a_text_is_read_just_when_it_is_the_one_that_would_be_written)
{
    constexpr std::string_view characters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const char a : characters)
        for (const char b : characters)
            for (const auto& text : {std::string{a, b}, std::string{'x', a, b}}) {
                const auto bytes = base64url_decode(text);
                BOOST_TEST(bytes.has_value() == (bytes && encoded(*bytes) == text));
                if (text.size() == 2)
                    BOOST_TEST(bytes.has_value() == (characters.find(b) % 16 == 0));
                else
                    BOOST_TEST(bytes.has_value() == (characters.find(b) % 4 == 0));
            }
}

BOOST_AUTO_TEST_CASE(the_examples_of_rfc_4648_with_padding)
{
    const std::pair<std::string, std::string> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"},
                                                            {"\xfb\xff", "+/8="}};
    for (const auto& [bytes, text] : examples)
        BOOST_TEST(base64_decode(text).value() == bytes);
}

BOOST_AUTO_TEST_CASE(with_padding_there_is_one_text_for_the_same_bytes_too)
{
    for (const std::string_view bad : {"Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "=",
                                       "==", "====", "Z===", "Zg==Zg==", "Zm9v=", "Zm9vZg==\n",
                                       "-_8=", "Zh==", "Zm9=", "Zg= ", "Z g="})
        BOOST_TEST(!base64_decode(bad), bad);
    BOOST_TEST(!base64_decode(std::string_view{"Zm9v\0\0\0\0", 8}));
}

BOOST_AUTO_TEST_SUITE_END()
