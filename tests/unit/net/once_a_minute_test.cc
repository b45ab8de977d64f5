#include "net/once_a_minute.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(once_a_minute)

BOOST_AUTO_TEST_CASE(it_is_time_at_first_and_again_after_a_minute)
{
    using std::chrono::seconds;
    OnceAMinute complaint;
    const Clock::time_point start{};
    BOOST_TEST(complaint.is_time(start));
    BOOST_TEST(!complaint.is_time(start));
    BOOST_TEST(!complaint.is_time(start + seconds{59}));
    BOOST_TEST(complaint.is_time(start + seconds{60}));
    BOOST_TEST(!complaint.is_time(start + seconds{119}));
    BOOST_TEST(complaint.is_time(start + seconds{120}));
}

BOOST_AUTO_TEST_SUITE_END()
