#define BOOST_TEST_MODULE onlogin
#include <boost/test/unit_test.hpp>
