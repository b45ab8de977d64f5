#include "doctor/nginx_listen.hh"
#include "doctor/nginx_site.hh"
#include "doctor/nginx_targets.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

std::string file(const std::string& name, const std::string& text)
{
    return "# configuration file " + name + ":\n" + text + "\n";
}

std::vector<Directive> parse(const std::string& text)
{
    return parse_nginx_config(file("/etc/nginx/nginx.conf", text));
}

const Directive& first(const std::vector<Directive>& directives, std::string_view name)
{
    for (const auto& directive : directives)
        if (directive.name == name)
            return directive;
    throw std::runtime_error{"no " + std::string{name}};
}

// The server of a site with these lines in its server and its location.
std::vector<Directive> site(const std::string& server, const std::string& location)
{
    return parse("http {\nupstream onlogin { server unix:/run/a.sock; server unix:/run/b.sock; }\n"
                 "server {\n" +
                 server + "\nlocation = /onLogin {\nfastcgi_pass onlogin;\n" + location +
                 "\n}\n}\n}\n");
}

} // namespace

BOOST_AUTO_TEST_SUITE(nginx_config)

BOOST_AUTO_TEST_CASE(directives_have_arguments_blocks_and_places)
{
    const auto main = parse("user www-data;\nhttp {\n  server {\n    listen 443 ssl;\n  }\n}\n");
    BOOST_TEST(main.size() == 2u);
    BOOST_TEST(main[0].args[0] == "www-data");
    const auto& listen = first(first(first(main, "http").block, "server").block, "listen");
    BOOST_TEST(listen.args.size() == 2u);
    BOOST_TEST(listen.place() == "/etc/nginx/nginx.conf:4");
}

BOOST_AUTO_TEST_CASE(quotes_and_escapes_are_as_nginx_reads_them)
{
    const auto main = parse(R"(a "x y;{}" 'it''s' "q\"q" 'd\d' b\;c ${v}w; # a comment; b c;
b "#no comment";)");
    BOOST_TEST(main.size() == 2u);
    const std::vector<std::string> expected{"x y;{}", "it", "s", "q\"q", "d\\d", "b;c", "${v}w"};
    BOOST_TEST(main[0].args == expected, boost::test_tools::per_element());
    BOOST_TEST(main[1].args[0] == "#no comment");
}

BOOST_AUTO_TEST_CASE(a_regular_expression_with_a_brace_is_one_word)
{
    const auto main = parse("map $a $b { \"~^\\x00{10}$\" 1; default 2; }");
    BOOST_TEST(main[0].block.size() == 2u);
    BOOST_TEST(main[0].block[0].name == "~^\\x00{10}$");
}

BOOST_AUTO_TEST_CASE(lua_is_skipped)
{
    const auto main =
        parse("content_by_lua_block { if a then b = { \"}\", '\\'}' } end; }\nuser x;");
    BOOST_TEST(main.size() == 2u);
    BOOST_TEST(main[1].args[0] == "x");
}

BOOST_AUTO_TEST_CASE(includes_are_replaced_by_their_files)
{
    const auto main = parse_nginx_config(
        file("/etc/nginx/nginx.conf", "include modules/*.conf;\nhttp { include sites/*; }") +
        file("/etc/nginx/modules/a.conf", "load_module a;") +
        file("/etc/nginx/sites/one", "server { include /etc/shared.conf; }") +
        file("/etc/shared.conf", "listen 80;") + file("/etc/nginx/sites/two", "server {}") +
        file("/etc/nginx/sites/below/three", "server {}"));
    BOOST_TEST(main.size() == 2u);
    BOOST_TEST(main[0].name == "load_module");
    const auto& servers = first(main, "http").block;
    BOOST_TEST(servers.size() == 2u);
    BOOST_TEST(servers[0].block[0].place() == "/etc/shared.conf:1");
}

BOOST_AUTO_TEST_CASE(whatever_it_is_given_it_ends)
{
    for (const std::string text :
         {"", "{", "}", "}}};;", "a", "a {", "a \"", "a '\\", "\\", "a {{{{", "x_by_lua_block {",
          "include;", "include *;", "$", "a ${", "#"})
        parse(text);
    parse_nginx_config("");
    parse_nginx_config("no dump at all");
    parse_nginx_config(file("/a", "include /b; include /b;") +
                       file("/b", "include /*; include /a;"));
    parse(std::string(200'000, '{'));
    std::string deep;
    for (int i = 0; i < 50'000; ++i)
        deep += "a{";
    parse(deep);
}

BOOST_AUTO_TEST_CASE(the_innermost_level_that_has_a_directive_counts)
{
    const auto main = parse("http { fastcgi_param A 1; fastcgi_param B 2; server { "
                            "location /x { fastcgi_param C 3; } location /y { } } }");
    std::vector<std::string> seen;
    each_location(main, [&](const VisitedLocation& at) {
        for (const char* name : {"A", "B", "C"})
            seen.push_back(fastcgi_param(at.scope, name).value_or("-"));
    });
    const std::vector<std::string> expected{"-", "-", "3", "1", "2", "-"};
    BOOST_TEST(seen == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nested_locations_are_visited)
{
    const auto main = parse("http { server { location /a { location /a/b { } } } server { location "
                            "/c { } } } stream { server { } }");
    std::string seen;
    each_location(main, [&](const VisitedLocation& at) { seen += at.location.args[0]; });
    BOOST_TEST(seen == "/a/a/b/c");
}

BOOST_AUTO_TEST_CASE(times_are_read_as_nginx_reads_them)
{
    BOOST_TEST(nginx_time_ms("15s").value() == 15'000);
    BOOST_TEST(nginx_time_ms("60").value() == 60'000);
    BOOST_TEST(nginx_time_ms("500ms").value() == 500);
    BOOST_TEST(nginx_time_ms("1m 30s").value() == 90'000);
    BOOST_TEST(nginx_time_ms("1m30s").value() == 90'000);
    for (const char* text : {"", "x", "-1s", "5 parsecs", "99999999999999999999"})
        BOOST_TEST(!nginx_time_ms(text), text);
}

BOOST_AUTO_TEST_CASE(our_locations_are_found_by_upstream_socket_name_or_parameter)
{
    BOOST_TEST(our_locations(site("", "")).at(0).addresses.size() == 2u);
    const auto down = parse("http { upstream onlogin { server unix:/a; server unix:/b down; } "
                            "server { location / { fastcgi_pass onlogin; } } }");
    BOOST_TEST(our_locations(down).at(0).addresses.size() == 1u);
    const auto count = [](const std::string& text) {
        return our_locations(parse("http { server { " + text + " } }")).size();
    };
    BOOST_TEST(count("location / { fastcgi_pass unix:/run/onlogin/main.sock; }") == 1u);
    BOOST_TEST(count("location /onlogin { fastcgi_pass 127.0.0.1:9000; }") == 1u);
    BOOST_TEST(count("location /x { fastcgi_pass unix:/run/php.sock; "
                     "fastcgi_param ONLOGIN_APPID wx1; }") == 1u);
    BOOST_TEST(count("location / { if ($a) { fastcgi_pass unix:/run/onlogin/x.sock; } }") == 1u);
    const auto wx = parse("http { server { location /wx { fastcgi_pass unix:/run/w.sock; } } }");
    BOOST_TEST(our_locations(wx).empty());
    BOOST_TEST(our_locations(wx, {"/run/w.sock"}).size() == 1u);
    BOOST_TEST(count("location / { fastcgi_pass unix:/run/php.sock; }") == 0u);
    BOOST_TEST(count("location /onlogin { return 404; }") == 0u);
}

BOOST_AUTO_TEST_CASE(only_a_location_that_clients_may_ask_is_a_login)
{
    BOOST_TEST(is_login(our_locations(site("", ""))[0]));
    BOOST_TEST(is_login(our_locations(site("", "fastcgi_param ONLOGIN_ACTION login;"))[0]));
    BOOST_TEST(!is_login(our_locations(site("", "fastcgi_param ONLOGIN_ACTION auth;"))[0]));
    BOOST_TEST(!is_login(our_locations(site("", "internal;"))[0]));
}

BOOST_AUTO_TEST_CASE(what_is_for_backends_alone_is_told_by_its_action)
{
    for (const auto* action : {"access_token", "sign", "check_session"}) {
        const auto main = site("", std::string{"fastcgi_param ONLOGIN_ACTION "} + action + ";");
        BOOST_TEST(is_for_backends(our_locations(main)[0]), action);
    }
    for (const auto* action : {"login", "auth", "phone", "health"}) {
        const auto main = site("", std::string{"fastcgi_param ONLOGIN_ACTION "} + action + ";");
        BOOST_TEST(!is_for_backends(our_locations(main)[0]), action);
    }
    BOOST_TEST(!is_for_backends(our_locations(site("", ""))[0]));
}

BOOST_AUTO_TEST_CASE(a_server_is_open_where_another_host_may_reach_it)
{
    const auto open = [](const std::string& lines) {
        const auto main = site(lines, "");
        std::string found;
        for (const auto& listen : open_listens(our_locations(main)[0].at.server))
            found += listen + ' ';
        return found;
    };
    for (const auto* line : {"127.0.0.1:8085", "127.0.0.1", "127.1.2.3:80", "localhost:8085",
                             "localhost", "[::1]:8085", "[::1]", "unix:/run/api.sock"})
        BOOST_TEST(open(std::string{"listen "} + line + ";").empty(), line);
    for (const auto* line : {"80", "8085", "*:8085", "0.0.0.0:8085", "[::]:8085", "10.0.0.5:8085",
                             "192.0.2.1", "[fd00::1]:8085", "[2001:db8::1]", "api.example.com:8085",
                             "127.0.0.1.example.com", "128.0.0.1:80", "[::ffff:10.0.0.1]:80"})
        BOOST_TEST(open(std::string{"listen "} + line + ";") == std::string{line} + ' ', line);
    BOOST_TEST(open("") == "*:80 ");
    BOOST_TEST(open("listen unix:/run/api.sock; listen 127.0.0.1:80; listen 81;") == "81 ");
}

BOOST_AUTO_TEST_CASE(the_doctor_asks_where_nginx_listens_with_tls)
{
    const auto listen = [](const std::string& lines) {
        const auto main = site(lines, "");
        return best_listen(our_locations(main)[0].at, main);
    };
    BOOST_TEST(listen("listen 80; listen 443 ssl http2;")->address == "127.0.0.1:443");
    BOOST_TEST(listen("listen 443 ssl; http2 on;")->address == "127.0.0.1:443");
    BOOST_TEST(listen("listen 443 ssl; http2 on;")->tls);
    BOOST_TEST(listen("listen [::]:443 ssl;")->address == "[::1]:443");
    BOOST_TEST(listen("listen 10.0.0.5:8443 ssl;")->address == "10.0.0.5:8443");
    BOOST_TEST(listen("listen *:80;")->address == "127.0.0.1:80");
    BOOST_TEST(listen("listen [::1];")->address == "[::1]:80");
    BOOST_TEST(listen("ssl on; listen 443;")->tls);
    BOOST_TEST(!listen("listen unix:/run/nginx.sock;"));
    BOOST_TEST(!listen("listen 443 ssl proxy_protocol;"));
    BOOST_TEST(listen("")->address == "127.0.0.1:80");
    // What another server says of the port holds here too.
    BOOST_TEST(listen("listen 443; } server { listen 443 ssl;")->tls);
    BOOST_TEST(!listen("listen 443 ssl; } server { listen *:443 ssl proxy_protocol;"));
}

BOOST_AUTO_TEST_CASE(the_doctor_asks_for_a_name_that_can_be_asked_for)
{
    const auto name = [](const std::string& names) {
        const auto main = site("server_name " + names + ";", "");
        const auto found = server_names(our_locations(main)[0]);
        return found.empty() ? std::string{} : found[0];
    };
    BOOST_TEST(name("login.example.com") == "login.example.com");
    BOOST_TEST(name("*.example.com .example.org ~^x$ a.example.com") == "a.example.com");
    BOOST_TEST(name("$hostname b.example.com") == "b.example.com");
    BOOST_TEST(name("_").empty());
    BOOST_TEST(name("\"\"").empty());
}

BOOST_AUTO_TEST_SUITE_END()
