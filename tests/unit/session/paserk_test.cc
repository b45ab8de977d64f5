#include "session/paserk.hh"

#include "../../vectors.hh"

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(paserk)

BOOST_AUTO_TEST_CASE(published_ids_of_keys)
{
    int tests = 0;
    for (const auto& test : read_vectors("paserk-k3.lid.json")) {
        const auto hex = test["key"].asString();
        if (test["expect-fail"].asBool())
            BOOST_CHECK_THROW(key_from_hex(hex), std::invalid_argument);
        else
            BOOST_TEST(k3_lid(key_from_hex(hex)) == test["paserk"].asString());
        ++tests;
    }
    BOOST_TEST(tests == 4);
}

BOOST_AUTO_TEST_CASE(the_key_that_the_specification_shows)
{
    const std::string text = "k3.local.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8";
    const auto key =
        key_from_hex("707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f");
    BOOST_TEST(write_k3_local(key).reveal() == text);
    BOOST_TEST((read_k3_local(text)->bytes().reveal() == key.bytes().reveal()));
}

BOOST_AUTO_TEST_CASE(what_is_no_key_of_v3_local_is_refused)
{
    const auto good = write_k3_local(LocalKey::random()).reveal();
    const auto rest = good.substr(std::string{"k3.local."}.size());
    BOOST_TEST(read_k3_local(good).has_value());
    for (const auto* header :
         {"", "k3.", "k1.local.", "k2.local.", "k4.local.", "K3.local.", "k3.lid.", "k3.secret.",
          "k3.public.", "k3.local-wrap.pie.", "k3.local-pw.", "k3.seal.", "v3.local."})
        BOOST_TEST(!read_k3_local(header + rest), header);
    for (std::size_t i = 0; i < good.size(); ++i)
        BOOST_TEST(!read_k3_local(good.substr(0, i)), i);
    for (const auto* more : {"=", " ", "\n", "A", "AAA", "AAAA", "."})
        BOOST_TEST(!read_k3_local(good + more), more);
    BOOST_TEST(!read_k3_local(k3_lid(LocalKey::random())));
}

BOOST_AUTO_TEST_SUITE_END()
