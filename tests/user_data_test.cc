#include "user_data.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

// WeChat's published sample.
const std::string appid = "wx4f4bc4dec97d474b";
const std::string key = "tiihtNczf5v6AKRyjwEUhQ==";
const std::string iv = "r7BXXKkLb8qrSNn05n0qiA==";
const std::string data =
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdb"
    "B+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1"
    "zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQa"
    "Qx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLI"
    "VWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsy"
    "l7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==";

std::optional<Json::Value> open(const std::string& with, const std::string& text,
                                const std::string& start = iv, const std::string& app = appid)
{
    return open_user_data(Secret{with}, text, start, app);
}

} // namespace

BOOST_AUTO_TEST_SUITE(user_data)

BOOST_AUTO_TEST_CASE(the_published_sample_opens)
{
    const auto user = open(key, data);
    BOOST_REQUIRE(user);
    BOOST_TEST((*user)["openId"].asString() == "oGZUI0egBJY1zhBYw2KhdUfwVJJE");
    BOOST_TEST((*user)["nickName"].asString() == "Band");
    BOOST_TEST((*user)["watermark"]["timestamp"].asInt() == 1477314187);
}

BOOST_AUTO_TEST_CASE(data_of_another_app_is_refused)
{
    BOOST_TEST(!open(key, data, iv, "wx4f4bc4dec97d474c"));
    BOOST_TEST(!open(key, data, iv, ""));
}

BOOST_AUTO_TEST_CASE(what_does_not_decrypt_is_refused)
{
    BOOST_TEST(!open(key, "aaaa" + data)); // published: no whole number of blocks
    BOOST_TEST(!open("7MG7jbTToVVRWRXVA885rg==", data, "TarMFjnzHVxy8pdS93wQbw=="));
    BOOST_TEST(!open(key, data.substr(0, data.size() - 24)));
    BOOST_TEST(!open(key, data.substr(64)));
    BOOST_TEST(!open(key, ""));
    BOOST_TEST(!open("", data));
    BOOST_TEST(!open(key, data, ""));
    BOOST_TEST(!open(key, data, "AAAA"));
    BOOST_TEST(!open("AAAA", data));
}

BOOST_AUTO_TEST_CASE(what_is_not_base64_is_refused)
{
    for (const auto* odd : {"=", "====", "A===", "AB==CD==", "*AAA", "AAA", "A A=", "\n"})
        BOOST_TEST(!open(key, odd), odd);
    BOOST_TEST(!open(key, data + "\n"));
    BOOST_TEST(!open(key + "=", data));
}

BOOST_AUTO_TEST_SUITE_END()
