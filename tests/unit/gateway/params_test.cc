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

// The message of that refusal.
std::string words(const Request& request)
{
    try {
        const Params params{request};
        return params.require("code");
    } catch (const BadRequest& error) {
        return error.what();
    }
}

std::string utf16(std::string_view text)
{
    std::string result;
    for (const char c : text)
        result.append(1, c).append(1, '\0');
    return result;
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

BOOST_AUTO_TEST_CASE(json_does_not_end_at_a_zero_byte)
{
    BOOST_TEST(refusal(post(json, std::string{"{\"code\":\"a\"}\0x", 14})) == 400);
    BOOST_TEST(refusal(post(json, R"({"code":"a","x":"\\/\"/*"})")) == 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_otherwise_is_taken)
{
    for (const auto& request :
         {post(json, "\xef\xbb\xbf{\"code\":\"a\"}"),
          post(form, "\xef\xbb\xbf"
                     "code=a"),
          post(form, "%EF%BB%BFcode=a"), get("%EF%BB%BFcode=a"),
          post(json, "\xef\xbb\xbf", "code=a"), post(json, R"({"code":"a","nick":"\ud83d"})"),
          post(json, R"({"nick":"x\ude00\ud83dy","code":"a"})"),
          post(json, R"({"\ud83d":{"a":["\ud83d"]},"code":"a"})"),
          post(json, "{\"nick\":\"\xed\xa0\xbd\",\"code\":\"a\"}"),
          post(form, "code=a&nick=%ED%A0%BD"), post(json, "{\"nick\":\"a\x14\nb\",\"code\":\"a\"}"),
          post(json, R"({"n":1e999,"code":"a"})"), post(form, "{}", "code=a")})
        BOOST_TEST(words(request) == "a");
    BOOST_TEST(refusal(post(json, R"({"code":"a\ud83d"})")) == 0); // what it is, others say
    BOOST_TEST(words(post(json, R"({"code":"a\ud83d"})")) == "a\xef\xbf\xbd");
}

BOOST_AUTO_TEST_CASE(a_refusal_says_what_is_wrong)
{
    const auto says = [](const Request& request, std::string_view text) {
        const auto all = words(request);
        BOOST_TEST(refusal(request) == 400);
        BOOST_TEST(all.find(text) != all.npos, all);
    };
    for (const auto* body : {R"({"code":"C"})", R"( {"code":"C"})", R"({"code":"a=b"})",
                             R"({"code":"C"}=)", "%7B%22code%22%3A%22C%22%7D",
                             "%7B%22code%22%3A%22C%22%7D=", "\xef\xbb\xbf{\"code\":\"C\"}",
                             R"("{\"code\":\"C\"}")", R"(["C"])"})
        says(post(form, body), "is JSON, but its Content-Type says application/x-www-form-url");
    says(post(form, "{code:'C'}"), "which begins as JSON does, but is a form by its Content-Type");
    for (const auto* body : {"code=C", "code=C&x=1", "x=1&code=C"})
        says(post(json, body), "is a form, but its Content-Type says application/json");
    says(post(json, R"("{\"code\":\"C\"}")"), "JSON in a string");
    says(post(json, R"("C")"), "a JSON string");
    says(post(json, R"([{"code":"C"}])"), "a JSON array");
    for (const auto* body : {"1", "null", "true"})
        says(post(json, body), "not an object");
    says(post(json, R"({"code":"C","nick":1,"nick":1})"), "has the member nick twice");
    says(post(json, R"({"code":"C","c\u006fde":"C"})"), "has the member code twice");
    says(post(json, "{\"code\":\"C\",\"x\":\"\xe9\"}"), "the body is not UTF-8");
    says(post(form, "code=C&x=%e9"), "the parameter x is not UTF-8");
    for (const auto& type : {form, json}) {
        says(post(type, utf16(type == json ? "{\"code\":\"C\"}" : "code=C")), "is in UTF-16");
        says(post(type, "\xff\xfe" + utf16("{\"code\":\"C\"}")), "is in UTF-16");
    }
    says(post(json, "{\"code\":\"C\""), "breaks off");
    says(post(json, "{\"code\":\"C\"} x"), "goes on where its JSON has ended");
    says(post(json, "{'code':'C'}"), "is not JSON: something else is expected at character 2");
    says(post(json, " \n"), "is empty");
    says(post(json, std::string(200, '[')), "nested deeper than 32");
    says(post(json, "%7B%22code%22%3A%22C%22%7D"), "is percent-encoded");
    says(post(json, R"({"code":1})"), "must be a string, and is a number");
    says(post(json, R"({"code":null})"), "must be a string, and is null");
    says(get("code=a&code=b"), "the parameter code is given twice");
    says(post(form, "code=a", "code=a"),
         "code is given twice, in the query string and in the body");
    says(get("code=a&x=1&x=2"), "the parameter x is given twice");
    says(get("code=a&x=%"), "the parameter x has a broken percent escape");
    says(get("code=a&x=%u4e2d"), "not with escape");
    says(get("code="), "the parameter code is empty");
}

BOOST_AUTO_TEST_CASE(what_is_missing_was_looked_for_somewhere)
{
    auto with_body = get("x=1");
    with_body.body = R"({"code":"C"})";
    BOOST_TEST(words(get("")) == "the parameter code is missing: it is not in the query string");
    BOOST_TEST(words(with_body) == "the parameter code is missing: it is not in the query string "
                                   "(the body of this method is not read: send a POST)");
    BOOST_TEST(words(post(json, "")) == "the parameter code is missing: it is not in the query "
                                        "string, and the body is empty");
    BOOST_TEST(words(post(json, "{}")) == "the parameter code is missing: it is neither in the "
                                          "query string nor in the body, a JSON object");
    BOOST_TEST(words(post(form, "x=1")) == "the parameter code is missing: it is neither in the "
                                           "query string nor in the body, a form");
    BOOST_TEST(words(get("Code=a")) == "the parameter code is missing: it is not in the query "
                                       "string; there is one called Code");
    BOOST_TEST(words(get("js_code=a")).ends_with("there is one called js_code"));
}

BOOST_AUTO_TEST_CASE(no_message_holds_what_may_be_a_secret)
{
    const std::string secret = "0a3Kd1ll2xYz0f4Abcdefghij1234567";
    const std::string quoted = '"' + secret + '"';
    std::string twice = "{";
    twice.append(quoted).append(":1,").append(quoted).append(":1}");
    for (const auto& request : {get(std::string{secret}.append("&").append(secret)),
                                get(secret + "=%"), get(secret + "=%ff&code=a"), post(json, twice),
                                post(json, secret), post(form, secret), post(json, quoted)})
        BOOST_TEST(words(request).find(secret) == std::string::npos);
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
