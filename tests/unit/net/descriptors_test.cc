#include "net/descriptors.hh"

#include "base/errors.hh"

#include <boost/test/unit_test.hpp>

#include <cerrno>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(descriptors)

BOOST_AUTO_TEST_CASE(wechat_gets_what_it_wants_where_there_are_many)
{
    const auto shares = share_descriptors(65'536, 512);
    BOOST_TEST(shares.to_wechat == 512);
    BOOST_TEST(shares.from_server == 65'536U - 512 - 32);
}

BOOST_AUTO_TEST_CASE(wechat_gets_half_at_most_and_some_stay_back)
{
    for (const std::size_t limit : {48, 49, 64, 100, 256, 1000}) {
        const auto shares = share_descriptors(limit, 512);
        BOOST_TEST(shares.to_wechat == static_cast<long>(limit / 2));
        BOOST_TEST(shares.from_server >= 8U);
        BOOST_TEST(shares.from_server + static_cast<std::size_t>(shares.to_wechat) + 16 <= limit);
    }
}

BOOST_AUTO_TEST_CASE(too_few_are_told_with_what_mends_it)
{
    for (const std::size_t limit : {0, 3, 16, 47})
        BOOST_CHECK_EXCEPTION(share_descriptors(limit, 512), ConfigError, [](const auto& error) {
            return std::string_view{error.what()}.find("LimitNOFILE=") != std::string_view::npos;
        });
}

BOOST_AUTO_TEST_CASE(only_a_shortage_has_an_advice)
{
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM})
        BOOST_TEST(!advice_on(error).empty());
    for (const int error : {0, EAGAIN, ECONNABORTED})
        BOOST_TEST(advice_on(error).empty());
}

BOOST_AUTO_TEST_SUITE_END()
