#include "session/paseto.hh"

#include "../../vectors.hh"

using namespace onlogin;

namespace {

const std::string hex_key = "707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f";

bool opens(const LocalKey& key, std::string_view token, std::string_view assertion = {})
{
    return paseto_open(key, token, assertion).has_value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(paseto)

BOOST_AUTO_TEST_CASE(published_tokens_are_made_and_opened)
{
    int good = 0;
    for (const auto& test : read_vectors("paseto-v3.local.json")) {
        if (test["expect-fail"].asBool())
            continue;
        BOOST_TEST_CONTEXT(test["name"].asString())
        {
            const auto key = key_from_hex(test["key"].asString());
            const auto token = test["token"].asString();
            const auto payload = test["payload"].asString();
            const auto footer = test["footer"].asString();
            const auto assertion = test["implicit-assertion"].asString();
            BOOST_TEST(paseto_seal_with_nonce(from_hex(test["nonce"].asString()), key, payload,
                                              footer, assertion) == token);
            const auto opened = paseto_open(key, token, assertion);
            BOOST_REQUIRE(opened);
            BOOST_TEST(opened->payload.reveal() == payload);
            BOOST_TEST(opened->footer == footer);
            BOOST_TEST(!opens(key, token, assertion + ' '));
            ++good;
        }
    }
    BOOST_TEST(good == 9);
}

BOOST_AUTO_TEST_CASE(published_bad_tokens_are_refused)
{
    int bad = 0;
    for (const auto& test : read_vectors("paseto-v3.local.json")) {
        if (!test["expect-fail"].asBool())
            continue;
        // One of them comes with keys of v3.public alone, which cannot become a key of ours.
        const auto key = key_from_hex(test.get("key", hex_key).asString());
        BOOST_TEST(!opens(key, test["token"].asString(), test["implicit-assertion"].asString()),
                   test["name"].asString());
        for (const auto* other : {"public-key", "secret-key"})
            if (test.isMember(other))
                BOOST_CHECK_THROW(key_from_hex(test[other].asString()), std::invalid_argument);
        ++bad;
    }
    BOOST_TEST(bad == 5);
}

BOOST_AUTO_TEST_CASE(what_is_sealed_comes_back)
{
    const auto key = LocalKey::random();
    for (const auto& payload : {std::string{}, std::string{"{}"}, std::string(3000, 'x')})
        for (const std::string footer : {"", "f", "not a secret"}) {
            const auto opened = paseto_open(key, paseto_seal(key, payload, footer));
            BOOST_REQUIRE(opened);
            BOOST_TEST(opened->payload.reveal() == payload);
            BOOST_TEST(opened->footer == footer);
        }
    BOOST_TEST(paseto_seal(key, "the same") != paseto_seal(key, "the same"));
}

BOOST_AUTO_TEST_CASE(another_key_does_not_open_it)
{
    const auto token = paseto_seal(LocalKey::random(), "payload", "footer");
    BOOST_TEST(!opens(LocalKey::random(), token));
}

BOOST_AUTO_TEST_CASE(no_other_text_is_the_same_token)
{
    const auto key = key_from_hex(hex_key);
    for (const std::string footer : {"", "{\"kid\":\"x\"}"}) {
        const auto token = paseto_seal(key, "{\"sub\":\"a\"}", footer);
        BOOST_TEST(opens(key, token));
        for (std::size_t i = 0; i < token.size(); ++i) {
            BOOST_TEST(!opens(key, token.substr(0, i)), "cut at " << i);
            for (int bit = 0; bit < 8; ++bit) {
                auto other = token;
                other[i] = static_cast<char>(other[i] ^ 1 << bit);
                BOOST_TEST(!opens(key, other), "bit " << bit << " of " << i);
            }
        }
        for (const auto* more : {"A", "=", ".", ".A", "..", " ", "\n", "AAAA"})
            BOOST_TEST(!opens(key, token + more), more);
        BOOST_TEST(!opens(key, ' ' + token));
    }
}

BOOST_AUTO_TEST_CASE(another_header_is_another_token)
{
    const auto key = key_from_hex(hex_key);
    const auto token = paseto_seal(key, "payload");
    const auto rest = token.substr(std::string{"v3.local."}.size());
    BOOST_TEST(opens(key, "v3.local." + rest));
    for (const auto* header : {"", "v3", "v3.", "v3.local", "v3.public.", "v1.local.", "v2.local.",
                               "v4.local.", "v4.public.", "V3.local.", "v3.Local.", "v3c.local.",
                               "k3.local.", "k3.local-wrap.pie.", "v3.local.."})
        BOOST_TEST(!opens(key, header + rest), header);
}

BOOST_AUTO_TEST_CASE(footer_and_assertion_are_vouched_for)
{
    const auto key = key_from_hex(hex_key);
    const auto token = paseto_seal(key, "payload", "footer", "assertion");
    BOOST_TEST(opens(key, token, "assertion"));
    BOOST_TEST(!opens(key, token));
    BOOST_TEST(!opens(key, token, "assertion "));
    BOOST_TEST(!opens(key, token.substr(0, token.rfind('.')), "assertion"));
    BOOST_TEST(!opens(key, token.substr(0, token.rfind('.')) + ".Zm9v", "assertion"));
    // What moves from one to the other is seen.
    BOOST_TEST(!opens(key, paseto_seal(key, "payload", "ab", "c"), "bc"));
}

BOOST_AUTO_TEST_CASE(a_token_is_as_short_as_a_request_can_carry)
{
    const auto key = key_from_hex(hex_key);
    const auto longest = paseto_seal(key, std::string(6057, 'x'));
    BOOST_TEST(longest.size() == longest_token);
    BOOST_TEST(opens(key, longest));
    BOOST_CHECK_THROW(paseto_seal(key, std::string(6058, 'x')), std::length_error);
    BOOST_TEST(!opens(key, "v3.local." + std::string(10'000, 'A')));
    BOOST_TEST(!opens(key, std::string(10'000, '.')));
}

BOOST_AUTO_TEST_CASE(a_key_and_a_nonce_have_32_bytes)
{
    for (const std::size_t size : {0, 31, 33, 64})
        BOOST_CHECK_THROW(LocalKey{Secret{std::string(size, 'k')}}, std::invalid_argument);
    const auto key = key_from_hex(hex_key);
    BOOST_CHECK_THROW(paseto_seal_with_nonce(std::string(31, 'n'), key, "", "", ""),
                      std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
