#include "wechat/timed.hh"

#include <stdexcept>

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

constexpr milliseconds while_waiting{20};

Task<int> answer_later(Loop& loop, bool fails)
{
    co_await pause(loop, while_waiting);
    if (fails)
        throw std::runtime_error{"refused"};
    co_return 7;
}

Task<> ask(Loop& loop, bool fails, Timed<int>& outcome)
{
    outcome = co_await timed(answer_later(loop, fails));
}

Timed<int> outcome_of(bool fails)
{
    Loop loop;
    Timed<int> outcome;
    auto task = ask(loop, fails, outcome);
    task.start();
    loop.run();
    return outcome;
}

} // namespace

BOOST_AUTO_TEST_SUITE(timed_questions)

BOOST_AUTO_TEST_CASE(an_answer_comes_with_the_time_that_it_took)
{
    const auto outcome = outcome_of(false);
    BOOST_REQUIRE(outcome.answer);
    BOOST_TEST(*outcome.answer == 7);
    BOOST_TEST(!outcome.failure);
    BOOST_TEST(outcome.took.count() >= while_waiting.count() / 2);
}

BOOST_AUTO_TEST_CASE(a_failure_comes_with_the_time_that_it_took)
{
    const auto outcome = outcome_of(true);
    BOOST_TEST(!outcome.answer);
    BOOST_REQUIRE(outcome.failure);
    BOOST_CHECK_THROW(std::rethrow_exception(outcome.failure), std::runtime_error);
    BOOST_TEST(outcome.took.count() >= while_waiting.count() / 2);
}

BOOST_AUTO_TEST_SUITE_END()
