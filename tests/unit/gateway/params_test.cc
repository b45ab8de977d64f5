#include "gateway/params.hh"

#include "gateway/errors.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

Request get(const std::string& query)
{
    Request request;
    request.method = "GET";
    request.query = query;
    return request;
}

Request post(const std::string& type, const std::string& body, const std::string& query = {})
{
    Request request;
    request.method = "POST";
    request.content_type = type;
    request.body = body;
    request.query = query;
    return request;
}

const std::string form = "application/x-www-form-urlencoded";
const std::string json = "application/json";

// The status with which the request, or the parameter `code` in it, is refused; 0: not at all.
int refusal(const Request& request)
{
    try {
        const Params params{request};
        (void)params.require("code");
        return 0;
    } catch (const BadRequest& error) {
        return error.status;
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(params)

BOOST_AUTO_TEST_CASE(a_parameter_comes_from_query_form_or_json)
{
    auto official = get("code=abc");
    official.content_type = json; // wx.request sends it with every GET
    for (const auto& request :
         {official, post(form, "code=abc"),
          post("application/x-www-form-urlencoded; charset=UTF-8", "code=abc"),
          post("Application/JSON", R"({"code":"abc"})"),
          post("application/json;charset=utf-8", R"( {"code" : "a\u0062c"} )"),
          post("", "", "code=abc"), post("text/plain", "", "code=abc")})
        BOOST_TEST(Params{request}.require("code") == "abc");
}

BOOST_AUTO_TEST_CASE(a_missing_parameter_is_absent_and_not_empty)
{
    const Params params{get("appid=&x=1")};
    BOOST_TEST(!params.find("code"));
    BOOST_TEST(params.find("appid").value() == "");
}

BOOST_AUTO_TEST_CASE(missing_and_empty_codes_are_refused)
{
    for (const auto& request :
         {get(""), get("code="), get("code"), get("Code=abc"), post(json, "{}"), post(form, "")})
        BOOST_TEST(refusal(request) == 400);
}

BOOST_AUTO_TEST_CASE(a_parameter_given_twice_is_refused)
{
    BOOST_TEST(refusal(get("code=a&code=a")) == 400);
    BOOST_TEST(refusal(get("x=1&code=a&x=1")) == 400);
    BOOST_TEST(refusal(get("code=a&c%6fde=b")) == 400);
    BOOST_TEST(refusal(post(form, "code=a", "code=a")) == 400);
    BOOST_TEST(refusal(post(json, R"({"code":"a"})", "code=a")) == 400);
    BOOST_TEST(refusal(post(json, R"({"code":"a","code":"a"})")) == 400);
}

BOOST_AUTO_TEST_CASE(malformed_parameters_are_refused)
{
    BOOST_TEST(refusal(get("code=%zz")) == 400);
    BOOST_TEST(refusal(get("code=a&x=%ff")) == 400);
    BOOST_TEST(refusal(get("code=a&%ff=x")) == 400);
    BOOST_TEST(refusal(post(form, "code=a\xff")) == 400);
}

BOOST_AUTO_TEST_CASE(a_json_body_must_be_one_object_whose_code_is_text)
{
    for (const auto* body :
         {"[]", "\"code\"", "null", "{\"code\":\"a\"", "{\"code\":\"a\"}}", "{\"code\":\"a\"} x",
          "{\"code\":\"a\",}", "{code:\"a\"}", "{\"code\":'a'}", "{\"code\":NaN}", "{\"code\":1}",
          "{\"code\":null}", "{\"code\":[\"a\"]}", "// c\n{\"code\":\"a\"}", "code=a",
          "{\"code\":\"a\xff\"}"})
        BOOST_TEST(refusal(post(json, body)) == 400, body);
}

BOOST_AUTO_TEST_CASE(what_is_beyond_doubt_is_taken)
{
    for (const auto* body :
         {"\xef\xbb\xbf{\"code\":\"a\"}", R"({"code":"a","nick":"\ud83d"})", " {\"code\":\"a\"} "})
        BOOST_TEST(Params{post(json, body)}.require("code") == "a", body);
    BOOST_TEST(Params{post(form, "\xef\xbb\xbf"
                                 "code=a")}
                   .require("code") == "a");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_body_is_said)
{
    const auto complaint = [](const Request& request) -> std::string {
        try {
            return Params{request}.require("code").c_str();
        } catch (const BadRequest& error) {
            return error.what();
        }
    };
    const std::pair<Request, const char*> table[] = {
        {get(""), "code is missing: it is neither in the query string nor in a body"},
        {post(json, ""), "neither in the query string nor in a body"},
        {post(json, "{}"), "neither in the query string nor in the JSON object of the body"},
        {post(form, "a=b"), "neither in the query string nor in the form of the body"},
        {post(form, R"({"code":"a"})"), "the body is JSON while its Content-Type says form"},
        {post(json, "code=a&x=y"), "the body is a form, and its Content-Type says JSON"},
        {post(json, R"("{\"code\":\"a\"}")"), "an object inside a JSON string"},
        {post(json, R"("code")"), "the body is a JSON string"},
        {post(json, R"(["a"])"), "JSON, but no object"},
        {post(json, "1"), "JSON, but no object"},
        {post(json, " \n"), "blank"},
        {post(json, R"({"code":"a","code":"b"})"), "the parameter code is given twice"},
        {post(json, R"({"mine":"a","mine":"b","code":"c"})"), "a member is given twice"},
        {post(json, R"({"code":"a"} x)"), "something follows"},
        {post(json, R"({"code":"a",})"), "the body is not JSON"},
        {post(json, std::string{"{\0\"\0c\0", 6}), "UTF-16"},
        {post(json, "{\"code\":\"a\xff\"}"), "not in UTF-8"},
        {post(json, R"({"code":"\ud83d"})"), "code is no text"},
        {post(json, std::string(100, '[')), "nested too deeply"},
    };
    for (const auto& [request, words] : table)
        BOOST_TEST(complaint(request).find(words) != std::string::npos,
                   complaint(request) << " for " << request.body);
    BOOST_TEST(complaint(post(json, R"({"mine":"a","mine":"b"})")).find("mine") ==
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(json_does_not_end_at_a_zero_byte)
{
    BOOST_TEST(refusal(post(json, std::string{"{\"code\":\"a\"}\0x", 14})) == 400);
    BOOST_TEST(refusal(post(json, R"({"code":"a","x":"\\/\"/*"})")) == 0);
}

BOOST_AUTO_TEST_CASE(json_nested_beyond_reason_is_refused)
{
    BOOST_TEST(refusal(post(json, std::string(200'000, '['))) == 400);
    std::string deep = "{\"code\":\"a\",\"x\":";
    for (int i = 0; i < 10'000; ++i)
        deep += "{\"x\":";
    BOOST_TEST(refusal(post(json, deep)) == 400);
}

BOOST_AUTO_TEST_CASE(other_members_of_a_json_body_may_be_anything)
{
    BOOST_TEST(refusal(post(json, R"({"code":"a","n":1.5,"o":{"p":[true,null]}})")) == 0);
}

BOOST_AUTO_TEST_CASE(a_body_of_another_type_is_unsupported)
{
    BOOST_TEST(refusal(post("text/plain", "code=a")) == 415);
    BOOST_TEST(refusal(post("", "code=a")) == 415);
    BOOST_TEST(refusal(post("multipart/form-data; boundary=x", "--x--", "code=a")) == 415);
    BOOST_TEST(refusal(post("application/jsonp", "{}")) == 415);
}

BOOST_AUTO_TEST_CASE(the_body_of_a_get_is_not_looked_at)
{
    auto request = get("code=a");
    request.content_type = "text/plain";
    request.body = "code=b";
    BOOST_TEST(refusal(request) == 0);
}

BOOST_AUTO_TEST_CASE(more_than_a_hundred_parameters_are_refused)
{
    std::string query = "code=a";
    for (int i = 1; i < 100; ++i)
        query += "&p" + std::to_string(i) + "=";
    BOOST_TEST(refusal(get(query)) == 0);
    BOOST_TEST(refusal(get(query + "&last=")) == 400);
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_is_too_large_and_one_of_wrong_length_is_malformed)
{
    auto request = post(form, "code=a");
    request.body_mismatch = true;
    BOOST_TEST(refusal(request) == 400);
    request.body_too_large = true;
    BOOST_TEST(refusal(request) == 413);
}

BOOST_AUTO_TEST_CASE(a_body_of_any_type_is_there_as_it_was_sent_or_refused)
{
    auto request = post("image/png", std::string{"\xff\0", 2});
    BOOST_CHECK_NO_THROW(check_body(request));
    request.body_mismatch = true;
    BOOST_CHECK_THROW(check_body(request), BadRequest);
}

BOOST_AUTO_TEST_SUITE_END()
