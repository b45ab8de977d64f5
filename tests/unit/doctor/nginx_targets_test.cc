#include "doctor/nginx_site.hh"
#include "doctor/nginx_targets.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

std::vector<Directive> parse(const std::string& text)
{
    return parse_nginx_config("# configuration file /etc/nginx/nginx.conf:\n" + text + "\n");
}

// How clients come to a site for backends that listens at `listen`, from a server with `lines`;
// `beside` stands beside both.
std::string ways(const std::string& listen, const std::string& lines,
                 const std::string& beside = "", const std::string& outermost = "")
{
    const auto main =
        parse("http { " + beside + " server { listen " + listen +
              "; location /onlogin/sign { fastcgi_pass unix:/run/onlogin/onlogin.sock; "
              "fastcgi_param ONLOGIN_ACTION sign; } } server { listen 443 ssl; " +
              lines + " } } " + outermost);
    std::string found;
    for (const auto& location : our_locations(main))
        for (const auto& way : ways_from_outside(location.at.server, main))
            found +=
                (found.empty() ? "" : " ") + way.from.name + (way.reach == Reach::Yes ? "" : "?");
    return found;
}

std::string passing(const std::string& target, const std::string& listen = "127.0.0.1:8085")
{
    return ways(listen, "location / { proxy_pass " + target + "; }");
}

} // namespace

BOOST_AUTO_TEST_SUITE(nginx_targets)

BOOST_AUTO_TEST_CASE(a_place_is_known_in_every_spelling)
{
    for (const auto* target :
         {"http://127.0.0.1:8085", "HTTP://127.0.0.1:8085/", "http://127.0.0.1:8085$request_uri",
          "http://127.0.0.1:8085$uri?$args", "http://127.0.0.1:8085$uri$is_args$args",
          "http://127.0.0.1:8085?x", "http://127.0.0.1:8085/wxa?x=$arg_x",
          "http://127.0.0.1:8085$1", "http://127.1:8085", "http://0x7f.1:8085",
          "http://2130706433:8085", "http://0:8085", "http://0.0.0.0:8085",
          "http://[::ffff:127.0.0.1]:8085", "http://[::]:8085", "http://localhost:8085",
          "http://LocalHost:8085/", "$scheme://127.0.0.1:8085"})
        BOOST_TEST(passing(target) == "location", target);
    for (const auto* target :
         {"http://127.0.0.1", "http://127.0.0.1:80", "http://127.0.0.1:80855",
          "http://10.0.0.1:8085", "http://127.0.0.2:8085", "http://unix:/run/api.sock",
          "http://127.0.0.1:3000$1", "http://127.0.0.1:9$1", "http://app.example/127.0.0.1:8085",
          "http://app?127.0.0.1:8085"})
        BOOST_TEST(passing(target) == "", target);
}

BOOST_AUTO_TEST_CASE(ports_and_sockets_have_their_defaults_and_spellings)
{
    BOOST_TEST(passing("http://127.0.0.1", "127.0.0.1") == "location");
    BOOST_TEST(passing("http://127.0.0.1$request_uri", "127.0.0.1:80") == "location");
    BOOST_TEST(passing("https://127.0.0.1/", "127.0.0.1:443 ssl") == "location");
    BOOST_TEST(passing("http://[::1]:8085", "[::1]:8085") == "location");
    BOOST_TEST(passing("http://[0:0::1]:8085/x", "[::1]:8085") == "location");
    BOOST_TEST(passing("http://127.0.0.1:8085", "localhost:8085") == "location");
    BOOST_TEST(passing("http://127.0.0.1:8085", "127.1:8085") == "location");
    for (const auto* target : {"http://unix:/run/api/s.sock", "http://unix:/run/api/s.sock:/wxa/",
                               "http://unix:/run//api/../api/./s.sock:$request_uri"})
        BOOST_TEST(passing(target, "unix:/run/api/s.sock") == "location", target);
    BOOST_TEST(passing("http://unix:/run/api/s.sock2:/", "unix:/run/api/s.sock") == "");
    BOOST_TEST(ways("127.0.0.1:8085", "location / { grpc_pass grpc://127.0.0.1:8085; }") ==
               "location");
    BOOST_TEST(ways("127.0.0.1:8085", "location / { grpc_pass 127.1:8085; }") == "location");
    BOOST_TEST(ways("127.0.0.1:8085", "location / { if ($a) { proxy_pass http://127.1:8085; } }") ==
               "if");
    BOOST_TEST(ways("127.0.0.1:8085", "location / { location /a { limit_except GET { proxy_pass "
                                      "http://127.0.0.1:8085; } } }") == "limit_except");
}

BOOST_AUTO_TEST_CASE(variables_are_followed_where_the_configuration_has_their_values)
{
    const std::string api = "127.0.0.1:8085", pass = "location / { proxy_pass http://$b; }";
    BOOST_TEST(ways(api, "set $b 127.0.0.1:8085; " + pass) == "location");
    BOOST_TEST(
        ways(api, "location / { set $h 127.1; set $b $h:8085; proxy_pass http://${b}/x; }") ==
        "location");
    BOOST_TEST(ways(api, "set $t http://127.0.0.1:8085; location / { proxy_pass $t; }") ==
               "location");
    BOOST_TEST(ways(api, "set $p 8085; location / { proxy_pass http://127.0.0.1:$p; }") ==
               "location");
    BOOST_TEST(ways(api, "if ($arg_x) { set $b localhost:8085; } " + pass) == "location");
    BOOST_TEST(ways(api, pass, "map $uri $b { /a app; default 127.0.0.1:8085; }") == "location");
    BOOST_TEST(
        ways(api, pass, "map $uri $b { default app; /wx $c; } map $uri $c { default 0:8085; }") ==
        "location");
    BOOST_TEST(ways(api, pass, "geo $b { default 127.0.0.1:8085; }") == "location");
    BOOST_TEST(ways(api, pass, "split_clients $uri $b { 1% 127.0.0.1:8085; * app; }") ==
               "location");
    BOOST_TEST(ways(api, "set $b wx; " + pass, "upstream wx { server 127.0.0.1:8085; }") ==
               "location");
    BOOST_TEST(ways(api, "set $b app.invalid:80; " + pass) == "");
    BOOST_TEST(ways(api, pass, "map $uri $b { /a app.invalid; default 127.0.0.1:3000; }") == "");
    // In another server the same name is another's.
    BOOST_TEST(ways(api, "set $b app.invalid; " + pass +
                             " } server { listen 127.0.0.1:1; set $b "
                             "127.0.0.1:8085; ") == "");
}

BOOST_AUTO_TEST_CASE(what_a_request_decides_is_not_known)
{
    for (const auto* target : {"http://$arg_b", "$arg_b", "http://$http_x",
                               "http://127.0.0.1:$arg_p", "http://$arg_h:8085", "http://$host:8085",
                               "http://$arg_a$arg_b", "http://127.0.0.1:80$arg_p", "$scheme://$1"})
        BOOST_TEST(passing(target) == "location?", target);
    for (const auto* target :
         {"http://$host:3000", "http://app.invalid/$arg_b", "http://app.invalid:3000$arg_b",
          "http://127.0.0.1:3000/$arg_p", "http://unix:$arg_s"})
        BOOST_TEST(passing(target) == "", target);
    BOOST_TEST(passing("http://unix:$arg_s", "unix:/run/api.sock") == "location?");
    BOOST_TEST(passing("http://unix:/run/$arg_s:/", "unix:/run/api.sock") == "location?");
    BOOST_TEST(passing("http://unix:/srv/$arg_s:/", "unix:/run/api.sock") == "");
    BOOST_TEST(ways("127.0.0.1:8085", "location / { proxy_pass http://$b; }",
                    "map $uri $b { default app.invalid; /x $arg_b; }") == "location?");
    BOOST_TEST(ways("127.0.0.1:8085", "set $b $b$b; location / { proxy_pass http://$b; }") ==
               "location?");
}

BOOST_AUTO_TEST_CASE(upstreams_are_followed)
{
    const auto upstream = [](const std::string& servers, const std::string& target) {
        return ways("127.0.0.1:8085", "location / { proxy_pass " + target + "; }",
                    "upstream Wx { " + servers + " }");
    };
    BOOST_TEST(upstream("server 10.0.0.1; server 127.1:8085 backup;", "http://Wx") == "location");
    BOOST_TEST(upstream("server localhost:8085;", "http://wx$request_uri") == "location");
    BOOST_TEST(upstream("server localhost:8085;", "http://wx?x") == "location");
    BOOST_TEST(upstream("server 127.0.0.1:8085 down;", "http://Wx") == "");
    BOOST_TEST(upstream("server 127.0.0.1:8085;", "http://W$arg_x") == "location?");
}

BOOST_AUTO_TEST_CASE(clients_come_by_other_servers_of_this_nginx)
{
    const std::string api = "127.0.0.1:8085";
    const std::string inner =
        "} server { listen 127.0.0.1:8080; location /wx { proxy_pass http://127.0.0.1:8085; } ";
    BOOST_TEST(ways(api, inner) == "");
    BOOST_TEST(ways(api, "location / { proxy_pass http://127.0.0.1:8080; } " + inner) ==
               "location");
    BOOST_TEST(ways(api, inner, "",
                    "stream { server { listen 8443; proxy_pass 127.0.0.1:8080; } }") == "location");
    BOOST_TEST(ways(api, "", "", "stream { server { listen 9000; proxy_pass 127.0.0.1:8085; } }") ==
               "server");
    BOOST_TEST(ways(api, "", "",
                    "stream { upstream b { server 127.1:8085; } map $ssl_preread_server_name "
                    "$n { default b; } server { listen 9000; proxy_pass $n; } }") == "server");
    BOOST_TEST(ways(api, "", "",
                    "stream { server { listen 127.0.0.1:9000; proxy_pass 127.0.0.1:8085; } }") ==
               "");
}

BOOST_AUTO_TEST_CASE(whatever_it_is_given_it_ends)
{
    for (const auto* target :
         {"", "$", "${", "${}", "$$", "http://", "://", "unix:", "http://unix:", "http://:8085",
          "http://[", "http://[::1", "$a$a$a$a$a$a$a$a$a$a$a$a"})
        passing(std::string{"'"} + target + "'");
    std::string sets;
    for (int i = 0; i < 200; ++i)
        sets += "set $a $a" + std::to_string(i) + "; ";
    ways("127.0.0.1:8085", sets + "location / { proxy_pass http://$a$a$a$a; }");
}

BOOST_AUTO_TEST_CASE(an_action_that_a_request_decides_may_be_any)
{
    const auto read = [](const std::string& action, const std::string& beside = "") {
        const auto main = parse("http { " + beside +
                                " server { location /x { fastcgi_pass onlogin; "
                                "fastcgi_param ONLOGIN_ACTION " +
                                action + "; } } }");
        const auto location = our_locations(main)[0];
        return std::string{is_for_backends(location) ? "backends" : "clients"} +
               (lets_clients_choose(location) ? "?" : "");
    };
    BOOST_TEST(read("phone") == "clients");
    BOOST_TEST(read("sign") == "backends");
    BOOST_TEST(read("login; fastcgi_param ONLOGIN_ACTION access_token") == "backends");
    for (const auto* action : {"$arg_action", "$http_x_action", "$1", "acc$arg_action", "${a}"})
        BOOST_TEST(read(action) == "backends?", action);
    BOOST_TEST(read("$a", "map $uri $a { default login; /s sign; }") == "backends");
    BOOST_TEST(read("$a", "map $uri $a { default login; /s $arg_s; }") == "backends?");
    BOOST_TEST(read("$a", "map $uri $a { default login; /p phone; }") == "clients");
}

BOOST_AUTO_TEST_SUITE_END()
