#include "gateway/request.hh"

#include <boost/test/unit_test.hpp>
#include <map>
#include <vector>

using namespace onlogin;

namespace {

Variables variables(std::multimap<std::string, std::string, std::less<>> values)
{
    return {[values = std::move(values)](std::string_view name, std::size_t before) {
        auto [found, end] = values.equal_range(name);
        while (found != end && before-- > 0)
            ++found;
        return found == end ? std::optional<std::string_view>{}
                            : std::optional<std::string_view>{found->second};
    }};
}

Request with_length(const std::string& length, const std::string& body)
{
    Request request;
    request.body = body;
    check_length(request, variables({{"CONTENT_LENGTH", length}}), 10);
    return request;
}

} // namespace

BOOST_AUTO_TEST_SUITE(request)

BOOST_AUTO_TEST_CASE(the_path_is_script_name_and_path_info)
{
    const auto request =
        read_variables(variables({{"SCRIPT_NAME", "/onLogin"}, {"PATH_INFO", "/health"}}));
    BOOST_TEST(request.path == "/onLogin/health");
}

BOOST_AUTO_TEST_CASE(what_clients_send_cannot_choose_action_or_app)
{
    const auto request =
        read_variables(variables({{"HTTP_ONLOGIN_ACTION", "auth"}, {"HTTP_ONLOGIN_APPID", "wx"}}));
    BOOST_TEST(request.action == "");
    BOOST_TEST(!!(request.appid.kind == AppidChoice::Kind::None));
}

BOOST_AUTO_TEST_CASE(of_several_choices_the_narrowest_counts_and_two_narrow_ones_none)
{
    using enum AppidChoice::Kind;
    const struct
    {
        std::vector<std::string> sent;
        AppidChoice::Kind kind;
        std::string appid;
    } table[] = {
        {{}, None, ""},
        {{""}, Unsaid, ""},
        {{"any"}, Any, ""},
        {{"", "any"}, Any, ""},
        {{"wx1"}, One, "wx1"},
        {{"", "wx1"}, One, "wx1"},
        {{"wx1", ""}, One, "wx1"},
        {{"any", "wx1", "any"}, One, "wx1"},
        {{"wx1", "wx1"}, One, "wx1"},
        {{"wx1", "wx2"}, Contradiction, "wx2"},
        {{"wx1", "", "wx2", "wx2", "any"}, Contradiction, "wx2"},
    };
    for (const auto& row : table) {
        std::multimap<std::string, std::string, std::less<>> sent;
        for (const auto& value : row.sent)
            sent.emplace("ONLOGIN_APPID", value);
        const auto choice = read_variables(variables(sent)).appid;
        BOOST_TEST_CONTEXT(row.sent.size() << " values, appid " << row.appid)
        {
            BOOST_TEST(!!(choice.kind == row.kind));
            BOOST_TEST(choice.appid == row.appid);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_request_without_an_id_gets_one_of_its_own)
{
    BOOST_TEST(read_variables(variables({{"REQUEST_ID", "abc"}})).id == "abc");
    const auto one = read_variables(variables({})).id, other = read_variables(variables({})).id;
    BOOST_TEST(one.size() == 16);
    BOOST_TEST(one != other);
}

BOOST_AUTO_TEST_CASE(a_token_comes_in_either_header)
{
    const auto token = [](std::multimap<std::string, std::string, std::less<>> values) {
        return read_variables(variables(std::move(values))).token.reveal();
    };
    const std::string bearer = "HTTP_AUTHORIZATION", skey = "HTTP_X_WX_SKEY";
    BOOST_TEST(token({}) == "");
    BOOST_TEST(token({{bearer, "Bearer abc"}}) == "abc");
    BOOST_TEST(token({{bearer, "bEARER  abc"}}) == "abc");
    BOOST_TEST(token({{skey, "abc"}}) == "abc");
    BOOST_TEST(token({{bearer, ""}, {skey, "abc"}}) == "abc");
    BOOST_TEST(token({{bearer, "Basic abc"}, {skey, "x"}}) == "x");
    BOOST_TEST(token({{bearer, "Bearer abc"}, {skey, "abc"}}) == "abc");
    for (const auto* odd : {"Bearer", "Bearer ", "Bearerabc", "Bearer\tabc", "abc", " Bearer abc",
                            "bearez abc", "BEARE\x12 abc"})
        BOOST_TEST(token({{bearer, odd}}) == "", odd);
}

BOOST_AUTO_TEST_CASE(there_is_no_token_where_there_may_be_two)
{
    const auto token = [](std::multimap<std::string, std::string, std::less<>> values) {
        return read_variables(variables(std::move(values))).token.reveal();
    };
    const std::string bearer = "HTTP_AUTHORIZATION", skey = "HTTP_X_WX_SKEY";
    BOOST_TEST(token({{bearer, "Bearer abc"}, {skey, "abd"}}) == "");
    BOOST_TEST(token({{bearer, "Bearer abc"}, {bearer, "Bearer abc"}}) == "");
    BOOST_TEST(token({{bearer, ""}, {bearer, "Bearer abc"}}) == "");
    BOOST_TEST(token({{skey, "abc"}, {skey, ""}}) == "");
    BOOST_TEST(token({{skey, "abc"}, {bearer, "x"}, {bearer, "y"}}) == "");
    BOOST_TEST(token({{skey, std::string(8193, 'a')}}) == "");
}

BOOST_AUTO_TEST_CASE(the_length_of_a_body_must_be_the_announced_one)
{
    for (const auto* length : {"3", "", "-1", "003"})
        BOOST_TEST(!with_length(length, "abc").body_mismatch, length);
    for (const auto* length : {"2", "4", "x", "3x", "+3", " 3", "-2", "3.0", "0x3"})
        BOOST_TEST(with_length(length, "abc").body_mismatch, length);
}

BOOST_AUTO_TEST_CASE(an_announced_length_over_the_limit_is_too_large)
{
    BOOST_TEST(!with_length("10", "0123456789").body_too_large);
    BOOST_TEST(with_length("11", "").body_too_large);
    BOOST_TEST(with_length("99999999999999999999999", "").body_too_large);
}

BOOST_AUTO_TEST_SUITE_END()
