#include "base/catalogue.hh"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace onlogin;
using namespace std::string_literals;

namespace {

std::string number(std::uint32_t value)
{
    std::string bytes;
    for (int i = 0; i < 4; ++i, value >>= 8)
        bytes += static_cast<char>(value & 0xff);
    return bytes;
}

// As msgfmt writes it: heading, two tables of (length, offset), the texts, each with a NUL behind
// it.
std::string compiled(const std::vector<std::pair<std::string, std::string>>& texts)
{
    const auto count = static_cast<std::uint32_t>(texts.size());
    const std::uint32_t tables = 28;
    std::uint32_t offset = tables + 16 * count;
    std::string originals;
    std::string translations;
    std::string all;
    const auto put = [&](std::string& table, const std::string& text) {
        table += number(static_cast<std::uint32_t>(text.size())) + number(offset);
        all += text + '\0';
        offset += static_cast<std::uint32_t>(text.size()) + 1;
    };
    for (const auto& [english, translation] : texts) {
        put(originals, english);
        put(translations, translation);
    }
    return number(0x950412de) + number(0) + number(count) + number(tables) +
           number(tables + 8 * count) + number(0) + number(0) + originals + translations + all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(catalogue)

BOOST_AUTO_TEST_CASE(a_text_that_it_has_is_found_and_no_other)
{
    const auto read = Catalogue::parse(compiled({{"", "the heading"}, {"a", "甲"}, {"b", "乙"}}));
    BOOST_REQUIRE(read);
    BOOST_TEST(read->find("a").value() == "甲");
    BOOST_TEST(read->find("b").value() == "乙");
    BOOST_TEST(!read->find("c"));
    BOOST_TEST(!read->find(""));
}

BOOST_AUTO_TEST_CASE(of_several_forms_the_first_counts)
{
    const auto read = Catalogue::parse(compiled({{"{count} day\0{count} days"s, "{count} 天"}}));
    BOOST_REQUIRE(read);
    BOOST_TEST(read->find("{count} day").value() == "{count} 天");
    BOOST_TEST(!read->find("{count} days"));
}

BOOST_AUTO_TEST_CASE(it_can_move)
{
    auto read = Catalogue::parse(compiled({{"a", "甲"}}));
    BOOST_REQUIRE(read);
    const Catalogue moved{std::move(*read)};
    BOOST_TEST(moved.find("a").value() == "甲");
}

BOOST_AUTO_TEST_CASE(what_is_none_or_cut_off_is_not_read)
{
    BOOST_TEST(!Catalogue::parse(""));
    BOOST_TEST(!Catalogue::parse("msgid \"a\"\nmsgstr \"b\"\n, and so on, for some more bytes"));
    const auto whole = compiled({{"a", "甲"}, {"b", "乙"}});
    // The last byte is the NUL behind the last text, which nobody needs.
    for (std::size_t length = 0; length < whole.size() - 1; ++length)
        BOOST_TEST(!Catalogue::parse(whole.substr(0, length)), "cut after " << length);
    auto wrong = whole;
    for (std::size_t at = 8; at < 20; ++at) {
        wrong[at] = '\xff';
        BOOST_TEST(!Catalogue::parse(wrong), "a wrong byte at " << at);
        wrong[at] = whole[at];
    }
}

BOOST_AUTO_TEST_SUITE_END()
