#include "base/language.hh"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace onlogin;

namespace {

// Chinese for as long as it lives.
struct InChinese
{
    InChinese() { speak(Language::Chinese); }
    InChinese(const InChinese&) = delete;
    InChinese& operator=(const InChinese&) = delete;
    ~InChinese() { speak(Language::English); }
};

// These variables alone, of those that gettext reads, for as long as it lives.
class Environment
{
public:
    explicit Environment(const std::vector<std::pair<const char*, const char*>>& variables)
    {
        for (const auto* name : names) {
            const char* const value = getenv(name);
            before_.emplace_back(name, value ? std::optional<std::string>{value} : std::nullopt);
            unsetenv(name);
        }
        for (const auto& [name, value] : variables)
            setenv(name, value, 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment()
    {
        for (const auto& [name, value] : before_)
            value ? setenv(name, value->c_str(), 1) : unsetenv(name);
    }

private:
    static constexpr const char* names[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};
    std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(language)

BOOST_AUTO_TEST_CASE(what_is_put_into_a_place_is_not_searched_for_places)
{
    BOOST_TEST(translate("{a}{b} and {a}", {{"a", "{b}"}, {"b", "{a}"}}) == "{b}{a} and {b}");
}

BOOST_AUTO_TEST_CASE(a_brace_that_is_no_place_stays)
{
    BOOST_TEST(translate("{", {{"a", "x"}}) == "{");
    BOOST_TEST(translate("}{a}{", {{"a", "x"}}) == "}x{");
    BOOST_TEST(translate("{ {a} {b}", {{"a", "x"}}) == "{ x {b}");
    BOOST_TEST(translate("", {}) == "");
}

BOOST_AUTO_TEST_CASE(english_has_a_singular)
{
    BOOST_TEST(translate_plural("{count} {what}", "{count} {what}s", 1, {{"what", "login"}}) ==
               "1 login");
    BOOST_TEST(translate_plural("{count} {what}", "{count} {what}s", 0, {{"what", "login"}}) ==
               "0 logins");
}

BOOST_AUTO_TEST_CASE(a_phrase_is_english_for_programs_and_chinese_for_people)
{
    const InChinese chinese;
    const auto said = phrase("the parameter {name} is empty", {{"name", "code"}});
    BOOST_TEST(said.english == "the parameter code is empty");
    BOOST_TEST(said.spoken == "参数 code 是空的");
    BOOST_TEST(translate("{what} is empty", {{"what", phrase("the body")}}) == "请求体是空的");
    BOOST_TEST(translate("in no catalogue: {x}", {{"x", "1"}}) == "in no catalogue: 1");
    BOOST_TEST(translate("") == "");
}

BOOST_AUTO_TEST_CASE(it_is_english_again_when_it_is_told_to)
{
    {
        const InChinese chinese;
    }
    BOOST_TEST(translate("WeChat is busy") == "WeChat is busy");
}

BOOST_AUTO_TEST_CASE(the_environment_is_read_as_gettext_reads_it)
{
    using enum Language;
    const std::pair<std::vector<std::pair<const char*, const char*>>, Language> table[] = {
        {{}, English},
        {{{"LANG", "zh_CN.UTF-8"}}, Chinese},
        {{{"LANG", "en_US.UTF-8"}}, English},
        {{{"LANG", "zh_CN.UTF-8"}, {"LC_MESSAGES", "en_US.UTF-8"}}, English},
        {{{"LANG", "en_US.UTF-8"}, {"LC_ALL", "zh_TW"}}, Chinese},
        {{{"LANG", "en_US.UTF-8"}, {"LANGUAGE", "zh_CN:en"}}, Chinese},
        {{{"LANG", "C"}, {"LANGUAGE", "zh_CN"}}, English},
        {{{"LANG", "zh_CN.UTF-8"}, {"LC_ALL", ""}}, Chinese},
        {{{"LANG", "zh_CN.UTF-8"}, {"LC_ALL", "C"}}, English},
    };
    for (const auto& [variables, expected] : table) {
        const Environment environment{variables};
        BOOST_TEST((language_of_environment() == expected));
    }
}

BOOST_AUTO_TEST_SUITE_END()
