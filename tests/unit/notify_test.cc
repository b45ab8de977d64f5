#include "notify.hh"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <sys/socket.h>

using namespace onlogin;

namespace {

// systemd's end of the socket.
struct Manager
{
    std::string name;
    Fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};

    explicit Manager(std::string at)
        : name{std::move(at)}
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, name.size());
        if (name[0] == '@')
            address.sun_path[0] = '\0';
        const auto length = offsetof(sockaddr_un, sun_path) + name.size();
        BOOST_REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                           static_cast<socklen_t>(length)) == 0);
        setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;
    ~Manager()
    {
        if (name[0] != '@')
            std::filesystem::remove(name);
        unsetenv("NOTIFY_SOCKET");
    }

    // The next datagram; empty if there is none.
    [[nodiscard]] std::string hear() const
    {
        char buffer[4096];
        const auto count = recv(socket.get(), buffer, sizeof buffer, 0);
        return count < 0 ? "" : std::string(buffer, static_cast<std::size_t>(count));
    }
};

std::string own_path()
{
    return std::filesystem::temp_directory_path() / ("onlogin-notify." + std::to_string(getpid()));
}

std::string own_abstract_name()
{
    return "@onlogin-notify." + std::to_string(getpid());
}

} // namespace

BOOST_AUTO_TEST_SUITE(notify)

BOOST_AUTO_TEST_CASE(states_reach_a_socket_with_a_path)
{
    const Manager manager{own_path()};
    const Notifier notifier;
    notifier.ready("serving 2 mini programs");
    BOOST_TEST(manager.hear() == "READY=1\nSTATUS=serving 2 mini programs");
    notifier.status("all is well");
    BOOST_TEST(manager.hear() == "STATUS=all is well");
    notifier.stopping("2 logins in flight");
    BOOST_TEST(manager.hear() == "STOPPING=1\nSTATUS=2 logins in flight");
}

BOOST_AUTO_TEST_CASE(states_reach_an_abstract_socket)
{
    const Manager manager{own_abstract_name()};
    Notifier{}.ready("serving");
    BOOST_TEST(manager.hear() == "READY=1\nSTATUS=serving");
}

BOOST_AUTO_TEST_CASE(a_status_cannot_add_lines)
{
    const Manager manager{own_abstract_name()};
    Notifier{}.status("one\nMAINPID=1\r\t");
    BOOST_TEST(manager.hear() == "STATUS=one MAINPID=1  ");
}

BOOST_AUTO_TEST_CASE(the_address_leaves_the_environment)
{
    const Manager manager{own_abstract_name()};
    const Notifier notifier;
    BOOST_TEST(getenv("NOTIFY_SOCKET") == nullptr);
}

BOOST_AUTO_TEST_CASE(without_anybody_to_tell_nothing_happens)
{
    for (const std::string& address :
         {std::string{}, std::string{"@"}, std::string{"/"}, std::string{"relative"},
          std::string{"vsock:2:1234"}, std::string{"/nonexistent/socket"},
          "/" + std::string(107, 'x'), "/" + std::string(5000, 'x')}) {
        setenv("NOTIFY_SOCKET", address.c_str(), 1);
        Notifier{}.ready("serving");
    }
    unsetenv("NOTIFY_SOCKET");
    Notifier{}.ready("serving");
}

BOOST_AUTO_TEST_CASE(a_manager_that_does_not_listen_holds_nothing_up)
{
    const Manager manager{own_abstract_name()};
    const Notifier notifier;
    for (int count = 0; count < 10'000; ++count) // more than its queue takes
        notifier.status("busy");
    BOOST_TEST(manager.hear() == "STATUS=busy");
}

BOOST_AUTO_TEST_CASE(a_manager_that_is_busy_hears_of_the_start_when_it_has_time)
{
    const Manager manager{own_abstract_name()};
    const Notifier notifier;
    for (int count = 0; count < 10'000; ++count)
        notifier.status("busy");
    std::string last;
    std::thread later{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
        for (auto heard = manager.hear(); !heard.empty(); heard = manager.hear())
            last = heard;
    }};
    notifier.ready("serving");
    later.join();
    for (auto heard = manager.hear(); !heard.empty(); heard = manager.hear())
        last = heard;
    BOOST_TEST(last == "READY=1\nSTATUS=serving");
}

BOOST_AUTO_TEST_CASE(who_is_watched_and_for_how_long_is_in_the_environment)
{
    const auto read = [](const char* microseconds, const std::string& pid) {
        setenv("WATCHDOG_USEC", microseconds, 1);
        setenv("WATCHDOG_PID", pid.c_str(), 1);
        return Notifier{}.watchdog();
    };
    const auto own = std::to_string(getpid());
    BOOST_TEST((read("30000000", own) == milliseconds{30'000}));
    BOOST_TEST((read("30000000", "") == milliseconds{30'000}));
    BOOST_TEST(!read("30000000", "1"));
    BOOST_TEST(!read("30000000", own + "0"));
    BOOST_TEST(!read("30000000", "x"));
    for (const auto* microseconds : {"", "0", "-1", "x", "1x", "99999999999999999999"})
        BOOST_TEST(!read(microseconds, own), microseconds);
    BOOST_TEST(getenv("WATCHDOG_USEC") == nullptr);
    BOOST_TEST(getenv("WATCHDOG_PID") == nullptr);
    BOOST_TEST(!Notifier{}.watchdog());
}

BOOST_AUTO_TEST_CASE(a_loop_that_turns_says_so_and_one_that_hangs_does_not)
{
    const Manager manager{own_abstract_name()};
    setenv("WATCHDOG_USEC", "30000", 1);
    const Notifier notifier;
    Loop loop;
    const Heartbeat heartbeat{loop, notifier};
    int beats = 0;
    Timer look{loop};
    const std::function<void()> count = [&] {
        for (auto heard = manager.hear(); !heard.empty(); heard = manager.hear()) {
            BOOST_TEST(heard == "WATCHDOG=1");
            ++beats;
        }
        beats < 5 ? look.start(milliseconds{1}, count) : loop.stop();
    };
    count();
    loop.run();
    std::this_thread::sleep_for(milliseconds{100});
    BOOST_TEST(manager.hear() == "");
}

BOOST_AUTO_TEST_CASE(nobody_hears_a_heartbeat_that_is_not_asked_for)
{
    const Manager manager{own_abstract_name()};
    const Notifier notifier;
    Loop loop;
    const Heartbeat heartbeat{loop, notifier};
    loop.run(); // ends: nothing is left to wait for
    BOOST_TEST(manager.hear() == "");
}

BOOST_AUTO_TEST_CASE(a_manager_that_is_gone_does_no_harm)
{
    const Notifier notifier = [] {
        const Manager manager{own_path()};
        return Notifier{};
    }();
    notifier.ready("serving");
}

BOOST_AUTO_TEST_SUITE_END()
