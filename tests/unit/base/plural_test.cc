#include "base/plural.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

BOOST_AUTO_TEST_SUITE(plural)

BOOST_AUTO_TEST_CASE(one_of_a_thing_is_one_and_none_are_many)
{
    BOOST_TEST(counted(0, "request") == "0 requests");
    BOOST_TEST(counted(1, "request") == "1 request");
    BOOST_TEST(counted(2, "request") == "2 requests");
}

BOOST_AUTO_TEST_SUITE_END()
