#include "actions/choose_mini_program.hh"

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
    request.appid = by_server;
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

BOOST_AUTO_TEST_SUITE_END()
