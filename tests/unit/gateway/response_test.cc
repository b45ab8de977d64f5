#include "gateway/response.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(response)

BOOST_AUTO_TEST_CASE(an_answer_is_written_as_cgi_wants_it)
{
    const auto text = to_cgi(Response::failure(503, 503, "wait", Recover::Later, 2));
    BOOST_TEST(text == "Status: 503 Service Unavailable\r\n"
                       "Content-Type: application/json; charset=utf-8\r\n"
                       "Content-Length: 47\r\n"
                       "Cache-Control: no-store\r\n"
                       "Retry-After: 2\r\n"
                       "\r\n"
                       "{\"code\":503,\"message\":\"wait\",\"recover\":\"later\"}");
}

BOOST_AUTO_TEST_CASE(an_answer_to_head_has_the_length_of_a_body_and_no_body)
{
    auto response = Response::failure(503, 503, "wait", Recover::Later, 2);
    const auto whole = to_cgi(response);
    response.head = true;
    BOOST_TEST(to_cgi(response) == whole.substr(0, whole.find("\r\n\r\n") + 4));
}

BOOST_AUTO_TEST_CASE(success_carries_its_data_as_utf8)
{
    Json::Value data;
    data["name"] = "你好/";
    const auto response = Response::ok(data);
    BOOST_TEST(response.status == 200);
    BOOST_TEST(response.body == "{\"code\":0,\"message\":\"ok\",\"data\":{\"name\":\"你好/\"}}");
    BOOST_TEST(Response::ok(data, data).body ==
               "{\"code\":0,\"message\":\"ok\",\"data\":{\"name\":\"你好/\"},\"name\":\"你好/\"}");
}

BOOST_AUTO_TEST_CASE(json_that_is_handed_on_keeps_each_character)
{
    const auto response = Response::ok_verbatim(R"({"b":0.10,"a":"\/"} )");
    BOOST_TEST(response.status == 200);
    BOOST_TEST(response.content_type == "application/json; charset=utf-8");
    BOOST_TEST(response.body == R"({"code":0,"message":"ok","data":{"b":0.10,"a":"\/"} })");
}

BOOST_AUTO_TEST_SUITE_END()
