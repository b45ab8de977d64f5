#include "wechat/wechat.hh"

#include "https/errors.hh"
#include "wechat/errcodes.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

WechatIdentity read(const char* body)
{
    return read_code2session(read_answer(body, Api::Login));
}

Refused refusal(const char* body)
{
    try {
        read(body);
    } catch (const Refused& refused) {
        return refused;
    }
    BOOST_FAIL("not refused");
    throw std::logic_error{"unreachable"};
}

} // namespace

BOOST_AUTO_TEST_SUITE(wechat)

// Answers that were really seen, and one from the test data of wechatpy.
BOOST_AUTO_TEST_CASE(real_answers_are_understood)
{
    auto identity = read(
        R"({"session_key":"nzoqhc3OnwHzeTxJs+inbQ==","openid":"oVBkZ0aYgDMDIywRdgPW8-joxXc4"})");
    BOOST_TEST(identity.openid == "oVBkZ0aYgDMDIywRdgPW8-joxXc4");
    BOOST_TEST(identity.session_key.reveal() == "nzoqhc3OnwHzeTxJs+inbQ==");
    BOOST_TEST(identity.unionid == "");

    identity = read(
        R"({"session_key":"D1ZWEygStjuLCnZ9IN2l4Q==","expires_in":7200,)"
        R"("openid":"o16wA0b4AZKzgVJR3MBwoUdTfU_E","unionid":"or4zX05h_Ykt4ju0TUfx3CQsvfTo"})");
    BOOST_TEST(identity.unionid == "or4zX05h_Ykt4ju0TUfx3CQsvfTo");
}

BOOST_AUTO_TEST_CASE(an_escaped_slash_in_a_session_key_is_a_slash)
{
    const auto identity = read(R"({"session_key":"\/WZiVjagfNNOSvDRlIeT5A==","openid":"o"})");
    BOOST_TEST(identity.session_key.reveal() == "/WZiVjagfNNOSvDRlIeT5A==");
}

BOOST_AUTO_TEST_CASE(success_may_carry_errcode_zero_and_unknown_fields)
{
    for (const auto* body :
         {R"({"errcode":0,"errmsg":"ok","openid":"o","session_key":"k"})",
          R"({"errcode":"0","openid":"o","new":{"a":[1,2]}})", R"({"errcode":null,"openid":"o"})"})
        BOOST_TEST(read(body).openid == "o");
}

BOOST_AUTO_TEST_CASE(an_errcode_may_be_a_number_or_a_string)
{
    BOOST_TEST(refusal(R"({"errcode":40029,"errmsg":"invalid code"})").errcode == 40029);
    BOOST_TEST(refusal(R"({"errcode":"40029","errmsg":"invalid code"})").errcode == 40029);
    BOOST_TEST(refusal(R"({"errcode":-1,"openid":"o"})").errcode == -1);
    BOOST_TEST(refusal(R"({"errcode":-1009,"errmsg":"","openid":"","session_key":""})").errcode ==
               -1009);
}

BOOST_AUTO_TEST_CASE(the_rid_is_found_in_all_its_forms)
{
    BOOST_TEST(refusal(R"({"errcode":1,"errmsg":"x, rid: 66c69111-4157f271-729ca238"})").rid ==
               "66c69111-4157f271-729ca238");
    BOOST_TEST(refusal(R"({"errcode":1,"errmsg":"limit rid: 6303397c-165f2a7b-1fc0a118"})").rid ==
               "6303397c-165f2a7b-1fc0a118");
    BOOST_TEST(refusal(R"({"errcode":1,"errmsg":"x, hints: [ req_id: qEjdmsNre-EYNDhA ]"})").rid ==
               "qEjdmsNre-EYNDhA");
    BOOST_TEST(refusal(R"({"errcode":1,"errmsg":"no id here"})").rid == "");
    BOOST_TEST(refusal(R"({"errcode":1,"errmsg":7})").rid == "");
}

BOOST_AUTO_TEST_CASE(the_address_that_is_not_whitelisted_is_found)
{
    BOOST_TEST(refusal(R"({"errcode":40164,"errmsg":"invalid ip 47.1.2.3 ipv6 ::ffff:47.1.2.3, )"
                       R"(not in whitelist, rid: 61a5dd5a-34420827-1c178dac"})")
                   .address == "47.1.2.3");
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_unusable)
{
    for (const auto* body :
         {"", "null", "[]", "<html>", "{\"openid\":\"o\xff\"}", "{\"openid\":\"o\"", "{}",
          R"({"openid":""})", R"({"openid":7})", R"({"session_key":"k"})",
          R"({"errcode":true,"openid":"o"})", R"({"errcode":"x","openid":"o"})",
          R"({"errcode":40029.5})", R"({"openid":"a","openid":"b"})"})
        BOOST_CHECK_THROW(read(body), Unusable);
}

BOOST_AUTO_TEST_CASE(each_errcode_gets_the_answer_that_helps)
{
    struct Row
    {
        int errcode, status;
        Recover recover;
        int retry_after_s;
    };
    using enum Recover;
    for (const Row& row :
         {Row{-1, 503, Later, 2},    {40029, 401, Login, 0}, {40163, 401, Login, 0},
          {42003, 401, Login, 0},    {40226, 403, Never, 0}, {45011, 429, Later, 60},
          {45009, 429, Later, 3600}, {40013, 500, Never, 0}, {40125, 500, Never, 0},
          {40164, 500, Never, 0},    {40243, 500, Never, 0}, {41002, 500, Never, 0},
          {41004, 500, Never, 0},    {41008, 500, Never, 0}, {40002, 500, Never, 0},
          {48001, 500, Never, 0},    {50001, 500, Never, 0}, {50002, 500, Never, 0},
          {61003, 500, Never, 0},    {50003, 502, Login, 0}, {-1009, 502, Login, 0},
          {87009, 502, Login, 0}}) {
        const auto& found = find_errcode(row.errcode);
        BOOST_TEST(found.status == row.status, row.errcode);
        BOOST_TEST((found.recover == row.recover), row.errcode);
        BOOST_TEST(found.retry_after_s == row.retry_after_s, row.errcode);
        BOOST_TEST(!found.message.empty());
    }
}

BOOST_AUTO_TEST_CASE(what_the_operator_must_mend_comes_with_advice)
{
    for (const int errcode : {40013, 40125, 40164, 40243, 41002, 48001, 50001, 61003, 45009})
        BOOST_TEST(!find_errcode(errcode).advice.empty(), errcode);
    for (const int errcode : {-1, 40029, 40163, 42003, 40226, 45011})
        BOOST_TEST(find_errcode(errcode).advice.empty(), errcode);
}

BOOST_AUTO_TEST_CASE(the_same_errcode_means_what_was_asked_for)
{
    BOOST_TEST(find_errcode(40029, Api::Phone).status == 401);
    BOOST_TEST(find_errcode(40029, Api::Phone).message.find("getPhoneNumber") !=
               std::string_view::npos);
    BOOST_TEST(find_errcode(40001, Api::Token).status == 500);
    BOOST_TEST(find_errcode(40001, Api::Phone).status == 502);
    for (const auto api : {Api::Login, Api::Token, Api::Phone, Api::SessionKey}) {
        BOOST_TEST(find_errcode(40164, api).status == 500);
        BOOST_TEST(find_errcode(77777, api).status == 502);
    }
}

BOOST_AUTO_TEST_CASE(an_access_token_is_refused_only_where_one_was_sent)
{
    for (const int errcode : {40001, 40014, 42001}) {
        BOOST_TEST(refuses_access_token({Api::Phone, errcode, ""}));
        BOOST_TEST(refuses_access_token({Api::SessionKey, errcode, ""}));
        BOOST_TEST(!refuses_access_token({Api::Token, errcode, ""}));
        BOOST_TEST(!refuses_access_token({Api::Login, errcode, ""}));
    }
    BOOST_TEST(!refuses_access_token({Api::Phone, 40029, ""}));
}

BOOST_AUTO_TEST_SUITE_END()
