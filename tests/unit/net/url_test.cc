#include "net/url.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

std::string shown(const std::optional<Url>& url)
{
    return url ? url->endpoint.host + ' ' + url->endpoint.port : "none";
}

} // namespace

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(a_url_names_host_and_port)
{
    BOOST_TEST(shown(read_url("https://api.weixin.qq.com/sns/x?a=b:c@d")) ==
               "api.weixin.qq.com 443");
    BOOST_TEST(shown(read_url("http://localhost")) == "localhost 80");
    BOOST_TEST(shown(read_url("https://127.0.0.1:8443/")) == "127.0.0.1 8443");
    BOOST_TEST(shown(read_url("https://[::1]:8443")) == "[::1] 8443");
    BOOST_TEST(shown(read_url("https://[::1]")) == "[::1] 443");
}

BOOST_AUTO_TEST_CASE(an_address_in_another_spelling_is_what_libcurl_connects_to)
{
    for (const auto* host : {"0x7f.1", "2130706433", "017700000001", "127.1", "%31%32%37.0.0.1"}) {
        const auto url = read_url(std::string{"http://"} + host + ":81/base");
        BOOST_TEST(shown(url) == "127.0.0.1 81", host);
        BOOST_TEST(url->text == "http://127.0.0.1:81/base", host);
    }
    BOOST_TEST(shown(read_url("https://[0:0:0:0:0:0:0:1]")) == "[::1] 443");
    BOOST_TEST(shown(read_url("HTTPS://API.weixin.QQ.com:08443")) == "API.weixin.QQ.com 8443");
    BOOST_TEST(read_url("HTTPS://localhost")->text == "https://localhost/");
}

BOOST_AUTO_TEST_CASE(a_url_tells_what_else_it_holds)
{
    const auto bare = read_url("https://host?");
    BOOST_TEST(!bare->has_user);
    BOOST_TEST(!bare->has_more);
    BOOST_TEST(bare->path == "/");
    BOOST_TEST(read_url("https://user@host")->has_user);
    BOOST_TEST(read_url("https://:word@host")->has_user);
    BOOST_TEST(read_url("https://host?query")->has_more);
    BOOST_TEST(read_url("https://host/#fragment")->has_more);
    BOOST_TEST(read_url("https://host/a/../base/")->path == "/base/");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_connected_to_is_no_url)
{
    for (const auto* text : {"",
                             "host",
                             "https:",
                             "https://",
                             "https://user@",
                             "https://:443",
                             "https://host:0",
                             "https://host:65536",
                             "https://host:+1",
                             "https://ho st",
                             " https://host",
                             "https://a..b",
                             "https://.a",
                             "https://a,b",
                             "https://a\\b",
                             "https://[::1",
                             "https://[zz]",
                             "https://%00",
                             "https://host%2Fpath",
                             "https://m\xc3\xbcnchen.example",
                             "https//host"})
        BOOST_TEST(!read_url(text), text);
}

BOOST_AUTO_TEST_CASE(a_proxy_has_a_port_of_its_own)
{
    BOOST_TEST(shown(read_proxy_url("http://proxy")) == "proxy 1080");
    BOOST_TEST(shown(read_proxy_url("https://proxy")) == "proxy 443");
    BOOST_TEST(shown(read_proxy_url("SOCKS5H://proxy")) == "proxy 1080");
    BOOST_TEST(read_proxy_url("SOCKS5H://proxy")->scheme == "socks5h");
    BOOST_TEST(shown(read_proxy_url("http://user:word@proxy:3128")) == "proxy 3128");
}

BOOST_AUTO_TEST_CASE(a_password_that_libcurl_would_misread_is_refused)
{
    for (const auto* word : {"p@ss", "p/ss", "p?ss", "p#ss", "p ss", "p%0Ass", "p%00"})
        BOOST_TEST(!read_proxy_url(std::string{"http://user:"} + word + "@proxy:3128"), word);
    for (const auto* word : {"p%40ss", "p:ss", "p%2Fss", "p;ss", "100%", ""})
        BOOST_TEST(shown(read_proxy_url(std::string{"http://user:"} + word + "@proxy:3128")) ==
                       "proxy 3128",
                   word);
}

BOOST_AUTO_TEST_CASE(an_endpoint_is_host_and_port)
{
    const auto endpoint = [](std::string_view text) {
        const auto found = read_endpoint(text, "6379");
        return found.host + ' ' + found.port;
    };
    BOOST_TEST(endpoint("cache.example") == "cache.example 6379");
    BOOST_TEST(endpoint("cache.example:6380") == "cache.example 6380");
    BOOST_TEST(endpoint("[::1]") == "[::1] 6379");
    BOOST_TEST(endpoint("[::1]:6380") == "[::1] 6380");
}

BOOST_AUTO_TEST_CASE(addresses_are_told_from_names)
{
    for (const auto* host : {"127.0.0.1", "[::1]", "203.0.113.7"})
        BOOST_TEST(is_address(host), host);
    for (const auto* host : {"localhost", "127.0.0.1.example", "1234", "api.weixin.qq.com", ""})
        BOOST_TEST(!is_address(host), host);
}

BOOST_AUTO_TEST_CASE(an_address_has_one_canonical_spelling)
{
    const auto canonical = [](const char* host) { return canonical_address(host).value_or("-"); };
    for (const auto* host : {"10.0.0.1", "10.1", "0xa.1", "167772161", "[::ffff:10.0.0.1]"})
        BOOST_TEST(canonical(host) == "10.0.0.1", host);
    for (const auto* host : {"[2001:db8::1]", "[2001:DB8:0:0::0001]"})
        BOOST_TEST(canonical(host) == "[2001:db8::1]", host);
    BOOST_TEST(canonical("0") == "0.0.0.0");
    BOOST_TEST(canonical("[::]") == "[::]");
    for (const auto* host :
         {"", "[]", "[", "localhost", "10.0.0.1.example", "10.0.0.1 ", "[10.0.0.1]", "*", "::1"})
        BOOST_TEST(canonical(host) == "-", host);
}

BOOST_AUTO_TEST_CASE(only_loopback_is_this_host_for_certain)
{
    for (const auto* host :
         {"localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]", "127.1", "0x7f.1",
          "2130706433", "0177.0.0.1", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"})
        BOOST_TEST(is_loopback(host), host);
    for (const auto* host :
         {"127.0.0.1.example", "10.0.0.1", "[::2]", "localhost.example", "0.0.0.0", "0", "*",
          "[::]", "[::ffff:10.0.0.1]", "127.0.0.1 ", "127", "127.", "::1", ""})
        BOOST_TEST(!is_loopback(host), host);
}

BOOST_AUTO_TEST_CASE(addresses_are_written_as_libcurl_reads_them)
{
    BOOST_TEST(resolve_entry({"api.weixin.qq.com", "443"}, {"192.0.2.1", "2001:db8::1"}) ==
               "api.weixin.qq.com:443:192.0.2.1,[2001:db8::1]");
}

BOOST_AUTO_TEST_SUITE_END()
