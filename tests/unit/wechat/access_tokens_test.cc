#include "wechat/access_tokens.hh"

#include "base/json.hh"
#include "https/errors.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

StableToken read(const std::string& body)
{
    return read_stable_token(read_answer(body, Api::Token));
}

std::string with_token(const std::string& token)
{
    return R"({"access_token":")" + token + R"(","expires_in":7200})";
}

} // namespace

BOOST_AUTO_TEST_SUITE(access_tokens)

BOOST_AUTO_TEST_CASE(a_request_is_json_whatever_the_secret_is)
{
    const MiniProgram mini{"wx0", Secret{"quote\"back\\slash"}, "", "https://api.weixin.qq.com"};
    const auto request = stable_token_request(mini, false);
    BOOST_TEST(request.url.reveal() == "https://api.weixin.qq.com/cgi-bin/stable_token");
    BOOST_REQUIRE(request.json);
    const auto body = parse_json(request.json->reveal());
    BOOST_REQUIRE(body);
    BOOST_TEST((*body)["grant_type"].asString() == "client_credential");
    BOOST_TEST((*body)["appid"].asString() == "wx0");
    BOOST_TEST((*body)["secret"].asString() == "quote\"back\\slash");
    BOOST_TEST((*body)["force_refresh"].isBool());
    BOOST_TEST(!(*body)["force_refresh"].asBool());
}

BOOST_AUTO_TEST_CASE(force_is_asked_for_by_name)
{
    const auto request = stable_token_request({"wx0", Secret{"s"}, "", "https://a"}, true);
    BOOST_TEST((*parse_json(request.json->reveal()))["force_refresh"].asBool());
}

BOOST_AUTO_TEST_CASE(an_answer_has_a_token_and_how_long_it_lives)
{
    const auto stable = read(R"({"access_token":"74_tIOFA6cqrj4OvalL7aXf","expires_in":7200})");
    BOOST_TEST(stable.token.reveal() == "74_tIOFA6cqrj4OvalL7aXf");
    BOOST_TEST(stable.life.count() == 7200);
    BOOST_TEST(read(with_token(std::string(512, 'x'))).token.reveal().size() == 512U);
}

BOOST_AUTO_TEST_CASE(what_no_header_may_hold_is_no_token)
{
    for (const auto* token : {"", "a b", "a\\r\\nSet-Cookie: b", "\\u0000", "\xe4\xbd\xa0"})
        BOOST_CHECK_THROW(read(with_token(token)), Unusable);
    BOOST_CHECK_THROW(read(with_token(std::string(4000, 'x'))), Unusable);
    BOOST_CHECK_THROW(read(R"({"expires_in":7200})"), Unusable);
    BOOST_CHECK_THROW(read(R"({"access_token":7,"expires_in":7200})"), Unusable);
}

BOOST_AUTO_TEST_CASE(a_token_that_does_not_live_is_none)
{
    for (const auto* life : {"0", "-1", "\"7200\"", "1e99", "null", "99999999999"})
        BOOST_CHECK_THROW(read(std::string{R"({"access_token":"t","expires_in":)"} + life + "}"),
                          Unusable);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_one)
{
    BOOST_CHECK_EXCEPTION(read(R"({"errcode":40125,"errmsg":"invalid appsecret"})"), Refused,
                          [](const Refused& refused) {
                              return refused.errcode == 40125 && refused.api == Api::Token;
                          });
}

BOOST_AUTO_TEST_SUITE_END()
