#include "gateway/drain.hh"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace onlogin;

namespace {

// A drain, what there is to wait for, and what it called.
struct Stop
{
    Loop loop;
    bool at_work = false;
    std::string calls;
    Drain drain{loop,
                {[this] { note("take"); }, [this] { return at_work; },
                 [this] {
                     at_work = false;
                     note("give up");
                 },
                 [this] {
                     note("ended");
                     loop.stop();
                 }}};

    void note(const std::string& call) { calls += (calls.empty() ? "" : ", ") + call; }
};

constexpr milliseconds long_limit{60'000};

} // namespace

BOOST_AUTO_TEST_SUITE(drain)

BOOST_AUTO_TEST_CASE(what_was_sent_at_the_moment_of_a_stop_is_in_time)
{
    Stop stop;
    BOOST_TEST(!stop.drain.has_begun());
    BOOST_TEST((stop.drain.sent_now() == Sent::InTime));
    stop.drain.begin(long_limit);
    BOOST_TEST(stop.drain.has_begun());
    BOOST_TEST((stop.drain.sent_now() == Sent::InTime));
    stop.drain.look(); // nothing is at work, but something may be on its way
    BOOST_TEST(stop.calls == "take");
    stop.loop.run();
    BOOST_TEST(stop.calls == "take, take, ended");
    BOOST_TEST((stop.drain.sent_now() == Sent::TooLate));
}

BOOST_AUTO_TEST_CASE(what_is_at_work_is_waited_for)
{
    Stop stop;
    stop.at_work = true;
    stop.drain.begin(long_limit);
    Timer finish{stop.loop};
    finish.start(milliseconds{200}, [&] {
        BOOST_TEST((stop.drain.sent_now() == Sent::TooLate));
        stop.drain.look();
        stop.note("finish");
        stop.at_work = false;
        stop.drain.look();
        stop.drain.look();
        stop.note("ends later");
    });
    stop.loop.run();
    BOOST_TEST(stop.calls == "take, take, finish, ends later, ended");
}

BOOST_AUTO_TEST_CASE(what_takes_longer_than_the_limit_is_given_up)
{
    for (const int limit : {0, 150}) {
        Stop stop;
        stop.at_work = true;
        stop.drain.begin(milliseconds{limit});
        stop.loop.run();
        BOOST_TEST(stop.calls == "take, take, give up, ended");
    }
}

BOOST_AUTO_TEST_CASE(a_stop_that_is_told_to_hurry_ends_at_once_and_once)
{
    Stop stop;
    stop.at_work = true;
    stop.drain.begin(long_limit);
    stop.drain.end_now();
    BOOST_TEST((stop.drain.sent_now() == Sent::TooLate));
    stop.drain.end_now();
    stop.loop.run();
    BOOST_TEST(stop.calls == "take, give up, give up, ended");
    Timer beyond_the_grace{stop.loop};
    beyond_the_grace.start(milliseconds{200}, [&] { stop.loop.stop(); });
    stop.loop.run();
    BOOST_TEST(stop.calls == "take, give up, give up, ended");
}

BOOST_AUTO_TEST_SUITE_END()
