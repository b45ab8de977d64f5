#include "base/crypto.hh"

#include "../../encrypted.hh"
#include "../../vectors.hh"

#include <set>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(crypto)

// https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values
BOOST_AUTO_TEST_CASE(sha384_of_the_example_of_nist)
{
    BOOST_TEST((sha384("abc").view() ==
                from_hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                         "8086072ba1e7cc2358baeca134c825a7")));
}

BOOST_AUTO_TEST_CASE(hmac_of_rfc_4231_in_any_parts_and_again)
{
    const HmacSha384 code{"Jefe"};
    const auto expected =
        from_hex("af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                 "8e2240ca5e69e2c78b3239ecfab21649");
    BOOST_TEST((code({"what do ya want for nothing?"}).view() == expected));
    BOOST_TEST((code({"what do ya ", "", "want for nothing?"}).view() == expected));
    BOOST_TEST((code({"what do ya want for nothing!"}).view() != expected));
    const HmacSha384 long_key{std::string(131, '\xaa')};
    BOOST_TEST((long_key({"Test Using Larger Than Block-Size Key - Hash Key First"}).view() ==
                from_hex("4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
                         "0c2ef6ab4030fe8296248df163f44952")));
}

// SP 800-38A, F.5.5
BOOST_AUTO_TEST_CASE(aes_counts_on_from_block_to_block_both_ways)
{
    const auto key = from_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    const auto counter = from_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    const auto plain = from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    const auto cipher =
        from_hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");
    BOOST_TEST((aes_256_ctr(key, counter, plain) == cipher));
    BOOST_TEST((aes_256_ctr(key, counter, cipher) == plain));
    BOOST_TEST((aes_256_ctr(key, counter, plain.substr(0, 21)) == cipher.substr(0, 21)));
    BOOST_TEST(aes_256_ctr(key, counter, "").empty());
    BOOST_CHECK_THROW(aes_256_ctr(key.substr(1), counter, plain), CryptoError);
    BOOST_CHECK_THROW(aes_256_ctr(key, counter.substr(1), plain), CryptoError);
}

BOOST_AUTO_TEST_CASE(random_bytes_do_not_come_twice)
{
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i)
        BOOST_TEST(seen.insert(random_bytes(16)).second);
    BOOST_TEST(random_bytes(0).empty());
}

BOOST_AUTO_TEST_CASE(texts_are_equal_when_length_and_contents_are)
{
    BOOST_TEST(equal_in_constant_time("", ""));
    BOOST_TEST(equal_in_constant_time("abc", "abc"));
    BOOST_TEST(!equal_in_constant_time("abc", "abd"));
    BOOST_TEST(!equal_in_constant_time("abc", "ab"));
    BOOST_TEST(!equal_in_constant_time("", "a"));
}

// FIPS 180, and RFC 4231, cases 1, 2 and 6
BOOST_AUTO_TEST_CASE(what_wechat_signs_with)
{
    const auto abc = from_hex("a9993e364706816aba3e25717850c26c9cd0d89d");
    BOOST_TEST((sha1({"abc"}) == abc));
    BOOST_TEST((sha1({"a", "", "bc"}) == abc));
    BOOST_TEST((sha1({}) == from_hex("da39a3ee5e6b4b0d3255bfef95601890afd80709")));
    BOOST_TEST((hmac_sha256(std::string(20, '\x0b'), "Hi There") ==
                from_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")));
    BOOST_TEST((hmac_sha256("Jefe", "what do ya want for nothing?") ==
                from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")));
    BOOST_TEST((hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First") ==
                from_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")));
}

// SP 800-38A, F.2.1, and a block of padding
BOOST_AUTO_TEST_CASE(aes_cbc_is_undone_and_its_padding_seen)
{
    const auto key = from_hex("2b7e151628aed2a6abf7158809cf4f3c");
    const auto iv = from_hex("000102030405060708090a0b0c0d0e0f");
    const auto plain = from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    const auto cipher = aes_128_cbc_encrypted(key, iv, plain);
    BOOST_TEST((cipher.substr(0, 32) ==
                from_hex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2")));
    const auto padded = plain + std::string(16, '\x10');
    BOOST_TEST((aes_128_cbc_decrypted(key, iv, cipher).value().reveal() == padded));
    BOOST_TEST((without_padding(padded, 16).value() == plain));
    for (const auto& bad : {cipher.substr(1), cipher + "x", std::string{}})
        BOOST_TEST(!aes_128_cbc_decrypted(key, iv, bad));
    BOOST_CHECK_THROW(aes_128_cbc_decrypted(key.substr(1), iv, cipher), CryptoError);
    BOOST_CHECK_THROW(aes_128_cbc_decrypted(key, iv + "x", cipher), CryptoError);
}

BOOST_AUTO_TEST_CASE(padding_is_its_own_length_at_most_a_block)
{
    const std::string block(16, '\x10');
    BOOST_TEST(without_padding("abc\x01", 16).value() == "abc");
    BOOST_TEST(without_padding("a\x03\x03\x03", 16).value() == "a");
    BOOST_TEST(without_padding(block, 16).value() == "");
    BOOST_TEST(without_padding(std::string(32, '\x20'), 32).value() == "");
    for (const auto& bad :
         {std::string{}, std::string{"abc"}, std::string(16, '\0'), std::string{"abc\x04\x03"},
          std::string{"\x02\x03\x03"}, block.substr(1), std::string(17, '\x11')})
        BOOST_TEST(!without_padding(bad, 16), bad);
}

BOOST_AUTO_TEST_SUITE_END()
