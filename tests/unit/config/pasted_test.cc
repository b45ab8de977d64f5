#include "config/pasted.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

const std::string secret = "0123456789abcdef0123456789abcdee";
const std::string appid = "wx0123456789abcdef";

} // namespace

BOOST_AUTO_TEST_SUITE(pasted)

BOOST_AUTO_TEST_CASE(an_appsecret_says_what_it_looks_like)
{
    const std::pair<std::string, std::string> table[] = {
        {"", "is empty"},
        {secret + secret, "is the same text twice: pasted once too often?"},
        {'"' + secret + '"', "stands in quotes: leave them out"},
        {'\'' + secret + '\'', "stands in quotes: leave them out"},
        {appid, "is the appid"},
        {"wxfedcba9876543210", "looks like an appid"},
        {"gh_0123456789ab", "looks like the original id (原始ID) of the account"},
        {"oGZUI0egBJY1zhBYw2KhdUfwVJJE", "looks like an openid or a unionid"},
        {"k3.local.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8", "looks like a session key"},
        {"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "looks like an EncodingAESKey"},
        {std::string(136, 'A') + "_x", "looks like an access token"},
        {"secrets/shop.secret", "looks like the name of a file"},
        {"/etc/onlogin/secret", "looks like the name of a file"},
        {"https://mp.weixin.qq.com", "looks like a URL"},
        {"secret=" + secret, "holds more than the AppSecret"},
        {"<" + secret + ">", "holds more than the AppSecret"},
        {"0123456789ABCDEF0123456789ABCDEF", "has capital letters: those of WeChat's are small"},
        {secret.substr(1), "has 31 characters, and WeChat's have 32"},
        {secret + "0", "has 33 characters, and WeChat's have 32"},
        {"z" + secret.substr(1), "has other characters than digits and letters from a to f"},
        {secret + " ", "has a blank or a line break in it: a space at character 33"},
        {"\u201c" + secret + "\u201d",
         "is no AppSecret: a curly quotation mark (U+201C) at character 1"},
        {secret + "\u200b", "is no AppSecret: a zero-width space (U+200B) at character 33"},
        {"********", "stands for an AppSecret, but is none"},
        {"<AppSecret>", "stands for an AppSecret, but is none"},
        {"xxxxxxxxxxxxxxxx", "stands for an AppSecret, but is none"},
        {"密", "is no AppSecret: a character that is not ASCII at character 1"},
    };
    for (const auto& [text, expected] : table)
        BOOST_TEST(appsecret_fault(text, appid, Vendor::Wechat) == expected);
    BOOST_TEST(appsecret_fault(secret, appid, Vendor::Wechat) == "");
    BOOST_TEST(appsecret_fault(std::string(32, '0'), appid, Vendor::Wechat) == "");
}

BOOST_AUTO_TEST_CASE(another_vendors_appsecret_may_have_another_form)
{
    for (const auto* good : {"dRuQWt5PWIUrCUJz", "0123456789ABCDEF0123456789ABCDEF", "0123abcd"})
        BOOST_TEST(appsecret_fault(good, "1101234567", Vendor::Another) == "", good);
    for (const auto* bad : {"1101234567", "\"dRuQWt5PWIUrCUJz\"", "secrets/qq.secret",
                            "dRuQWt5PWIUrCUJzdRuQWt5PWIUrCUJz", "dRuQ Wt5"})
        BOOST_TEST(appsecret_fault(bad, "1101234567", Vendor::Another) != "", bad);
    // A fake of WeChat has mini programs as a test makes them up.
    BOOST_TEST(appsecret_fault("wrong", appid, Vendor::Relay) == "");
    BOOST_TEST(appsecret_fault(secret.substr(1), appid, Vendor::Relay) != "");
}

BOOST_AUTO_TEST_CASE(an_appid_says_what_it_looks_like)
{
    const std::string must = "must be the appid of the mini program, like wx0123456789abcdef";
    const std::pair<std::string, std::string> table[] = {
        {"WX0123456789ABCDEF", must + ": its letters are small ones"},
        {"wx0123456789ABCDEF", must + ": its letters are small ones"},
        {"wx0123456789abcde", must + ": this has 17 characters, and WeChat's have 18"},
        {"wx0123456789abcdeg", must + ": behind wx there are 16 digits and letters from a to f"},
        {secret, must + ": this looks like an AppSecret"},
        {"oGZUI0egBJY1zhBYw2KhdUfwVJJE", must + ": this looks like an openid or a unionid"},
        {"1101234567", must + ": this looks like one of QQ, which needs \"url\": "
                              "\"https://api.q.qq.com\" beside it"},
        {"touristappid", must + ": this is what the developer tools use where there is none"},
        {appid + " ", must + ": a space is in it, at character 19"},
        {"\uff57x0123456789abcdef",
         must + ": a full-width letter or digit is in it, at character 1"},
        {"'" + appid + "'", must + ", without quotes inside the quotes"},
        {"you@example.com", must},
    };
    for (const auto& [text, expected] : table)
        BOOST_TEST(appid_fault(text, Vendor::Wechat) == expected);
    for (const auto* good : {"wx0123456789abcdef", "wx1"})
        BOOST_TEST(appid_fault(good, Vendor::Wechat) == "");
    for (const auto* good : {"1101234567", "WX0123456789ABCDEF", "tt0123456789abcdef01"})
        BOOST_TEST(appid_fault(good, Vendor::Another) == "");
    for (const auto& bad : {std::string{"gh_0123456789ab"}, secret})
        BOOST_TEST(appid_fault(bad, Vendor::Another) != "");
}

BOOST_AUTO_TEST_CASE(what_another_program_quotes_is_told_unless_it_may_be_a_secret)
{
    const std::pair<std::string, std::string> table[] = {
        {"[emerg] unknown directive \"lissten\" in /etc/nginx/x.conf:3",
         "[emerg] unknown directive \"lissten\" in /etc/nginx/x.conf:3"},
        {"unknown directive \"" + secret + "\" in x:1", "unknown directive \"…\" in x:1"},
        {"a \"b\" c \"http://user:hush@host\" d \"e", "a \"b\" c \"…\" d \"e"},
        {"", ""},
    };
    for (const auto& [said, told] : table)
        BOOST_TEST(without_secrets(said) == told);
}

BOOST_AUTO_TEST_CASE(nothing_is_told_of_the_value)
{
    for (const auto vendor : {Vendor::Wechat, Vendor::Relay, Vendor::Another})
        for (const auto& text :
             {secret + secret, '"' + secret + '"', secret + " ", secret + "\u200b", "x" + secret,
              "secret=" + secret, secret.substr(1)}) {
            BOOST_TEST(appsecret_fault(text, appid, vendor).find("6789abc") == std::string::npos);
            BOOST_TEST(appid_fault(text, vendor).find("0123456789abcdef0") == std::string::npos);
        }
}

BOOST_AUTO_TEST_SUITE_END()
