#include "net/shared_tasks.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

struct Work
{
    Loop loop;
    SharedTasks<int> tasks{loop};
    int begun = 0;
    int ended = 0;

    Task<int> work(int result)
    {
        ++begun;
        co_await pause(loop, milliseconds{5});
        ++ended;
        co_return result;
    }

    Task<> ask(std::string name, int& result)
    {
        const auto shared = tasks.join(name, [&] { return work(static_cast<int>(name.size())); });
        result = co_await shared.end();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(shared_tasks)

BOOST_AUTO_TEST_CASE(who_asks_for_what_runs_joins_it)
{
    Work work;
    int one = 0, two = 0, other = 0;
    Task<> tasks[] = {work.ask("ab", one), work.ask("ab", two), work.ask("abc", other)};
    for (auto& task : tasks)
        task.start();
    work.loop.run();
    BOOST_TEST(work.begun == 2);
    BOOST_TEST(one == 2);
    BOOST_TEST(two == 2);
    BOOST_TEST(other == 3);
}

BOOST_AUTO_TEST_CASE(what_has_ended_begins_anew)
{
    Work work;
    for (int i = 1; i <= 2; ++i) {
        int result = 0;
        auto task = work.ask("ab", result);
        task.start();
        work.loop.run();
        BOOST_TEST(result == 2);
        BOOST_TEST(work.begun == i);
    }
}

BOOST_AUTO_TEST_CASE(one_who_leaves_ends_it_for_nobody_else)
{
    Work work;
    int gone = 0, stays = 0;
    auto first = work.ask("ab", gone);
    auto second = work.ask("ab", stays);
    first.start();
    second.start();
    first = {};
    work.loop.run();
    BOOST_TEST(stays == 2);
    BOOST_TEST(gone == 0);
}

BOOST_AUTO_TEST_CASE(when_all_have_left_it_is_cancelled_and_can_begin_anew)
{
    Work work;
    int result = 0;
    auto task = work.ask("ab", result);
    task.start();
    task = {};
    work.loop.run();
    BOOST_TEST(work.begun == 1);
    BOOST_TEST(work.ended == 0);
    task = work.ask("ab", result);
    task.start();
    work.loop.run();
    BOOST_TEST(result == 2);
}

BOOST_AUTO_TEST_SUITE_END()
