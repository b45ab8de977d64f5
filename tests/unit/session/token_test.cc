#include "session/token.hh"

#include "base/base64.hh"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <type_traits>

using namespace onlogin;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::string line = "k3.local.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8\n";
const std::string other_line = "k3.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
const SessionKeys keys{line, "keys"};
const Time noon = read_rfc3339("2026-11-22T12:00:00Z").value();
const std::string appid = "wx0123456789abcdef";
const std::string openid = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
const std::string session_key = "tiihtNczf5v6AKRyjwEUhQ==";

bool ours(std::string_view app)
{
    return app == appid;
}

Claims claims()
{
    return {openid, appid, "", Secret{session_key}, noon, noon + hours{2}, noon - hours{1}};
}

std::optional<OpenedToken> open(std::string_view token, Time at = noon)
{
    return open_token(keys, token, at, ours);
}

// What the claims of a good token stand for, to be changed.
using Members = std::map<std::string, std::string>;
Members members()
{
    return {{"iss", "\"onlogin\""},
            {"sub", '"' + openid + '"'},
            {"aud", '"' + appid + '"'},
            {"iat", "\"2026-11-22T12:00:00Z\""},
            {"exp", "\"2026-11-22T14:00:00Z\""}};
}

std::string member(const std::string& name, const std::string& value)
{
    return '"' + name + "\":" + value;
}

std::string json(const Members& from)
{
    std::string text;
    for (const auto& [name, value] : from)
        (text += text.empty() ? "{" : ",") += member(name, value);
    return text + '}';
}

// As somebody else with our key would make it.
std::string sealed(const std::string& payload, const std::string& footer = {})
{
    return paseto_seal(keys.sealing().key, payload, footer);
}

// Whether a token counts in which one claim is another.
bool counts_with(const std::string& name, const std::string& value, Time at = noon)
{
    auto changed = members();
    changed[name] = value;
    return open(sealed(json(changed)), at).has_value();
}

std::string quoted(const std::string& text)
{
    return '"' + text + '"';
}

} // namespace

BOOST_AUTO_TEST_SUITE(session_token)

BOOST_AUTO_TEST_CASE(what_is_sealed_is_opened)
{
    auto given = claims();
    given.unionid = "oUnion-_0";
    const auto token = seal_token(keys, given);
    BOOST_TEST(token.starts_with("v3.local."));
    BOOST_TEST(token.size() < 700U);
    const auto opened = open(token);
    BOOST_REQUIRE(opened);
    const auto& read = opened->claims();
    BOOST_TEST(read.openid == openid);
    BOOST_TEST(read.appid == appid);
    BOOST_TEST(read.unionid == "oUnion-_0");
    BOOST_TEST(read.session_key.reveal() == session_key);
    BOOST_TEST((read.issued == noon && read.expires == noon + hours{2} &&
                read.logged_in == noon - hours{1}));
    BOOST_TEST(read.id.size() == 22U);
    BOOST_TEST(base64url_decode(read.id).value().size() == 16U);
    BOOST_TEST(open(seal_token(keys, given))->claims().id != read.id);
    given.id = "chosen";
    BOOST_TEST(open(seal_token(keys, given))->claims().id == "chosen");
}

BOOST_AUTO_TEST_CASE(the_claims_are_those_that_other_libraries_read)
{
    auto given = claims();
    given.id = "j";
    given.unionid = "u";
    const auto unsealed = paseto_open(keys.sealing().key, seal_token(keys, given));
    BOOST_REQUIRE(unsealed);
    BOOST_TEST(unsealed->payload.reveal() ==
               "{\"iss\":\"onlogin\",\"sub\":\"" + openid + "\",\"aud\":\"" + appid +
                   "\",\"iat\":\"2026-11-22T12:00:00.000Z\",\"exp\":\"2026-11-22T14:00:00.000Z\","
                   "\"auth_time\":\"2026-11-22T11:00:00.000Z\",\"jti\":\"j\",\"unionid\":\"u\","
                   "\"session_key\":\"" +
                   session_key + "\"}");
    BOOST_TEST(unsealed->footer ==
               "{\"kid\":\"k3.lid.5GB-DfqfPOIMr0-y4IV8323vrjMt3mZMh_R3J3raH38l\"}");
}

BOOST_AUTO_TEST_CASE(what_is_unknown_is_left_out)
{
    auto given = claims();
    given.session_key = Secret{};
    const auto token = seal_token(keys, given);
    const auto text = paseto_open(keys.sealing().key, token)->payload.reveal();
    BOOST_TEST(text.find("unionid") == text.npos);
    BOOST_TEST(text.find("session_key") == text.npos);
    BOOST_TEST(open(token)->claims().unionid.empty());
    BOOST_TEST(open(token)->claims().session_key.empty());
}

BOOST_AUTO_TEST_CASE(an_opened_token_is_made_in_one_place)
{
    static_assert(!std::is_default_constructible_v<OpenedToken>);
    static_assert(!std::is_constructible_v<OpenedToken, Claims>);
    static_assert(!std::is_aggregate_v<OpenedToken>);
}

BOOST_AUTO_TEST_CASE(no_other_text_counts)
{
    const auto token = seal_token(keys, claims());
    BOOST_TEST(open(token).has_value());
    for (std::size_t i = 0; i < token.size(); ++i) {
        BOOST_TEST(!open(token.substr(0, i)), "cut at " << i);
        BOOST_TEST(!open(token.substr(i + 1)), "begins behind " << i);
        for (const char c : {token[i] == 'A' ? 'B' : 'A', '\0', '=', '.', ' ', '\xff'})
            if (c != token[i]) {
                auto other = token;
                other[i] = c;
                BOOST_TEST(!open(other), "position " << i);
            }
    }
    for (const auto* text : {"", ".", "..", "...", "v3.local.", "v3.local..", "null", "{}"})
        BOOST_TEST(!open(text), text);
    BOOST_TEST(!open(std::string(10'240, 'A')));
    BOOST_TEST(!open(token + std::string(10'240, 'A')));
    BOOST_TEST(!open("v3.local." + std::string(10'240, 'A')));
}

BOOST_AUTO_TEST_CASE(other_keys_and_versions_do_not_count)
{
    const SessionKeys others{other_line, "keys"};
    BOOST_TEST(!open(seal_token(others, claims())));
    // The name of our key on it changes nothing.
    BOOST_TEST(!open(paseto_seal(others.sealing().key, json(members()), keys.sealing().footer)));
    auto token = seal_token(keys, claims());
    for (const auto* header : {"v4.local.", "v3.public.", "k3.local-wrap.pie."})
        BOOST_TEST(!open(header + token.substr(9)), header);
    // An assertion is a promise that was made to somebody else.
    BOOST_TEST(!open(paseto_seal(keys.sealing().key, json(members()), "", "assertion")));
}

BOOST_AUTO_TEST_CASE(keys_change_without_logging_anyone_out)
{
    const SessionKeys before{line, "keys"}, between{line + other_line, "keys"},
        after{other_line + line, "keys"}, later{other_line, "keys"};
    const auto old_token = seal_token(between, claims()), new_token = seal_token(after, claims());
    const auto opens = [](const SessionKeys& with, const std::string& token) {
        return open_token(with, token, noon, ours).has_value();
    };
    BOOST_TEST((opens(before, old_token) && !opens(before, new_token)));
    BOOST_TEST((opens(between, old_token) && opens(between, new_token)));
    BOOST_TEST((opens(after, old_token) && opens(after, new_token)));
    BOOST_TEST((!opens(later, old_token) && opens(later, new_token)));
}

BOOST_AUTO_TEST_CASE(the_footer_only_chooses_the_key)
{
    const SessionKeys both{other_line + line, "keys"};
    const auto& key = keys.sealing().key; // the second of them
    const auto opens = [&](const std::string& token) {
        return open_token(both, token, noon, ours).has_value();
    };
    for (const auto* footer :
         {"", "x", "{}", "[[[[", "{\"kid\":1}", "{\"kid\":\"k3.lid.x\"}",
          "{ \"kid\": \"k3.lid.5GB-DfqfPOIMr0-y4IV8323vrjMt3mZMh_R3J3raH38l\" }"})
        BOOST_TEST(opens(paseto_seal(key, json(members()), footer)), footer);
    BOOST_TEST(!opens(paseto_seal(key, json(members()), both.sealing().footer)),
               "it names another key");
    // Changed, it is not what was sealed.
    const auto token = seal_token(keys, claims());
    const auto body = token.substr(0, token.rfind('.'));
    for (const auto& footer : {std::string{}, std::string{"."}, std::string{".e30"},
                               '.' + both.sealing().encoded_footer})
        BOOST_TEST(!opens(body + footer), footer);
}

BOOST_AUTO_TEST_CASE(it_counts_from_its_time_to_its_end)
{
    const auto token = seal_token(keys, claims());
    BOOST_TEST(open(token, noon + hours{2} - milliseconds{1}).has_value());
    BOOST_TEST(!open(token, noon + hours{2}));
    BOOST_TEST(!open(token, noon + hours{2} + milliseconds{1}));
    BOOST_TEST(open(token, noon - seconds{60}).has_value());
    BOOST_TEST(!open(token, noon - seconds{60} - milliseconds{1}));
    for (const auto* name : {"iat", "nbf", "auth_time"}) {
        BOOST_TEST(counts_with(name, "\"2026-11-22T11:59:59Z\""), name);
        BOOST_TEST(counts_with(name, "\"2026-11-22T12:01:00Z\""), name);
        BOOST_TEST(!counts_with(name, "\"2026-11-22T12:01:00.001Z\""), name);
        BOOST_TEST(!counts_with(name, "\"9999-12-31T23:59:59Z\""), name);
    }
    BOOST_TEST(!counts_with("exp", "\"2026-11-22T12:00:00Z\""));
    BOOST_TEST(counts_with("exp", "\"2026-11-22T12:00:00.001Z\""));
    BOOST_TEST(counts_with("exp", "\"2026-11-22T20:00:00.5+07:59\""));
    BOOST_TEST(!counts_with("exp", "\"2026-11-22T13:59:59+02:00\""));
}

BOOST_AUTO_TEST_CASE(each_required_claim_is_there_and_of_its_type)
{
    BOOST_TEST(open(sealed(json(members()))).has_value());
    for (const auto& [name, value] : members()) {
        auto fewer = members();
        fewer.erase(name);
        BOOST_TEST(!open(sealed(json(fewer))), "without " << name);
        for (const auto& bad :
             {std::string{"null"}, std::string{"true"}, std::string{"1795348800"},
              std::string{"1e99"}, std::string{"\"\""}, '[' + value + ']', json({{name, value}})})
            BOOST_TEST(!counts_with(name, bad), name << ": " << bad);
    }
}

BOOST_AUTO_TEST_CASE(each_other_claim_is_of_its_type_where_it_is)
{
    for (const std::string name : {"unionid", "session_key", "jti", "nbf", "auth_time"})
        for (const auto* bad : {"null", "false", "7", "[]", "{}", "[\"2026-11-22T12:00:00Z\"]"})
            BOOST_TEST(!counts_with(name, bad), name << ": " << bad);
    for (const std::string name : {"nbf", "auth_time"})
        for (const auto* bad : {"\"\"", "\"now\"", "\"2026-11-22\""})
            BOOST_TEST(!counts_with(name, bad), name << ": " << bad);
    BOOST_TEST(counts_with("unionid", "\"\""));
    BOOST_TEST(counts_with("anything", "{\"else\":[1,2,3]}"));
}

BOOST_AUTO_TEST_CASE(other_issuers_and_apps_do_not_count)
{
    for (const auto* issuer : {"\"Onlogin\"", "\"onlogin \"", "\"onlogin2\"", "\"onlogin\\u0000\""})
        BOOST_TEST(!counts_with("iss", issuer), issuer);
    BOOST_TEST(!counts_with("aud", "\"wx9\""));
    BOOST_TEST(!open_token(keys, seal_token(keys, claims()), noon,
                           [](std::string_view) { return false; }));
}

BOOST_AUTO_TEST_CASE(what_becomes_a_header_is_one_line_of_visible_ascii)
{
    for (const std::string name : {"sub", "aud", "unionid", "jti", "session_key"}) {
        const std::string good = name == "aud" ? appid : "a";
        const auto counts = [&](const std::string& value) {
            auto changed = members();
            changed[name] = quoted(value);
            return open_token(keys, sealed(json(changed)), noon, [](auto) { return true; })
                .has_value();
        };
        BOOST_TEST(counts(good), name);
        for (const auto* bad : {"\\r", "\\n", "\\r\\nX-WX-OPENID: b", "\\u0000", "\\u0001", "\\t",
                                "\\u007f", "\\u0085", " ", "\xc2\x85", "\xe4\xbd\xa0", "\xff"})
            for (const auto& value : {good + bad, bad + good, std::string{bad}})
                BOOST_TEST(!counts(value), name << ": " << value);
        BOOST_TEST(counts(std::string(128, 'a')), name);
        BOOST_TEST(!counts(std::string(129, 'a')), name);
    }
}

BOOST_AUTO_TEST_CASE(the_payload_is_one_json_object)
{
    const auto good = json(members());
    for (const auto& bad :
         {std::string{}, std::string{"null"}, std::string{"[]"}, std::string{"\"x\""},
          std::string{"{}"}, '[' + good + ']', good + good, good + "x", good + '\0',
          good.substr(0, good.size() - 1), "// comment\n" + good,
          good.substr(0, good.size() - 1) + ",}", std::string(3000, '['), std::string{"not JSON"}})
        BOOST_TEST(!open(sealed(bad)), bad);
    BOOST_TEST(open(sealed(' ' + good + "\n")).has_value());
}

BOOST_AUTO_TEST_CASE(no_claim_comes_twice)
{
    const auto good = json(members());
    for (const auto& [name, value] : members()) {
        BOOST_TEST(!open(sealed('{' + member(name, value) + ',' + good.substr(1))), name);
    }
    // \u0073ub is sub
    BOOST_TEST(!open(sealed("{\"\\u0073ub\":\"b\"," + good.substr(1))));
}

BOOST_AUTO_TEST_CASE(a_token_of_another_issuer_can_be_ended_too)
{
    const auto token = sealed(json(members()));
    const auto opened = open(token);
    BOOST_REQUIRE(opened);
    BOOST_TEST(opened->claims().id.size() == 22U);
    BOOST_TEST(opened->claims().id == open(token)->claims().id);
    BOOST_TEST(opened->claims().id != open(sealed(json(members())))->claims().id);
    BOOST_TEST((opened->claims().logged_in == noon));
}

BOOST_AUTO_TEST_CASE(what_no_token_may_hold_is_not_sealed)
{
    for (std::string Claims::*text : {&Claims::openid, &Claims::unionid, &Claims::id})
        for (const auto& bad :
             {std::string{"a\r\nb"}, std::string(129, 'a'), std::string{"\xff"}}) {
            auto given = claims();
            given.*text = bad;
            BOOST_CHECK_THROW(seal_token(keys, given), UnfitClaims);
        }
    auto given = claims();
    given.openid.clear();
    BOOST_CHECK_THROW(seal_token(keys, given), UnfitClaims);
    given = claims();
    given.session_key = Secret{std::string(5000, 'k')};
    BOOST_CHECK_THROW(seal_token(keys, given), UnfitClaims);
}

BOOST_AUTO_TEST_SUITE_END()
