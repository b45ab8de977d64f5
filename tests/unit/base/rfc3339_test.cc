#include "base/rfc3339.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

Time at(std::int64_t milliseconds)
{
    return Time{std::chrono::milliseconds{milliseconds}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(rfc3339)

BOOST_AUTO_TEST_CASE(a_time_is_written_to_the_millisecond)
{
    BOOST_TEST(write_rfc3339(at(0)) == "1970-01-01T00:00:00.000Z");
    BOOST_TEST(write_rfc3339(at(-1)) == "1969-12-31T23:59:59.999Z");
    BOOST_TEST(write_rfc3339(at(1'709'210'096'007)) == "2024-02-29T12:34:56.007Z");
    BOOST_TEST(write_rfc3339(at(4'102'444'800'000)) == "2100-01-01T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(all_ways_to_write_one_moment_are_read)
{
    for (const auto* text :
         {"2024-02-29T12:34:56.007Z", "2024-02-29T12:34:56.0070000000000000000000Z",
          "2024-02-29T12:34:56.0079999999999999999999Z", "2024-02-29T12:34:56.007+00:00",
          "2024-02-29T12:34:56.007-00:00", "2024-02-29T20:34:56.007+08:00",
          "2024-03-01T12:33:56.007+23:59", "2024-02-28T12:35:56.007-23:59"})
        BOOST_TEST((read_rfc3339(text) == at(1'709'210'096'007)), text);
    BOOST_TEST((read_rfc3339("2024-02-29T12:34:56Z") == at(1'709'210'096'000)));
    BOOST_TEST((read_rfc3339("2024-02-29T12:34:56.1Z") == at(1'709'210'096'100)));
    BOOST_TEST((read_rfc3339("2024-02-29T12:34:56.01+00:00") == at(1'709'210'096'010)));
    BOOST_TEST((read_rfc3339("1969-12-31T23:59:59.999Z") == at(-1)));
    for (const auto* text : {"0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"})
        BOOST_TEST(write_rfc3339(read_rfc3339(text).value()) == text);
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_not_read)
{
    for (const std::string_view text : {"",
                                        "Z",
                                        "2024",
                                        "1709210096",
                                        "2024-02-29",
                                        "2024-02-29T12:34:56",
                                        "2024-02-29T12:34Z",
                                        "2024-02-29t12:34:56Z",
                                        "2024-02-29T12:34:56z",
                                        "2024-02-29 12:34:56Z",
                                        "2024-02-29T12:34:56.Z",
                                        "2024-02-29T12:34:56,5Z",
                                        "2024-02-29T12:34:56.5",
                                        "2024-02-29T12:34:56+0000",
                                        "2024-02-29T12:34:56+00",
                                        "2024-02-29T12:34:56+24:00",
                                        "2024-02-29T12:34:56+00:60",
                                        "2024-02-29T12:34:56 +00:00",
                                        "2024-02-29T12:34:56+00:00Z",
                                        "2023-02-29T12:34:56Z",
                                        "2100-02-29T12:34:56Z",
                                        "2024-02-30T12:34:56Z",
                                        "2024-00-10T12:34:56Z",
                                        "2024-13-10T12:34:56Z",
                                        "2024-04-31T12:34:56Z",
                                        "2024-01-00T12:34:56Z",
                                        "2024-01-32T12:34:56Z",
                                        "2024-02-29T24:00:00Z",
                                        "2024-02-29T12:60:56Z",
                                        "2024-02-29T12:34:60Z",
                                        "24-02-29T12:34:56Z",
                                        "12024-02-29T12:34:56Z",
                                        "+2024-02-29T12:34:56Z",
                                        "-2024-02-29T12:34:56Z",
                                        "2024-2-29T12:34:56Z",
                                        "2024-02-29T1:34:56Z",
                                        " 2024-02-29T12:34:56Z",
                                        "2024-02-29T12:34:56Z ",
                                        "2024-02-29T12:34:56Z\n",
                                        "2024-W09-4T12:34:56Z"})
        BOOST_TEST(!read_rfc3339(text), text);
    BOOST_TEST(!read_rfc3339(std::string_view{"2024-02-29T12:34:56Z\0", 21}));
}

BOOST_AUTO_TEST_CASE(this_moment_is_written_and_read)
{
    const auto now = wall_time();
    BOOST_TEST((read_rfc3339(write_rfc3339(now)) == now));
    BOOST_TEST((now > at(1'700'000'000'000)));
}

BOOST_AUTO_TEST_SUITE_END()
