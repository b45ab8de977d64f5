#include "store/address.hh"

#include "base/errors.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;
using Kind = StoreAddress::Kind;

namespace {

std::string complaint(const std::string& value)
{
    try {
        parse_store_address(value, "/etc/onlogin");
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(store_address)

BOOST_AUTO_TEST_CASE(a_file_is_looked_for_beside_the_configuration)
{
    const auto address = parse_store_address("sqlite:state/../revocations.db", "/etc/onlogin");
    BOOST_TEST((address.kind == Kind::Sqlite));
    BOOST_TEST(address.path == "/etc/onlogin/revocations.db");
    BOOST_TEST(parse_store_address("sqlite:/x/y.db", "/etc").path == "/x/y.db");
    BOOST_TEST((parse_store_address("off", "").kind == Kind::Off));
}

BOOST_AUTO_TEST_CASE(a_server_has_a_port_and_a_database)
{
    const auto plain = parse_store_address("redis://cache.example", "");
    BOOST_TEST((plain.kind == Kind::Redis && !plain.tls && plain.db == 0));
    BOOST_TEST(plain.endpoint.host == "cache.example");
    BOOST_TEST(plain.endpoint.port == "6379");
    BOOST_TEST(plain.password.empty());

    const auto full = parse_store_address(
        "rediss://us%40er:p%3Aa+ss@[::1]:6380/12?ca_file=ca.pem&cert_file=/c&key_file=k", "/etc");
    BOOST_TEST((full.tls && full.db == 12));
    BOOST_TEST(full.endpoint.host == "[::1]");
    BOOST_TEST(full.endpoint.port == "6380");
    BOOST_TEST(full.user == "us@er");
    BOOST_TEST(full.password.reveal() == "p:a+ss");
    BOOST_TEST(full.ca_file == "/etc/ca.pem");
    BOOST_TEST(full.cert_file == "/c");
    BOOST_TEST(full.key_file == "/etc/k");
    BOOST_TEST(full.shown == "rediss://[::1]:6380/12");

    const auto local = parse_store_address("redis+unix://:word@/run/redis.sock?db=3", "");
    BOOST_TEST(local.path == "/run/redis.sock");
    BOOST_TEST(local.user.empty());
    BOOST_TEST(local.password.reveal() == "word");
    BOOST_TEST(local.shown == "redis+unix:///run/redis.sock?db=3");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_without_the_password)
{
    const std::string forms = "must be \"off\", sqlite:PATH, redis://HOST:PORT/DB, "
                              "rediss://HOST:PORT/DB or redis+unix:///PATH";
    const std::pair<std::string, std::string> table[] = {
        {"", forms},
        {"Off", forms},
        {"/var/lib/x.db", forms},
        {"http://host", forms},
        {"sqlite:", "sqlite:PATH needs a path"},
        {"sqlite:/var/lib/", "sqlite:PATH needs a path"},
        {"redis://", "must name a host and, if it is not 6379, a port: redis://HOST:PORT"},
        {"redis://h:0", "must name a host and, if it is not 6379, a port: redis://HOST:PORT"},
        {"redis://h:65536", "must name a host and, if it is not 6379, a port: redis://HOST:PORT"},
        {"redis://a b", "must name a host and, if it is not 6379, a port: redis://HOST:PORT"},
        {"redis://h/x", "the database must be a number, as 0 in redis://HOST:PORT/0"},
        {"redis://h/-1", "the database must be a number, as 0 in redis://HOST:PORT/0"},
        {"redis://hidden@h", "before the @ must stand USER:PASSWORD, or :PASSWORD"},
        {"redis://user:@h", "before the @ must stand USER:PASSWORD, or :PASSWORD"},
        {"redis://:hid%xen@h", "% must be followed by two hexadecimal digits: write a % as %25"},
        {"redis://:a?b@h", "a ? in user or password must be written %3F"},
        {"redis://u?:p@h/1?db=2", "a ? in user or password must be written %3F"},
        {"redis://:a@b?c@h", "a ? in user or password must be written %3F"},
        {"redis+unix://:?@/run/redis.sock", "a ? in user or password must be written %3F"},
        {"redis://h?ca_file=/x", "what follows the ? must be db; files are for rediss://"},
        {"rediss://h?cafile=/x", "what follows the ? must be db, ca_file, cert_file or key_file"},
        {"rediss://h?ca_file=", "ca_file, cert_file and key_file need a path"},
        {"rediss://h?cert_file=/x", "cert_file and key_file go together"},
        {"redis+unix://run/redis.sock",
         "redis+unix:// needs an absolute path: redis+unix:///run/redis.sock"},
        {"redis+unix:///" + std::string(120, 'x'),
         "the path of a unix socket has at most 107 bytes"},
    };
    for (const auto& [value, expected] : table)
        BOOST_TEST(complaint(value) == expected, value << ": " << complaint(value));
}

BOOST_AUTO_TEST_SUITE_END()
