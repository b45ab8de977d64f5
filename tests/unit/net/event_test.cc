#include "net/event.hh"

#include "net/loop.hh"

#include <boost/test/unit_test.hpp>

#include <memory>

using namespace onlogin;

namespace {

// Counts how often `event` has been waited for to the end, `rounds` times at most.
Task<> count(Event& event, int rounds, int& passed)
{
    for (int i = 0; i < rounds; ++i) {
        co_await event;
        ++passed;
    }
}

// Waits for an event that nobody but `set_by` knows, and drops it.
Task<> wait_for_own(Event*& set_by, bool& passed)
{
    const auto event = std::make_unique<Event>();
    set_by = event.get();
    co_await *event;
    passed = true;
}

} // namespace

BOOST_AUTO_TEST_SUITE(event)

BOOST_AUTO_TEST_CASE(who_waits_goes_on_when_it_is_set)
{
    Event event;
    int passed = 0;
    auto task = count(event, 1, passed);
    BOOST_TEST(!event.awaited());
    task.start();
    BOOST_TEST(event.awaited());
    BOOST_TEST(passed == 0);
    event.set();
    BOOST_TEST(passed == 1);
    BOOST_TEST(!event.awaited());
}

BOOST_AUTO_TEST_CASE(who_comes_after_it_was_set_does_not_wait)
{
    Event event;
    int passed = 0;
    event.set();
    auto task = count(event, 1, passed);
    task.start();
    BOOST_TEST(passed == 1);
}

BOOST_AUTO_TEST_CASE(set_twice_before_anybody_waits_counts_once)
{
    Event event;
    int passed = 0;
    event.set();
    event.set();
    auto task = count(event, 2, passed);
    task.start();
    BOOST_TEST(passed == 1);
    BOOST_TEST(event.awaited());
}

BOOST_AUTO_TEST_CASE(each_wait_needs_a_set_of_its_own)
{
    Event event;
    int passed = 0;
    auto task = count(event, 3, passed);
    task.start();
    for (int i = 1; i <= 3; ++i) {
        BOOST_TEST(event.awaited());
        event.set();
        BOOST_TEST(passed == i);
    }
    BOOST_TEST(!event.awaited());
}

BOOST_AUTO_TEST_CASE(a_waiter_that_was_dropped_is_not_resumed)
{
    Event event;
    int passed = 0;
    auto task = count(event, 1, passed);
    task.start();
    task = {};
    BOOST_TEST(!event.awaited());
    event.set();
    BOOST_TEST(passed == 0);
}

BOOST_AUTO_TEST_CASE(another_may_wait_where_one_has_left)
{
    Event event;
    int gone = 0, stays = 0;
    auto first = count(event, 1, gone);
    first.start();
    first = {};
    auto second = count(event, 1, stays);
    second.start();
    event.set();
    BOOST_TEST(gone == 0);
    BOOST_TEST(stays == 1);
}

BOOST_AUTO_TEST_CASE(who_is_resumed_may_drop_the_event)
{
    Event* event = nullptr;
    bool passed = false;
    auto task = wait_for_own(event, passed);
    task.start();
    event->set();
    BOOST_TEST(passed);
}

BOOST_AUTO_TEST_CASE(a_shared_event_outlives_a_waiter_that_leaves)
{
    const auto event = std::make_shared<Event>();
    int passed = 0;
    const auto wait = [](std::shared_ptr<Event> shared, int& to) -> Task<> {
        co_await *shared;
        ++to;
    };
    auto task = wait(event, passed);
    task.start();
    task = {};
    BOOST_TEST(event.use_count() == 1);
    event->set();
    BOOST_TEST(passed == 0);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_a_wait)
{
    Loop loop;
    Event event;
    int passed = 0;
    bool late = false;
    const auto wait = [&]() -> Task<> {
        try {
            co_await with_deadline(loop, Clock::now() + milliseconds{5}, count(event, 1, passed));
        } catch (const DeadlinePassed&) {
            late = true;
        }
    };
    auto task = wait();
    task.start();
    loop.run();
    BOOST_TEST(late);
    BOOST_TEST(!event.awaited());
    event.set();
    BOOST_TEST(passed == 0);
}

BOOST_AUTO_TEST_SUITE_END()
