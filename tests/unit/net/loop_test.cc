#include "net/loop.hh"

#include <boost/test/unit_test.hpp>
#include <stdexcept>

using namespace onlogin;

namespace {

Task<int> answer(Loop& loop, milliseconds after, int value)
{
    co_await pause(loop, after);
    co_return value;
}

Task<int> fail(Loop& loop)
{
    co_await pause(loop, milliseconds{1});
    throw std::runtime_error{"failed"};
}

// Notes its own end, by return or by cancelling.
Task<int> noted(Loop& loop, int& ends)
{
    struct Guard
    {
        int& count;
        ~Guard() { ++count; }
    } const guard{ends};
    co_return co_await answer(loop, milliseconds{5}, 7);
}

Task<> keep(Task<int> task, std::vector<int>& results)
{
    int result = -1;
    try {
        result = co_await std::move(task);
    } catch (const DeadlinePassed&) {
        result = -2;
    } catch (const std::runtime_error&) {
        result = -3;
    }
    results.push_back(result);
}

Task<> wait_for(SharedTask<int> shared, std::vector<int>& results)
{
    int result = -3;
    try {
        result = co_await shared.end();
    } catch (const std::runtime_error&) {
    }
    results.push_back(result);
}

} // namespace

struct LoopFixture
{
    Loop loop;
    std::vector<int> results;
};

BOOST_FIXTURE_TEST_SUITE(loop, LoopFixture)

BOOST_AUTO_TEST_CASE(a_task_hands_on_its_value)
{
    auto task = keep(answer(loop, milliseconds{1}, 7), results);
    task.start();
    loop.run();
    BOOST_TEST(results == std::vector{7}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_task_hands_on_its_exception)
{
    auto task = keep(fail(loop), results);
    task.start();
    loop.run();
    BOOST_TEST(results == std::vector{-3}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_dropped_task_is_cancelled_to_the_bottom)
{
    int ends = 0;
    {
        auto task = keep(noted(loop, ends), results);
        task.start();
        BOOST_TEST(ends == 0);
    }
    BOOST_TEST(ends == 1);
    loop.run();
    BOOST_TEST(results.empty());
}

BOOST_AUTO_TEST_CASE(a_deadline_lets_what_is_in_time_pass)
{
    const auto deadline = Clock::now() + milliseconds{5'000};
    auto task = keep(with_deadline(loop, deadline, answer(loop, milliseconds{1}, 7)), results);
    task.start();
    loop.run();
    BOOST_TEST(results == std::vector{7}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_deadline_cancels_what_is_late)
{
    int ends = 0;
    auto task =
        keep(with_deadline(loop, Clock::now() + milliseconds{1}, noted(loop, ends)), results);
    task.start();
    loop.run();
    BOOST_TEST(results == std::vector{-2}, boost::test_tools::per_element());
    BOOST_TEST(ends == 1);
}

BOOST_AUTO_TEST_CASE(all_who_wait_share_the_end_of_one_task)
{
    int ends = 0;
    std::vector<Task<>> waiters;
    {
        const auto shared = SharedTask<int>::start(loop, noted(loop, ends));
        for (int i = 0; i < 3; ++i)
            waiters.push_back(wait_for(shared, results));
        for (auto& waiter : waiters)
            waiter.start();
    }
    loop.run();
    BOOST_TEST(ends == 1);
    BOOST_TEST(results == (std::vector{7, 7, 7}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(all_who_wait_share_a_failure)
{
    const auto shared = SharedTask<int>::start(loop, fail(loop));
    auto one = wait_for(shared, results), other = wait_for(shared, results);
    one.start();
    other.start();
    loop.run();
    BOOST_TEST(results == (std::vector{-3, -3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_shared_task_goes_on_while_one_still_waits)
{
    int ends = 0;
    auto shared = SharedTask<int>::start(loop, noted(loop, ends));
    auto one = wait_for(shared, results), other = wait_for(shared, results);
    one.start();
    other.start();
    shared = {};
    one = {};
    BOOST_TEST(ends == 0);
    loop.run();
    BOOST_TEST(results == std::vector{7}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_shared_task_is_cancelled_when_the_last_has_left)
{
    int ends = 0;
    auto shared = SharedTask<int>::start(loop, noted(loop, ends));
    auto one = wait_for(shared, results);
    one.start();
    shared = {};
    one = {};
    BOOST_TEST(ends == 1);
    loop.run();
    BOOST_TEST(results.empty());
}

BOOST_AUTO_TEST_CASE(one_waiter_may_cancel_another_while_the_end_is_told)
{
    const auto shared = SharedTask<int>::start(loop, answer(loop, milliseconds{1}, 7));
    auto second = wait_for(shared, results);
    const auto first = [](SharedTask<int> own, Task<>& victim) -> Task<> {
        co_await own.end();
        victim = {};
    };
    auto task = first(shared, second);
    task.start();
    second.start();
    loop.run();
    BOOST_TEST(results.empty());
}

BOOST_AUTO_TEST_CASE(what_is_posted_runs_after_the_running_callback)
{
    Timer timer{loop};
    timer.start(milliseconds{1}, [&] {
        loop.post([&] { results.push_back(2); });
        results.push_back(1);
    });
    loop.run();
    BOOST_TEST(results == (std::vector{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_timer_may_drop_itself)
{
    auto timer = std::make_unique<Timer>(loop);
    timer->start(milliseconds{1}, [&, word = std::string(100, 'x')] {
        timer.reset();
        results.push_back(static_cast<int>(word.size()));
    });
    loop.run();
    BOOST_TEST(results == std::vector{100}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(names_resolve_and_a_dropped_lookup_never_calls)
{
    std::vector<std::string> found;
    Lookup lookup{loop, "localhost", [&](auto addresses, auto) { found = addresses; }};
    {
        const Lookup dropped{loop, "localhost", [](auto, auto) { BOOST_FAIL("called"); }};
    }
    loop.run();
    BOOST_TEST(std::count(found.begin(), found.end(), "127.0.0.1") > 0);
}

BOOST_AUTO_TEST_SUITE_END()
