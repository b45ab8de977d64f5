#include "gateway/fcgi_records.hh"

#include "fcgi_bytes.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

Gathered::State state(const std::string& bytes)
{
    return gather(bytes, 16).state;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fcgi_records)

BOOST_AUTO_TEST_CASE(a_whole_request_is_gathered_with_or_without_padding)
{
    for (const int padding : {0, 1, 255}) {
        const auto bytes = request(pair("METHOD", "POST") + pair("EMPTY", ""), "body", padding);
        const auto gathered = gather(bytes + "next", 16);
        BOOST_TEST(gathered.state == Gathered::Complete);
        BOOST_TEST(gathered.size == bytes.size());
        BOOST_TEST(gathered.id == 1);
        BOOST_TEST(gathered.keep);
        BOOST_TEST(gathered.body == "body");
        BOOST_TEST(find_param(gathered.params, "METHOD").value() == "POST");
        BOOST_TEST(find_param(gathered.params, "EMPTY").value() == "");
        BOOST_TEST(!find_param(gathered.params, "METHO"));
        BOOST_TEST(!find_param(gathered.params, "METHOD", 1));
    }
}

BOOST_AUTO_TEST_CASE(every_beginning_of_a_request_waits_for_more)
{
    const auto bytes = request(pair("METHOD", "POST"), "body", 3);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        BOOST_TEST(state(bytes.substr(0, size)) == Gathered::More, size);
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_give_what_the_whole_gives)
{
    const auto good = request(pair("METHOD", "POST") + pair("OTHER", "x"), "a body", 3);
    for (const auto& bytes :
         {good, good + good, request(pair("A", "b"), std::string(17, 'x')), begin() + "garbage",
          request("\x7f\xff", ""), record(FCGI_GET_VALUES, 0, "") + good}) {
        const auto whole = gather(bytes, 16);
        for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
            Gathering gathering;
            Gathered gathered;
            for (std::size_t size = piece; gathered.state == Gathered::More; size += piece) {
                gathered = gathering.look(bytes.substr(0, size), 16);
                if (size >= bytes.size())
                    break;
            }
            BOOST_TEST(gathered.state == whole.state, piece);
            BOOST_TEST(gathered.size == whole.size);
            BOOST_TEST(gathered.id == whole.id);
            BOOST_TEST(gathered.keep == whole.keep);
            if (whole.state == Gathered::Complete) {
                BOOST_TEST(gathered.params == whole.params);
                BOOST_TEST(gathered.body == whole.body);
            }
        }
    }
}

// Each time from the beginning, this would copy 60 GB.
BOOST_AUTO_TEST_CASE(a_large_request_may_come_byte_by_byte)
{
    std::string params;
    for (int i = 0; i < 1'000; ++i)
        params += pair("NAME_" + std::to_string(i), std::string(100, 'x'));
    auto bytes = begin();
    for (std::size_t at = 0; at < params.size(); at += 8)
        bytes += record(FCGI_PARAMS, 1, params.substr(at, 8), 20);
    bytes += record(FCGI_PARAMS, 1, "") + record(FCGI_STDIN, 1, "");
    BOOST_TEST(bytes.size() > 500'000U);
    Gathering gathering;
    Gathered gathered;
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        gathered = gathering.look(std::string_view{bytes}.substr(0, size), 16);
        if (size < bytes.size())
            BOOST_REQUIRE(gathered.state == Gathered::More);
    }
    BOOST_TEST(gathered.state == Gathered::Complete);
    BOOST_TEST(gathered.params == params);
}

BOOST_AUTO_TEST_CASE(parameters_may_be_cut_into_records_anywhere)
{
    const auto params = pair("METHOD", "POST") + pair("OTHER", "x");
    for (std::size_t cut = 1; cut < params.size(); ++cut) {
        const auto gathered = gather(begin() + record(FCGI_PARAMS, 1, params.substr(0, cut)) +
                                         record(FCGI_PARAMS, 1, params.substr(cut)) +
                                         record(FCGI_PARAMS, 1, "") + record(FCGI_STDIN, 1, ""),
                                     16);
        BOOST_TEST(gathered.state == Gathered::Complete);
        BOOST_TEST(find_param(gathered.params, "OTHER").value() == "x");
    }
}

BOOST_AUTO_TEST_CASE(parameters_that_break_off_are_broken)
{
    const auto params = pair("METHOD", "POST");
    for (std::size_t size = 1; size < params.size(); ++size)
        BOOST_TEST(state(request(params.substr(0, size), "")) == Gathered::Broken, size);
}

BOOST_AUTO_TEST_CASE(absurd_lengths_are_broken)
{
    BOOST_TEST(state(request("\x7f\xff", "")) == Gathered::Broken);
    const std::string huge{'\xff', '\xff', '\xff', '\xfe', '\xff', '\xff', '\xff', '\xfe'};
    BOOST_TEST(state(request(huge, "")) == Gathered::Broken);
    BOOST_TEST(state(request(huge + std::string(100, 'x'), "")) == Gathered::Broken);
}

BOOST_AUTO_TEST_CASE(more_parameters_than_reasonable_are_broken)
{
    auto bytes = begin();
    const auto piece = record(FCGI_PARAMS, 1, pair("A", std::string(60'000, 'x')));
    bytes += piece + piece;
    BOOST_TEST(state(bytes) == Gathered::More);
    BOOST_TEST(state(bytes + piece) == Gathered::Broken);
}

BOOST_AUTO_TEST_CASE(a_body_is_taken_up_to_the_limit)
{
    BOOST_TEST(gather(request("", std::string(16, 'x')), 16).body.size() == 16U);
    BOOST_TEST(state(request("", std::string(17, 'x'))) == Gathered::TooLarge);
    const auto half = record(FCGI_STDIN, 1, std::string(9, 'x'));
    BOOST_TEST(state(begin() + record(FCGI_PARAMS, 1, "") + half + half) == Gathered::TooLarge);
}

BOOST_AUTO_TEST_CASE(what_is_not_fastcgi_is_broken)
{
    BOOST_TEST(state("GET / HTTP/1.1\r\n\r\n") == Gathered::Broken);
    BOOST_TEST(state(std::string{"\x16\x03\x01\x02\x00\x01\x00\x01", 8}) == Gathered::Broken);
    BOOST_TEST(state(record(FCGI_PARAMS, 1, "") + begin()) == Gathered::Broken);
    BOOST_TEST(state(record(FCGI_BEGIN_REQUEST, 1, "short---")) == Gathered::UnknownRole);
    BOOST_TEST(state(record(FCGI_BEGIN_REQUEST, 1, "short") + record(FCGI_PARAMS, 1, "abc")) ==
               Gathered::Broken);
}

BOOST_AUTO_TEST_CASE(a_beginning_of_another_length_is_broken_however_much_of_it_has_come)
{
    const auto bytes = record(FCGI_BEGIN_REQUEST, 1, "12345678 and more");
    for (std::size_t size = FCGI_HEADER_LEN; size < bytes.size(); ++size)
        BOOST_TEST(state(bytes.substr(0, size)) == Gathered::Broken, size);
}

BOOST_AUTO_TEST_CASE(multiplexed_and_repeated_beginnings_are_broken)
{
    BOOST_TEST(state(begin() + begin(FCGI_RESPONDER, FCGI_KEEP_CONN, 2)) == Gathered::Broken);
    BOOST_TEST(state(begin() + begin()) == Gathered::Broken);
    BOOST_TEST(state(begin() + record(FCGI_PARAMS, 2, "")) == Gathered::Broken);
    BOOST_TEST(state(begin() + record(FCGI_STDIN, 1, "")) == Gathered::Broken);
}

BOOST_AUTO_TEST_CASE(only_responders_are_served)
{
    for (const int role : {0, FCGI_AUTHORIZER, FCGI_FILTER, 9})
        BOOST_TEST(state(begin(role)) == Gathered::UnknownRole);
    BOOST_TEST(unknown_role_record(1) ==
               record(FCGI_END_REQUEST, 1, std::string{"\0\0\0\0\3\0\0\0", 8}));
}

BOOST_AUTO_TEST_CASE(questions_about_us_get_an_answer)
{
    const auto question = record(FCGI_GET_VALUES, 0, pair("FCGI_MPXS_CONNS", ""));
    BOOST_TEST(gather(question + begin(), 16).state == Gathered::Management);
    BOOST_TEST(gather(question + begin(), 16).size == question.size());
    BOOST_TEST(management_answer(question) == record(FCGI_GET_VALUES_RESULT, 0, ""));
    BOOST_TEST(management_answer(record(77, 0, "x")) ==
               record(FCGI_UNKNOWN_TYPE, 0, "M" + std::string(7, '\0')));
}

BOOST_AUTO_TEST_CASE(an_abort_is_seen_for_its_own_request_only)
{
    BOOST_TEST(is_abort(record(FCGI_ABORT_REQUEST, 1, ""), 1));
    BOOST_TEST(!is_abort(record(FCGI_ABORT_REQUEST, 2, ""), 1));
    BOOST_TEST(!is_abort(record(FCGI_STDIN, 1, ""), 1));
    BOOST_TEST(!is_abort("\1\2", 1));
}

BOOST_AUTO_TEST_CASE(an_answer_is_standard_output_and_the_end)
{
    const auto end =
        record(FCGI_STDOUT, 258, "") + record(FCGI_END_REQUEST, 258, std::string(8, '\0'));
    BOOST_TEST(answer_records(258, "") == end);
    BOOST_TEST(answer_records(258, "12345678") == record(FCGI_STDOUT, 258, "12345678") + end);
    const auto bytes = answer_records(258, "12345");
    BOOST_TEST(bytes.size() == 16 + end.size());
    BOOST_TEST(bytes.substr(16) == end);
}

BOOST_AUTO_TEST_CASE(a_long_answer_takes_several_records)
{
    const auto bytes = answer_records(1, std::string(65'529, 'x'));
    BOOST_TEST(bytes.substr(0, 65'536) == record(FCGI_STDOUT, 1, std::string(65'528, 'x')));
    BOOST_TEST(bytes.size() == 65'536 + 16 + 8 + 16);
}

BOOST_AUTO_TEST_SUITE_END()
