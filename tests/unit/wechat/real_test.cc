#include "wechat/real.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

MiniProgram mini_program(const std::string& url)
{
    MiniProgram app;
    app.appid = "wx1";
    app.url = url;
    return app;
}

} // namespace

BOOST_AUTO_TEST_SUITE(real)

BOOST_AUTO_TEST_CASE(users_cannot_log_in_where_the_url_leads_to_this_host)
{
    const Config config;
    for (const auto* url : {"https://localhost:8443", "http://127.0.0.1:8080/x", "https://[::1]:1",
                            "https://LOCALHOST", "http://127.1.2.3"})
        BOOST_TEST(unreal(config, mini_program(url)) ==
                       "real users cannot log in: " + std::string{url} +
                           " leads to this host, unless what listens there hands requests on to "
                           "WeChat",
                   url);
    for (const auto* url :
         {"https://api.weixin.qq.com", "https://api.q.qq.com", "https://10.0.0.1", "https://[::2]"})
        BOOST_TEST(unreal(config, mini_program(url)) == "", url);
}

BOOST_AUTO_TEST_CASE(nor_where_a_name_of_wechats_does)
{
    Config config;
    const auto app = mini_program("https://api.weixin.qq.com");
    BOOST_TEST(unreal(config, app, "127.0.0.1") != "");
    BOOST_TEST(unreal(config, app, "::1") != "");
    BOOST_TEST(unreal(config, app, "203.0.113.7") == "");
    config.wechat.proxy = "http://127.0.0.1:3128"; // the address is the proxy's
    BOOST_TEST(unreal(config, app, "127.0.0.1") == "");
}

BOOST_AUTO_TEST_CASE(nor_with_the_authority_of_the_fake)
{
    Config config;
    config.wechat.fake_ca = true;
    config.apps = {std::make_shared<const MiniProgram>(mini_program("https://10.0.0.1")),
                   std::make_shared<const MiniProgram>(mini_program("https://10.0.0.2"))};
    BOOST_REQUIRE_EQUAL(unreal(config).size(), 1U);
    BOOST_TEST(unreal(config)[0].find("onlogin-fake-wechat") != std::string::npos);
    BOOST_TEST(names_fake("CN = onlogin-fake-wechat, made for one run"));
    BOOST_TEST(!names_fake("CN = DigiCert"));
}

BOOST_AUTO_TEST_SUITE_END()
