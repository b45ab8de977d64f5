#include "net/resolver.hh"

#include "net/errors.hh"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>

using namespace onlogin;

namespace {

// What the name server says of wechat.test.
std::atomic<const char*> address{"192.0.2.1"}; // null: it fails
std::atomic<int> delay_ms{0};
std::atomic<int> lookups{0};

} // namespace

// Stands before the C library's, also for libuv; real names go on to it.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result)
{
    using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
    if (std::string_view{node} != "wechat.test")
        return real(node, service, hints, result);
    ++lookups;
    std::this_thread::sleep_for(std::chrono::milliseconds{delay_ms});
    const char* const now = address;
    return now ? real(now, service, hints, result) : EAI_AGAIN;
}

namespace {

struct ResolverFixture
{
    Loop loop;
    Log log{Level::Error};
    Resolver resolver{loop, log, {milliseconds{50}, milliseconds{20}, milliseconds{40}}};
    std::vector<std::string> answers;

    ResolverFixture()
    {
        address = "192.0.2.1";
        delay_ms = 0;
        lookups = 0;
    }

    Task<> ask()
    {
        try {
            const auto addresses = co_await resolver.resolve("wechat.test");
            answers.push_back(addresses.list.at(0));
        } catch (const Unreachable&) {
            answers.emplace_back("unreachable");
        }
    }

    // Asks, lets the lookup end, and returns the answer.
    std::string answer()
    {
        answers.clear();
        auto task = ask();
        task.start();
        loop.run();
        return answers.at(0);
    }

    static void wait(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds{ms}); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(resolver, ResolverFixture)

BOOST_AUTO_TEST_CASE(a_fresh_answer_is_not_asked_for_again)
{
    BOOST_TEST(answer() == "192.0.2.1");
    BOOST_TEST(answer() == "192.0.2.1");
    BOOST_TEST(lookups == 1);
}

BOOST_AUTO_TEST_CASE(an_old_answer_serves_while_the_new_one_is_fetched)
{
    BOOST_TEST(answer() == "192.0.2.1");
    address = "192.0.2.2";
    wait(60);
    BOOST_TEST(answer() == "192.0.2.1");
    BOOST_TEST(answer() == "192.0.2.2");
    BOOST_TEST(lookups == 2);
}

BOOST_AUTO_TEST_CASE(the_last_good_answer_is_kept_when_the_name_server_fails)
{
    BOOST_TEST(answer() == "192.0.2.1");
    address = nullptr;
    for (int i = 0; i < 3; ++i) {
        wait(60);
        BOOST_TEST(answer() == "192.0.2.1");
    }
    BOOST_TEST(lookups == 4);
}

BOOST_AUTO_TEST_CASE(without_any_answer_the_host_is_unreachable_until_there_is_one)
{
    address = nullptr;
    BOOST_TEST(answer() == "unreachable");
    address = "192.0.2.1";
    BOOST_TEST(answer() == "unreachable"); // not asked so soon
    BOOST_TEST(lookups == 1);
    wait(30);
    BOOST_TEST(answer() == "192.0.2.1");
}

BOOST_AUTO_TEST_CASE(a_doubted_answer_is_asked_for_again_before_it_is_given)
{
    BOOST_TEST(answer() == "192.0.2.1");
    address = "192.0.2.2";
    resolver.doubt("wechat.test");
    BOOST_TEST(answer() == "192.0.2.2");
    BOOST_TEST(answer() == "192.0.2.2");
    BOOST_TEST(lookups == 2);
}

BOOST_AUTO_TEST_CASE(a_doubted_answer_serves_where_there_is_no_better_one)
{
    BOOST_TEST(answer() == "192.0.2.1");
    address = nullptr;
    resolver.doubt("wechat.test");
    BOOST_TEST(answer() == "192.0.2.1");

    wait(30);
    delay_ms = 300; // longer than anybody waits for it
    resolver.doubt("wechat.test");
    auto task = ask();
    answers.clear();
    task.start();
    bool in_time = false;
    Timer timer{loop};
    timer.start(milliseconds{150}, [&] { in_time = answers.size() == 1; });
    loop.run();
    BOOST_TEST(in_time);
    BOOST_TEST(answers.at(0) == "192.0.2.1");
}

BOOST_AUTO_TEST_CASE(all_who_ask_at_once_share_one_lookup)
{
    delay_ms = 20;
    auto one = ask(), two = ask(), three = ask();
    one.start();
    two.start();
    three.start();
    loop.run();
    BOOST_TEST(answers.size() == 3U);
    BOOST_TEST(lookups == 1);
}

BOOST_AUTO_TEST_CASE(a_lookup_that_hangs_stops_nobody_else)
{
    delay_ms = 300;
    auto task = ask();
    task.start();
    bool in_time = false;
    Timer timer{loop};
    timer.start(milliseconds{10}, [&] { in_time = answers.empty(); });
    loop.run();
    BOOST_TEST(in_time);
    BOOST_TEST(answers.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_lookup_goes_on_when_all_who_asked_have_left)
{
    delay_ms = 20;
    {
        auto task = ask();
        task.start();
    }
    loop.run();
    delay_ms = 0;
    BOOST_TEST(answer() == "192.0.2.1");
    BOOST_TEST(lookups == 1);
}

BOOST_AUTO_TEST_SUITE_END()
