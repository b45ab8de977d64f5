#include "net/url.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

std::string endpoint(std::string_view url)
{
    const auto found = endpoint_of(url, "80");
    return found.host + ' ' + found.port;
}

} // namespace

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(an_endpoint_is_host_and_port)
{
    BOOST_TEST(endpoint("https://api.weixin.qq.com/sns/x?a=b:c@d") == "api.weixin.qq.com 443");
    BOOST_TEST(endpoint("http://localhost") == "localhost 80");
    BOOST_TEST(endpoint("https://127.0.0.1:8443/") == "127.0.0.1 8443");
    BOOST_TEST(endpoint("https://[::1]:8443") == "[::1] 8443");
    BOOST_TEST(endpoint("https://[::1]") == "[::1] 443");
    BOOST_TEST(endpoint("proxy:3128") == "proxy 3128");
    BOOST_TEST(endpoint("http://user:word@proxy:3128") == "proxy 3128");
}

BOOST_AUTO_TEST_CASE(addresses_are_told_from_names)
{
    for (const auto* host : {"127.0.0.1", "[::1]", "203.0.113.7"})
        BOOST_TEST(is_address(host), host);
    for (const auto* host : {"localhost", "127.0.0.1.example", "1234", "api.weixin.qq.com", ""})
        BOOST_TEST(!is_address(host), host);
}

BOOST_AUTO_TEST_CASE(only_loopback_is_this_host_for_certain)
{
    for (const auto* host : {"localhost", "127.0.0.1", "127.1.2.3", "[::1]"})
        BOOST_TEST(is_loopback(host), host);
    for (const auto* host :
         {"127.0.0.1.example", "10.0.0.1", "[::2]", "localhost.example", "0.0.0.0"})
        BOOST_TEST(!is_loopback(host), host);
}

BOOST_AUTO_TEST_CASE(addresses_are_written_as_libcurl_reads_them)
{
    BOOST_TEST(resolve_entry({"api.weixin.qq.com", "443"}, {"192.0.2.1", "2001:db8::1"}) ==
               "api.weixin.qq.com:443:192.0.2.1,[2001:db8::1]");
}

BOOST_AUTO_TEST_SUITE_END()
