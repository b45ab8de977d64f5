#include "wechat/user_data.hh"

#include "../../encrypted.hh"
#include "../../vectors.hh"
#include "base/base64.hh"
#include "base/encode.hh"
#include "base/json.hh"
#include "wechat/errors.hh"

#include <algorithm>
#include <functional>

using namespace onlogin;
using std::chrono::seconds;

namespace {

const Json::Value& published()
{
    static const auto file = read_vector_file("wechat.json");
    return file;
}

std::string sample(const char* name)
{
    return published()["decrypt"][name].asString();
}

const std::string appid = "wx4f4bc4dec97d474b";
const std::string key = "tiihtNczf5v6AKRyjwEUhQ==";
const std::string iv = "r7BXXKkLb8qrSNn05n0qiA==";

std::string encrypted(std::string_view text, bool padding = true)
{
    return to_base64(aes_128_cbc_encrypted(base64_decode(key).value(), base64_decode(iv).value(),
                                           text, padding));
}

UserData open(const std::string& data, const std::string& start = iv, const std::string& with = key,
              const std::string& app = appid)
{
    return open_user_data(Secret{with}, data, start, app);
}

UserData open_text(std::string_view text)
{
    return open(encrypted(text));
}

std::string watermarked(const std::string& timestamp)
{
    return R"({"watermark":{"appid":")" + appid + R"(","timestamp":)" + timestamp + "}}";
}

// What became of `call`: "ok", "400" with the text for the client, or "401" with the cause for the
// log.
std::string outcome(const std::function<void()>& call)
{
    try {
        call();
        return "ok";
    } catch (const BadUserData& error) {
        return std::string{"400 "} + error.what();
    } catch (const StaleSession& error) {
        return "401 " + error.cause;
    }
}

const std::string key_does_not_fit = "401 the session_key does not fit the data";
const std::string no_key = "401 no session_key in the token";
const std::string odd_key = "401 the session_key is not 16 bytes in base64";

void check_damaged(const std::string& data, const std::string& start = iv)
{
    BOOST_TEST(outcome([&] { open(data, start); }).starts_with("400 "), data);
}

void check_does_not_fit(std::string_view text, bool padding = true)
{
    BOOST_TEST(outcome([&] { open(encrypted(text, padding)); }) == key_does_not_fit, text);
}

// The key fits, and `word` says what does not.
void check_odd(std::string_view text, std::string_view word, bool padding = true)
{
    const auto came = outcome([&] { open(encrypted(text, padding)); });
    BOOST_TEST(came.starts_with("400 "), came);
    BOOST_TEST(came.find(word) != came.npos, came);
}

// `more` before the rest of what watermarked("1") holds.
std::string with(std::string_view more)
{
    return "{" + std::string{more} + "," + watermarked("1").substr(1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(user_data)

BOOST_AUTO_TEST_CASE(the_published_sample_opens)
{
    const auto user =
        open(sample("encryptedData"), sample("iv"), sample("sessionKey"), sample("appId"));
    BOOST_TEST(user.text.reveal() == sample("plaintext"));
    BOOST_TEST(user.object["openId"].asString() == "oGZUI0egBJY1zhBYw2KhdUfwVJJE");
    BOOST_TEST(user.object["watermark"]["timestamp"].asInt() == 1477314187);
    BOOST_TEST(encrypted(sample("plaintext")) == sample("encryptedData"));
}

BOOST_AUTO_TEST_CASE(what_the_sdks_refuse_is_refused)
{
    const auto& refused = published()["refused"];
    check_damaged(refused[0]["encryptedData"].asString());
    BOOST_TEST(outcome([&] {
                   open(refused[1]["encryptedData"].asString(), refused[1]["iv"].asString(),
                        refused[1]["sessionKey"].asString());
               }) == key_does_not_fit);
}

BOOST_AUTO_TEST_CASE(no_character_of_the_data_changes)
{
    for (const auto& more :
         {R"("n":123456789012345678901234567890,"m":18446744073709551615,"d":0.10)",
          R"("nickName":"小明 \ud83d\ude00 😀\/","b":1,"a":[1e2, -0])",
          R"("z":"\u0000\u001f","e":1e400)", R"("n":-1E-999,"m":1.7976931348623157e309)"}) {
        const auto text = with(more);
        BOOST_TEST(open_text(" " + text + "\n").text.reveal() == " " + text + "\n");
    }
}

BOOST_AUTO_TEST_CASE(base64_may_be_wrapped_into_lines)
{
    const auto data = sample("encryptedData");
    for (const auto* end : {"\n", "\r\n", "\r", "\n        ", "  \r\n\t", " \n \n "}) {
        std::string wrapped;
        for (std::size_t at = 0; at < data.size(); at += 32)
            wrapped += data.substr(at, 32) + end;
        BOOST_TEST(open(wrapped, end + iv).text.reveal() == sample("plaintext"));
    }
}

BOOST_AUTO_TEST_CASE(a_blank_is_a_plus_that_a_form_has_lost)
{
    auto data = sample("encryptedData"), start = to_base64("\xfb\xef\xbe~~~~~~~~~~~~~");
    BOOST_TEST(start.starts_with("++++"));
    BOOST_TEST(data.find('+') != data.npos);
    std::replace(data.begin(), data.end(), '+', ' ');
    BOOST_TEST(open(data).text.reveal() == sample("plaintext"));
    // Another iv changes the first block alone.
    const auto mask = base64_decode(iv).value();
    auto text = sample("plaintext");
    for (std::size_t i = 0; i < 16; ++i)
        text[i] = static_cast<char>(text[i] ^ mask[i] ^ base64_decode(start).value()[i]);
    const auto same = encrypted(text);
    std::replace(start.begin(), start.end(), '+', ' ');
    BOOST_TEST(open(same, start).text.reveal() == sample("plaintext"));
}

BOOST_AUTO_TEST_CASE(what_is_not_base64_is_damaged)
{
    const auto data = sample("encryptedData");
    for (const auto* odd : {"=", "====", "A===", "AB==CD==", "*AAA", "AAA",
                            "A=A=", "AAAB=", "\xc3\xa9", "%2B", "AAAA=", " ", "\t"})
        check_damaged(odd);
    check_damaged(data + " ");
    check_damaged(" " + data);
    check_damaged(data + "=");
    check_damaged("\t" + data);
    check_damaged(data.substr(0, 10) + "\t" + data.substr(10));
    check_damaged(data + std::string(1, '\0'));
    check_damaged(std::string{data}.replace(3, 1, "-"));
    check_damaged(std::string{data}.replace(3, 1, "_"));
    check_damaged(data.substr(0, data.size() - 2));
    for (const auto* odd : {"*", "r7BXXKkLb8qrSNn05n0qiA", "r7BXXKkLb8qrSNn05n0qiA=",
                            "r7BXXKkLb8qrSNn05n0qiB=="}) // bits behind the last byte
        check_damaged(data, odd);
}

BOOST_AUTO_TEST_CASE(what_is_not_whole_blocks_is_damaged)
{
    const auto data = sample("encryptedData");
    for (const auto& odd :
         {std::string{}, std::string{"\n"}, std::string{"AAAA"}, "aaaa" + data, data.substr(0, 60),
          to_base64(std::string(15, 'x')), to_base64(std::string(17, 'x'))})
        check_damaged(odd);
    for (const auto& odd : {std::string{}, std::string{"\r\n"}, to_base64(std::string(15, 'x')),
                            to_base64(std::string(17, 'x')), to_base64(std::string(32, 'x'))})
        check_damaged(data, odd);
}

BOOST_AUTO_TEST_CASE(a_key_that_does_not_fit_sends_to_the_login)
{
    const auto data = sample("encryptedData");
    const auto with = [&](const std::string& other) {
        return outcome([&] { open(data, iv, other); });
    };
    BOOST_TEST(with("AAAAAAAAAAAAAAAAAAAAAA==") == key_does_not_fit);
    BOOST_TEST(with("") == no_key);
    for (const auto* odd : {"AAAA", "tiihtNczf5v6AKRyjwEUhQ", "tiihtNczf5v6AKRyjwEUhQ===",
                            "tiihtNczf5v6AKRyjwEUhR==", "********", "=="})
        BOOST_TEST(with(odd) == odd_key, odd);
    // What is damaged is so with any key.
    check_damaged("x");
    BOOST_TEST(outcome([&] { open("x", iv, ""); }).starts_with("400 "));
}

BOOST_AUTO_TEST_CASE(what_comes_to_nothing_does_not_fit_and_what_was_cut_is_cut)
{
    const auto good = watermarked("1");
    const std::string whole = good.substr(0, good.size() - 1) + std::string(64, ' ');
    const auto padded = [&](const std::string& end) { // what fills the last block
        const auto text = whole.substr(0, (whole.size() / 16) * 16 - end.size() - 1);
        return text + "}" + end;
    };
    BOOST_TEST(open(encrypted(padded("\x01"), false)).object.isObject());
    BOOST_TEST(open(encrypted(padded(std::string(16, '\x10')), false)).object.isObject());
    for (const auto& end : {std::string(1, '\0'), std::string{"\x02"}, std::string{"\x03\x02"},
                            std::string{"\x11"}, std::string{"\xff"}, std::string(17, '\x11')})
        check_odd(padded(end), "cut or damaged", false);         // the key has opened it
    check_does_not_fit(std::string(15, '\x9c') + '\x01', false); // garbage, padded by chance
    check_does_not_fit(std::string(14, 'x') + "\x02\x02", false);
    check_does_not_fit(std::string(16, '\x10'), false); // nothing at all
}

BOOST_AUTO_TEST_CASE(what_is_nothing_like_an_object_does_not_fit)
{
    for (const auto& text : {std::string{}, std::string{"x"}, std::string{"{"}, std::string{"{\"a"},
                             std::string{"[1,"}, std::string{"{{"}, std::string(5000, '{')})
        check_does_not_fit(text);
}

BOOST_AUTO_TEST_CASE(strings_may_hold_anything)
{
    const auto name = [](std::string_view bytes) {
        const auto user = open_text(with("\"nickName\":\"" + std::string{bytes} + "\""));
        BOOST_TEST(is_utf8(user.text.reveal()));
        BOOST_TEST((parse_json(user.text.reveal()).value() == user.object));
        const auto& text = user.text.reveal();
        return text.substr(13, text.find("\",\"watermark") - 13);
    };
    BOOST_TEST(name("a\x14"
                    "b") == R"(a\u0014b)");
    BOOST_TEST(name("a\nb\r") == R"(a\u000ab\u000d)");
    BOOST_TEST(name(std::string_view{"\0", 1}) == R"(\u0000)");
    BOOST_TEST(name("\xff") == R"(\ufffd)");
    BOOST_TEST(name("\xed\xa0\xbd") == R"(\ufffd\ufffd\ufffd)");
    BOOST_TEST(name("\xf0\x9f") == R"(\ufffd)");
    BOOST_TEST(name(R"(\ud83d)") == R"(\ufffd)");
    BOOST_TEST(name(R"(\ude00)") == R"(\ufffd)");
    BOOST_TEST(name("\u2028\u2029") == R"(\u2028\u2029)");
    BOOST_TEST(open_text("\xef\xbb\xbf" + watermarked("1")).text.reveal() == watermarked("1"));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_what_the_key_opens_is_said)
{
    const auto good = watermarked("1");
    check_odd("[" + good + "]", "not an object");
    for (const auto* text : {"[]", "1", "\"x\"", "null", "true"})
        check_odd(text, "not an object");
    for (const auto& text : {good + "x", good + good, good + std::string(1, '\0'), good + "//"})
        check_odd(text, "behind the object");
    check_odd(with(R"("n":1,"n":1)"), "twice");
    check_odd(with(R"("watermark":{})"), "twice");
    check_odd(with("\"\xff\":1,\"\xfe\":1"), "twice"); // both become one name
    check_odd(with("\"n\":" + std::string(100, '[') + std::string(100, ']')), "deeper than 32");
    check_odd("{\"n\":" + std::string(5000, '['), "deeper than 32");
    for (const auto& text : {good.substr(0, good.size() - 1), with(R"("n":01)"), with(R"("n":)"),
                             with(R"("n":"\x14")"), with("\"n\":\"\\\n\""), with("\xff\"n\":1"),
                             "{'a':1," + good.substr(1)})
        check_odd(text, text[1] == '"' ? "not JSON" : "beginning");
    check_odd(good.substr(1), "beginning");
}

BOOST_AUTO_TEST_CASE(an_iv_or_a_part_of_other_data_is_no_wrong_key)
{
    const auto data = sample("encryptedData"), bytes = base64_decode(data).value();
    const auto came = outcome([&] { open(data, to_base64(std::string(16, '\xa5'))); });
    BOOST_TEST(came.find("iv and encryptedData") != came.npos, came);
    for (std::size_t cut = 16; cut < bytes.size() - 16; cut += 16) {
        const auto begin = outcome([&] { open(to_base64(bytes.substr(0, cut))); });
        BOOST_TEST(begin.find("cut or damaged") != begin.npos, begin);
        if (cut < 300) { // its watermark is at the end
            const auto end = outcome([&] { open(to_base64(bytes.substr(cut))); });
            BOOST_TEST(end.starts_with("400 "), end);
        }
    }
}

BOOST_AUTO_TEST_CASE(data_of_another_mini_program_is_refused)
{
    const auto opens = [](const std::string& text) { return outcome([&] { open_text(text); }); };
    BOOST_TEST(opens(watermarked("1")) == "ok");
    for (const auto* text :
         {"{}", R"({"watermark":null})", R"({"watermark":"wx4f4bc4dec97d474b"})",
          R"({"watermark":["wx4f4bc4dec97d474b"]})", R"({"watermark":{}})",
          R"({"watermark":{"appid":"wx4f4bc4dec97d474c","timestamp":1}})",
          R"({"watermark":{"appid":"","timestamp":1}})",
          R"({"watermark":{"appid":"wx4f4bc4dec97d474b ","timestamp":1}})",
          R"({"watermark":{"appid":"wx4f4bc4dec97d474b\u0000","timestamp":1}})",
          R"({"watermark":{"appid":["wx4f4bc4dec97d474b"],"timestamp":1}})",
          R"({"watermark":{"appid":1,"timestamp":1}})", R"({"appid":"wx4f4bc4dec97d474b"})",
          R"({"x":{"watermark":{"appid":"wx4f4bc4dec97d474b","timestamp":1}}})"})
        BOOST_TEST(opens(text).starts_with("400 "), text);
    for (const auto* other : {"", "wx0"}) {
        const auto came = outcome([&] { open(sample("encryptedData"), iv, key, other); });
        BOOST_TEST(came.find("not of this mini program") != came.npos, came);
    }
}

BOOST_AUTO_TEST_CASE(data_is_good_for_a_while)
{
    const auto at = [](long long second) { return Time{} + seconds{1477314187 + second}; };
    const auto user = open(sample("encryptedData"));
    const auto age = [&](Time now, seconds limit = seconds{300}) {
        return outcome([&] { check_age(user, now, limit); });
    };
    const std::string old = "401 user data older than session.watermark_age_s";
    const std::string early = "400 the data is from the future: is the clock of this host right?";
    BOOST_TEST(age(at(0)) == "ok");
    BOOST_TEST(age(at(300)) == "ok");
    BOOST_TEST(age(at(300) + std::chrono::milliseconds{999}) == "ok");
    BOOST_TEST(age(at(301)) == old);
    BOOST_TEST(age(at(-300)) == "ok");
    BOOST_TEST(age(at(-301)) == early);
    BOOST_TEST(age(at(301), seconds{31'536'000}) == "ok");
    BOOST_TEST(age(at(2), seconds{1}) == old);
}

BOOST_AUTO_TEST_CASE(a_time_is_a_whole_number)
{
    const auto now = Time{} + seconds{1000};
    const auto age = [&](const std::string& text) {
        return outcome([&] { check_age(open_text(text), now, seconds{300}); }).substr(0, 3);
    };
    BOOST_TEST(age(watermarked("1000")) == "ok");
    for (const auto* odd :
         {"1000.0", "1e3", "\"1000\"", "null", "true", "[1000]", "{}", "18446744073709551615",
          "9223372036854775808", "1000000000000000000000000", "1e400", "-1e400",
          "9223372036854775807", "1000000" /* milliseconds */})
        BOOST_TEST(age(watermarked(odd)) == "400", odd);
    for (const auto* odd : {"0", "-1", "-9223372036854775808"})
        BOOST_TEST(age(watermarked(odd)) == "401", odd);
    BOOST_TEST(age(R"({"watermark":{"appid":"wx4f4bc4dec97d474b"}})") == "400");
}

BOOST_AUTO_TEST_CASE(the_published_signatures_hold_and_no_others)
{
    for (const auto& row : published()["rawdata_signature"]) {
        const Secret session_key{row["session_key"].asString()};
        const auto raw = row["rawData"].asString(), signature = row["signature"].asString();
        const auto check = [](const Secret& with, std::string_view text, std::string_view hex) {
            return outcome([&] { check_raw_data(with, text, hex); });
        };
        const auto bad = check(session_key, raw, "x");
        BOOST_TEST(bad.starts_with("400 the parameters rawData and signature "));
        BOOST_TEST(check(session_key, raw, signature) == "ok");
        for (std::size_t bit = 0; bit < 160; ++bit) {
            auto bytes = from_hex(signature);
            bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
            BOOST_TEST(check(session_key, raw, to_hex(bytes)) == bad);
        }
        auto capitals = signature;
        std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                       [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
        for (const auto& odd : {capitals, signature.substr(1), signature + "0", std::string{},
                                from_hex(signature), " " + signature})
            BOOST_TEST(check(session_key, raw, odd) == bad, odd);
        BOOST_TEST(check(session_key, raw + " ", signature) == bad);
        BOOST_TEST(check(Secret{key}, raw, signature) == bad);
        BOOST_TEST(check(Secret{}, raw, to_hex(from_hex(signature))) == no_key);
    }
}

BOOST_AUTO_TEST_CASE(the_published_codes_are_made_with_the_key_as_text)
{
    for (const auto& row : published()["hmac_sha256"])
        BOOST_TEST(user_signature(Secret{row["session_key"].asString()},
                                  row["message"].asString()) == row["signature"].asString());
    BOOST_TEST(user_signature(Secret{key}, std::string_view{"a\0b", 3}) !=
               user_signature(Secret{key}, "a"));
    BOOST_TEST(outcome([] { user_signature(Secret{}, "x"); }) == no_key);
}

BOOST_AUTO_TEST_CASE(no_error_holds_what_came)
{
    const auto text_of = [](const std::function<void()>& call) -> std::string {
        try {
            call();
        } catch (const StaleSession& error) {
            return error.what() + error.cause;
        } catch (const BadUserData& error) {
            return error.what();
        }
        return "";
    };
    const auto other = watermarked("1").replace(watermarked("1").find("wx4"), 3, "wx5");
    for (const auto& text :
         {text_of([] { open("c2VjcmV0*"); }), text_of([] { open("c2VjcmV0"); }),
          text_of([] { open_text("c2VjcmV0"); }), text_of([] { open_text("{\"c2VjcmV0\":"); }),
          text_of([] { open_text(with(R"("c2VjcmV0":1,"c2VjcmV0":1)")); }),
          text_of([&] { open(encrypted(other)); }),
          text_of([] { check_raw_data(Secret{"c2VjcmV0"}, "c2VjcmV0", "c2VjcmV0"); })}) {
        BOOST_TEST(text.size() > 20U);
        for (const auto* word : {"c2Vj", "secret", "wx4", "wx5", key.c_str()})
            BOOST_TEST(text.find(word) == text.npos, text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
