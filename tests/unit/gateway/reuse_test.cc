#include "gateway/reuse.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

// Connections that the server asked to keep, and ended after one answer, as nginx does with those
// of auth_request.
void end_after_one_answer(Reuse& reuse, int connections)
{
    for (int i = 0; i < connections; ++i) {
        reuse.asked_to_keep();
        reuse.ended(true, 1);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(reuse)

BOOST_AUTO_TEST_CASE(a_server_that_never_asks_to_keep_a_connection_uses_none_again)
{
    Reuse reuse;
    BOOST_TEST(!reuse.is_usual());
    reuse.ended(false, 1);
    BOOST_TEST(!reuse.is_usual());
}

BOOST_AUTO_TEST_CASE(a_server_that_asks_is_believed_while_such_a_connection_is_open)
{
    Reuse reuse;
    reuse.asked_to_keep();
    BOOST_TEST(reuse.is_usual());
    reuse.ended(true, 7);
    BOOST_TEST(!reuse.is_usual());
}

BOOST_AUTO_TEST_CASE(a_server_that_ends_one_connection_after_the_other_is_not_believed)
{
    Reuse reuse;
    reuse.asked_to_keep();
    end_after_one_answer(reuse, 15);
    BOOST_TEST(reuse.is_usual());
    end_after_one_answer(reuse, 1);
    BOOST_TEST(!reuse.is_usual());
    reuse.used_again();
    BOOST_TEST(reuse.is_usual());
}

BOOST_AUTO_TEST_CASE(a_server_is_one_that_keeps_connections_if_it_keeps_one_of_five)
{
    Reuse four, six;
    four.asked_to_keep();
    six.asked_to_keep();
    for (int i = 0; i < 100; ++i) {
        end_after_one_answer(four, 4);
        four.used_again();
        end_after_one_answer(six, 6);
        six.used_again();
    }
    BOOST_TEST(four.is_usual());
    BOOST_TEST(!six.is_usual());
}

BOOST_AUTO_TEST_CASE(a_habit_of_long_standing_ends_with_a_handful_of_connections)
{
    Reuse reuse;
    reuse.asked_to_keep();
    end_after_one_answer(reuse, 10'000);
    for (int i = 0; i < 4; ++i)
        reuse.used_again();
    BOOST_TEST(!reuse.is_usual());
    reuse.used_again();
    BOOST_TEST(reuse.is_usual());
}

BOOST_AUTO_TEST_SUITE_END()
