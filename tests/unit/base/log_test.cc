#include "base/log.hh"

#include "base/json.hh"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <unistd.h>

using namespace onlogin;

namespace {

struct Pipe
{
    int ends[2];

    Pipe() { BOOST_REQUIRE(pipe2(ends, O_NONBLOCK) == 0); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe()
    {
        close(ends[0]);
        close(ends[1]);
    }
    [[nodiscard]] std::string read_all() const
    {
        std::string text;
        char chunk[65536];
        for (ssize_t count; (count = read(ends[0], chunk, sizeof chunk)) > 0;)
            text.append(chunk, static_cast<std::size_t>(count));
        return text;
    }
};

// The line without its time.
std::string without_time(const std::string& line)
{
    return line.substr(line.find(' ') + 1);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(log_lines, Pipe)

BOOST_AUTO_TEST_CASE(an_event_is_one_line_of_text)
{
    Log log{Level::Info, false, ends[1]};
    log.info("login", {{"app", "wx1"}, {"ms", 12LL}});
    const auto line = read_all();
    BOOST_TEST(without_time(line) == "info login app=wx1 ms=12\n");
    BOOST_TEST(line.substr(0, 24).find_first_not_of("0123456789-:.TZ") == line.npos);
}

BOOST_AUTO_TEST_CASE(an_event_is_one_object_of_json)
{
    Log log{Level::Info, true, ends[1]};
    log.warn("login", {{"reason", "a \"b\"\n\xff"}, {"ms", 12LL}});
    const auto text = read_all();
    BOOST_TEST(text.find('\n') == text.size() - 1);
    const auto line = parse_json(text).value();
    BOOST_TEST(line["level"].asString() == "warn");
    BOOST_TEST(line["event"].asString() == "login");
    BOOST_TEST(line["reason"].asString() == "a \"b\"\n\u00ff");
    BOOST_TEST(line["ms"].asInt() == 12);
}

BOOST_AUTO_TEST_CASE(a_value_cannot_break_out_of_its_line_or_field)
{
    Log log{Level::Info, false, ends[1]};
    log.info("login", {{"request", "a\ninfo login app=wx1"}});
    log.info("login", {{"request", "a b=c"}});
    log.info("login", {{"request", "\x1b[2J"}});
    const auto text = read_all();
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 3);
    BOOST_TEST(text.find("request=\"a\\u000ainfo login app=wx1\"") != text.npos);
    BOOST_TEST(text.find("request=\"a b=c\"") != text.npos);
    BOOST_TEST(text.find("request=\"\\u001b[2J\"") != text.npos);
}

BOOST_AUTO_TEST_CASE(absent_values_are_left_out)
{
    Log log{Level::Info, false, ends[1]};
    log.info("login", {{"rid", ""}, {"errcode", std::optional<long long>{}}});
    BOOST_TEST(without_time(read_all()) == "info login\n");
}

BOOST_AUTO_TEST_CASE(events_below_the_level_are_not_written)
{
    Log log{Level::Warn, false, ends[1]};
    log.info("login", {});
    BOOST_TEST(read_all() == "");
    log.configure(Level::Debug, false);
    log.debug("login", {});
    BOOST_TEST(without_time(read_all()) == "debug login\n");
}

BOOST_AUTO_TEST_CASE(a_long_value_is_left_out_and_the_line_stays_whole)
{
    Log log{Level::Info, true, ends[1]};
    log.info("login", {{"app", "wx1"}, {"request", std::string(10'000, 'x')}});
    const auto line = parse_json(read_all()).value();
    BOOST_TEST(line["app"].asString() == "wx1");
    BOOST_TEST(!line.isMember("request"));
}

BOOST_AUTO_TEST_CASE(collected_lines_leave_together)
{
    Log log{Level::Info, false, ends[1]};
    std::function<void()> flush;
    log.collect([&](auto function) { flush = std::move(function); });
    log.info("one", {});
    log.info("two", {});
    BOOST_TEST(read_all() == "");
    flush();
    const auto text = read_all();
    BOOST_TEST(text.find("one\n") < text.find("two\n"));
}

BOOST_AUTO_TEST_CASE(lines_that_nobody_reads_are_counted_and_do_not_block)
{
    fcntl(ends[1], F_SETFL, 0); // a blocking pipe, as a service manager gives
    Log log{Level::Info, false, ends[1]};
    for (int i = 0; i < 2'000; ++i)
        log.info("login", {{"request", std::string(100, 'x')}});
    BOOST_TEST(read_all().size() <= 65536U);
    log.info("again", {});
    const auto text = read_all();
    BOOST_TEST(text.find("warn log lines lost count=") != text.npos);
    BOOST_TEST(text.find("info again\n") != text.npos);
}

BOOST_AUTO_TEST_SUITE_END()
