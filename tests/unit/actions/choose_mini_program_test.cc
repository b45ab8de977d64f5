#include "actions/choose_mini_program.hh"

#include "actions/errors.hh"
#include "gateway/errors.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

Config with_apps(std::initializer_list<const char*> appids)
{
    Config config;
    for (const auto* appid : appids) {
        MiniProgram mini;
        mini.appid = appid;
        config.apps.push_back(std::make_shared<const MiniProgram>(std::move(mini)));
    }
    return config;
}

// The appid that is chosen; empty: the request is refused.
std::string chosen(const Config& config, const std::string& by_server, const std::string& query,
                   const std::string& referer)
{
    Request request;
    request.method = "GET";
    if (!by_server.empty())
        request.appid = {AppidChoice::Kind::One, by_server};
    request.query = query;
    request.referer = referer;
    try {
        return choose_mini_program(config, request, Params{request})->appid;
    } catch (const BadRequest&) {
        return {};
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(choose_mini_program)

BOOST_AUTO_TEST_CASE(the_app_is_chosen_by_server_then_parameter_then_referer_then_alone)
{
    const auto one = with_apps({"wx1"}), two = with_apps({"wx1", "wx2"});
    const std::string from_wx2 = "https://servicewechat.com/wx2/12/page-frame.html";
    const struct
    {
        const Config& config;
        std::string server, query, referer, expected;
    } table[] = {
        {one, "", "", "", "wx1"},
        {two, "", "", "", ""},
        {two, "wx2", "appid=wx1", "", "wx2"},
        {two, "wx9", "appid=wx1", "", ""},
        {two, "", "appid=wx2", "", "wx2"},
        {two, "", "appid=wx1", from_wx2, "wx1"},
        {two, "", "appid=wx9", from_wx2, ""},
        {one, "", "appid=wx9", "", ""},
        {one, "", "appid=", "", ""},
        {two, "", "", from_wx2, "wx2"},
        {two, "", "", "https://servicewechat.com/wx9/1/page-frame.html", ""},
        {one, "", "", "https://servicewechat.com/wx9/1/page-frame.html", "wx1"},
        {two, "", "", "https://evil.com/servicewechat.com/wx2/1/", ""},
        {two, "", "", "http://servicewechat.com/wx2/1/page-frame.html", ""},
        {two, "", "", "https://servicewechat.com/wx2", ""},
    };
    for (const auto& row : table)
        BOOST_TEST(chosen(row.config, row.server, row.query, row.referer) == row.expected);
}

BOOST_AUTO_TEST_CASE(a_token_is_wanted_by_whom_the_server_names_and_by_all_where_it_names_none)
{
    using enum AppidChoice::Kind;
    const auto two = with_apps({"wx1", "wx2"});
    for (const AppidChoice& choice : {AppidChoice{None, ""}, {Any, ""}, {One, "wx1"}})
        BOOST_TEST(is_wanted(two, choice, "wx1"));
    for (const AppidChoice& choice : {AppidChoice{One, "wx1"}, {One, "wx3"}, {One, "wx"}})
        BOOST_TEST(!is_wanted(two, choice, "wx2"));
    for (const AppidChoice& choice : {AppidChoice{None, ""}, {Any, ""}, {One, "wx3"}})
        BOOST_TEST(!is_wanted(two, choice, "wx3"));
}

BOOST_AUTO_TEST_CASE(a_choice_that_got_lost_is_good_for_the_only_one_and_for_nobody_of_several)
{
    const AppidChoice lost{AppidChoice::Kind::Unsaid, ""};
    BOOST_TEST(is_wanted(with_apps({"wx1"}), lost, "wx1"));
    BOOST_TEST(!is_wanted(with_apps({"wx1"}), lost, "wx2"));
    for (const char* const appid : {"wx1", "wx2"})
        BOOST_CHECK_EXCEPTION(is_wanted(with_apps({"wx1", "wx2"}), lost, appid), Undecided,
                              [](const Undecided& error) {
                                  return error.advice.find("onlogin-auth/APPID") !=
                                         std::string::npos;
                              });
}

BOOST_AUTO_TEST_CASE(two_choices_at_once_are_none)
{
    const AppidChoice both{AppidChoice::Kind::Contradiction, "wx2"};
    BOOST_CHECK_THROW(is_wanted(with_apps({"wx2"}), both, "wx2"), Undecided);
    Request request;
    request.appid = both;
    BOOST_CHECK_THROW(onlogin::choose_mini_program(with_apps({"wx2"}), request, Params{request}),
                      BadRequest);
}

BOOST_AUTO_TEST_SUITE_END()
