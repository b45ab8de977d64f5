// Our framing against libfcgi's: the same bytes, the same meaning, but where libfcgi is wrong.

#include "libfcgi.hh"

#include "fcgi_bytes.hh"
#include "gateway/fcgi_records.hh"
#include "libfcgi_judge.hh"

#include <boost/test/unit_test.hpp>

using namespace onlogin;

namespace {

const std::string params_of_two = pair("REQUEST_METHOD", "POST") + pair("QUERY_STRING", "");

// Both take the request, and find the same in it.
void check_taken_by_both(const std::string& bytes)
{
    BOOST_TEST(gather(bytes, 100'000).state == Gathered::Complete);
    BOOST_TEST(libfcgi_is_wrong(bytes) == "");
    BOOST_TEST(difference(bytes, 100'000) == "");
}

// The test says what libfcgi makes of it; here, that we are known to differ, and what we do.
void check_differs(const std::string& bytes, Gathered::State ours)
{
    BOOST_TEST(gather(bytes, 16).state == ours);
    BOOST_TEST(libfcgi_is_wrong(bytes) != "");
}

} // namespace

BOOST_AUTO_TEST_SUITE(libfcgi)

BOOST_AUTO_TEST_CASE(requests_are_read_as_libfcgi_reads_them)
{
    const std::string all_params[] = {
        "",
        params_of_two,
        pair("", ""),
        pair("A", "1") + pair("B", "=") + pair("A", "2"),
        std::string{"\1\1Nv", 4},
        std::string{"\x80\0\0\2\1NNv", 8},
        pair(std::string(127, 'N'), "the longest name whose length takes one byte"),
        pair("LONG", std::string(60'000, 'v'))};
    for (const auto& params : all_params)
        for (const auto& body : {std::string{}, std::string{"b"}, std::string(60'000, '\0')})
            for (const int padding : {0, 7, 255})
                check_taken_by_both(
                    begin() + (params.empty() ? "" : record(FCGI_PARAMS, 1, params, padding)) +
                    record(FCGI_PARAMS, 1, "") +
                    (body.empty() ? "" : record(FCGI_STDIN, 1, body, padding)) +
                    record(FCGI_STDIN, 1, "", padding));
}

BOOST_AUTO_TEST_CASE(id_and_keep_flag_are_read_as_libfcgi_reads_them)
{
    for (const int id : {1, 255, 256, 65'535})
        for (const int flags : {0, FCGI_KEEP_CONN, 0xfe, 0xff})
            check_taken_by_both(begin(FCGI_RESPONDER, flags, id) +
                                record(FCGI_PARAMS, id, params_of_two) +
                                record(FCGI_PARAMS, id, "") + record(FCGI_STDIN, id, ""));
}

BOOST_AUTO_TEST_CASE(records_may_be_cut_anywhere_for_libfcgi_too)
{
    const auto piece = [](int type, const std::string& content) {
        return content.empty() ? "" : record(type, 1, content, 1);
    };
    for (std::size_t cut = 0; cut <= params_of_two.size(); ++cut)
        check_taken_by_both(begin() + piece(FCGI_PARAMS, params_of_two.substr(0, cut)) +
                            piece(FCGI_PARAMS, params_of_two.substr(cut)) +
                            record(FCGI_PARAMS, 1, "") + record(FCGI_STDIN, 1, "bo") +
                            record(FCGI_STDIN, 1, "dy") + record(FCGI_STDIN, 1, ""));
}

BOOST_AUTO_TEST_CASE(of_several_parameters_of_one_name_both_find_the_first)
{
    const auto bytes = request(pair("A", "1") + pair("B", "2") + pair("A", "3"), "");
    const auto params = gather(bytes, 16).params;
    const std::vector<std::string> theirs{"A=1", "B=2", "A=3"}; // FCGX_GetParam finds the first
    BOOST_TEST(libfcgi_reads(bytes).params == theirs);
    BOOST_TEST(find_param(params, "A").value() == "1");
    BOOST_TEST(find_param(params, "A", 1).value() == "3");
}

BOOST_AUTO_TEST_CASE(what_libfcgi_writes_as_a_web_server_is_gathered)
{
    for (const std::size_t size : {0, 1, 8, 16'000, 65'528, 65'529, 100'000}) {
        const auto params = pair("LONG", std::string(size, 'x'));
        const auto body = std::string(size, 'y');
        const auto bytes =
            begin() + libfcgi_writes(FCGI_PARAMS, 1, params) + libfcgi_writes(FCGI_STDIN, 1, body);
        const auto gathered = gather(bytes, size);
        BOOST_TEST(gathered.state == Gathered::Complete);
        BOOST_TEST(gathered.params == params);
        BOOST_TEST(gathered.body == body);
        BOOST_TEST(gathered.size == bytes.size());
    }
}

BOOST_AUTO_TEST_CASE(our_own_request_is_one_to_libfcgi)
{
    const auto bytes = request_records({{"REQUEST_METHOD", "GET"}, {"EMPTY", ""}});
    const auto theirs = libfcgi_reads(bytes);
    const std::vector<std::string> params{"REQUEST_METHOD=GET", "EMPTY="};
    BOOST_TEST(theirs.whole);
    BOOST_TEST(theirs.params == params);
    BOOST_TEST(theirs.body == "");
    check_taken_by_both(bytes);
}

BOOST_AUTO_TEST_CASE(what_is_broken_or_not_whole_is_so_to_libfcgi)
{
    const auto whole = request(params_of_two, "body");
    const auto half = whole.substr(0, whole.size() / 2);
    for (const auto& bytes :
         {half, std::string{"GET / HTTP/1.1\r\n\r\n"},
          record(FCGI_BEGIN_REQUEST, 1, "short") + whole, begin() + record(FCGI_STDIN, 1, ""),
          begin() + record(FCGI_ABORT_REQUEST, 1, ""), request("\x01", ""), request("\5\5ab", ""),
          request("\x7f\xff", ""), begin() + record(FCGI_DATA, 1, "x"),
          begin() + record(FCGI_PARAMS, 1, "") + record(FCGI_ABORT_REQUEST, 1, ""), '\2' + whole}) {
        BOOST_TEST(gather(bytes, 16).state != Gathered::Complete);
        BOOST_TEST(libfcgi_is_wrong(bytes) == "");
        BOOST_TEST(difference(bytes, 16) == "");
        BOOST_TEST(!libfcgi_reads(bytes).whole);
    }
}

// FCGX_Accept_r says 0 for each that breaks off between two parameters, and only the stream's error
// tells; the streams are read as far as it is safe to.
BOOST_AUTO_TEST_CASE(a_request_that_breaks_off_is_reported_complete_by_libfcgi_and_not_by_us)
{
    const auto whole = request(params_of_two, "body");
    int accepted = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto bytes = whole.substr(0, size);
        const auto theirs = libfcgi_reads(bytes);
        BOOST_TEST(gather(bytes, 16).state == Gathered::More);
        BOOST_TEST(difference(bytes, 16) == "");
        accepted += theirs.accepted && theirs.params.size() < 2;
    }
    BOOST_TEST(accepted > 0);
}

BOOST_AUTO_TEST_CASE(a_body_over_our_limit_is_read_by_libfcgi)
{
    for (const std::size_t size : {17U, 100U, 60'000U}) {
        const auto bytes = request(params_of_two, std::string(size, 'x'));
        BOOST_TEST(gather(bytes, 16).state == Gathered::TooLarge);
        BOOST_TEST(difference(bytes, 16) == "");
    }
}

// It fails an application that does not look at the role.
BOOST_AUTO_TEST_CASE(other_roles_are_accepted_by_libfcgi)
{
    for (const int role : {FCGI_AUTHORIZER, FCGI_FILTER}) {
        const auto bytes = begin(role) + record(FCGI_PARAMS, 1, "") + record(FCGI_STDIN, 1, "");
        BOOST_TEST(gather(bytes, 16).state == Gathered::UnknownRole);
        BOOST_TEST(libfcgi_reads(bytes).accepted);
        BOOST_TEST(libfcgi_reads(bytes).role == role);
        BOOST_TEST(difference(bytes, 16) == "");
    }
    for (const int role : {0, 9}) { // and for these it ends the connection without a word
        BOOST_TEST(!libfcgi_reads(begin(role)).accepted);
        BOOST_TEST(libfcgi_reads(begin(role)).written == "");
    }
}

BOOST_AUTO_TEST_CASE(padding_of_a_record_without_content_is_lost_on_libfcgi)
{
    const auto params = record(FCGI_PARAMS, 1, params_of_two), end = record(FCGI_PARAMS, 1, ""),
               body = record(FCGI_STDIN, 1, "");
    const auto body_of_begin = std::string{"\0\1\0\0\0\0\0\0", 8};
    const std::string padded[] = {record(FCGI_BEGIN_REQUEST, 1, body_of_begin, 8) + params + end +
                                      body,
                                  begin() + params + record(FCGI_PARAMS, 1, "", 8) + body};
    for (const auto& bytes : padded) {
        BOOST_TEST(!libfcgi_reads(bytes).whole);
        check_differs(bytes, Gathered::Complete);
    }
}

BOOST_AUTO_TEST_CASE(records_of_other_requests_are_passed_over_by_libfcgi)
{
    const auto end = record(FCGI_PARAMS, 1, "") + record(FCGI_STDIN, 1, "");
    const std::string mixed[] = {begin() + record(FCGI_PARAMS, 2, pair("A", "")) + end,
                                 begin() + record(FCGI_STDIN, 2, "x") + end,
                                 begin() + begin(FCGI_RESPONDER, 0, 2) + end,
                                 record(FCGI_STDIN, 1, "x") + begin() + end};
    for (const auto& bytes : mixed) {
        BOOST_TEST(libfcgi_reads(bytes).whole);
        check_differs(bytes, Gathered::Broken);
    }
    // Without content it takes the next record, which is ours, for the other's.
    const auto bytes =
        begin() + record(FCGI_PARAMS, 2, "") + record(FCGI_PARAMS, 1, params_of_two) + end;
    BOOST_TEST(libfcgi_reads(bytes).params.empty());
    check_differs(bytes, Gathered::Broken);
}

BOOST_AUTO_TEST_CASE(more_parameters_than_reasonable_are_read_by_libfcgi)
{
    auto bytes = begin();
    for (int i = 0; i < 3; ++i)
        bytes += record(FCGI_PARAMS, 1, pair("A", std::string(50'000, 'x')));
    bytes += record(FCGI_PARAMS, 1, "") + record(FCGI_STDIN, 1, "");
    BOOST_TEST(libfcgi_reads(bytes).whole);
    BOOST_TEST(gather(bytes, 16).state == Gathered::Broken);
}

// Not shown to libfcgi: the process would end.
BOOST_AUTO_TEST_CASE(what_aborts_libfcgi_is_broken_or_answered)
{
    const std::string huge{'\xff', '\xff', '\xff', '\xfe', '\xff', '\xff', '\xff', '\xfe'};
    check_differs(request(huge, ""), Gathered::Broken);
    check_differs(begin() + record(FCGI_PARAMS, 1, huge), Gathered::More);
    std::string names;
    for (int i = 0; i < 4; ++i)
        names += pair(FCGI_MPXS_CONNS, "");
    check_differs(record(FCGI_GET_VALUES, 0, names), Gathered::Management);
    check_differs(record(FCGI_GET_VALUES, 0, huge), Gathered::Management);
}

BOOST_AUTO_TEST_CASE(a_parameter_with_a_zero_byte_is_cut_by_libfcgi)
{
    const std::string value{"v\0w", 3};
    const auto bytes = request(pair("A", value), "");
    const std::vector<std::string> theirs{"A=v"};
    BOOST_TEST(libfcgi_reads(bytes).params == theirs);
    BOOST_TEST(find_param(gather(bytes, 16).params, "A").value() == value);
    BOOST_TEST(difference(bytes, 16) == ""); // which compares what libfcgi can hold
}

BOOST_AUTO_TEST_CASE(questions_about_us_are_answered_in_libfcgis_form)
{
    const auto unknown = record(77, 0, "");
    const auto written = libfcgi_reads(unknown + request("", "")).written;
    BOOST_TEST(written.substr(0, 16) == management_answer(unknown));
    BOOST_TEST(difference(unknown + request("", ""), 16) == "");

    // libfcgi knows three values, and they are those of a process that waits in a read. We know
    // none, and leave each name out, as the specification has it for names that are not known.
    const auto question = record(FCGI_GET_VALUES, 0, pair(FCGI_MPXS_CONNS, ""));
    const auto value = std::string{"\x0f\1FCGI_MPXS_CONNS0"};
    const auto answer = libfcgi_reads(question + request("", "")).written;
    BOOST_TEST(answer.substr(0, 8 + 24) ==
               record(FCGI_GET_VALUES_RESULT, 0, value).replace(6, 1, 1, '\6') +
                   answer.substr(8 + 18, 6)); // padding that nobody has written
    BOOST_TEST(management_answer(question) == record(FCGI_GET_VALUES_RESULT, 0, ""));
    BOOST_TEST(difference(question + request("", ""), 16) == "");
}

BOOST_AUTO_TEST_CASE(questions_that_libfcgi_does_not_answer_are_answered)
{
    // It waits for what comes behind the question, and so for ever.
    const auto alone = record(FCGI_GET_VALUES, 0, pair(FCGI_MAX_REQS, ""));
    BOOST_TEST(libfcgi_reads(alone).written == "");
    BOOST_TEST(gather(alone, 16).state == Gathered::Management);
    // It takes the content for a stream's, or ends the connection.
    for (const auto& question : {record(77, 0, "x"), record(FCGI_GET_VALUES, 0, "\5"),
                                 begin(FCGI_RESPONDER, 0, FCGI_NULL_REQUEST_ID)}) {
        BOOST_TEST(!libfcgi_reads(question + request("", "")).accepted);
        check_differs(question + request("", ""), Gathered::Management);
    }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_request_has_libfcgis_form)
{
    auto refused = libfcgi_reads(begin() + begin(FCGI_RESPONDER, 0, 2)).written.substr(0, 16);
    BOOST_TEST(refused[12] == FCGI_CANT_MPX_CONN); // protocolStatus; it never says UNKNOWN_ROLE
    refused[12] = FCGI_UNKNOWN_ROLE;
    BOOST_TEST(refused == unknown_role_record(2));
}

// To the byte, with a buffer as large as a record: padding and cuts are the same.
BOOST_AUTO_TEST_CASE(an_answer_is_written_as_libfcgis_writer_writes_it)
{
    const auto end = record(FCGI_END_REQUEST, 258, std::string(8, '\0'));
    for (const std::size_t size : {0, 1, 7, 8, 9, 8'184, 8'185, 65'527, 65'528, 65'529, 131'057}) {
        const std::string text(size, 'x');
        BOOST_TEST(answer_records(258, text) == libfcgi_writes(FCGI_STDOUT, 258, text) + end);
    }
}

// To the byte as long as the text fits into libfcgi's buffer; beyond it, in meaning.
BOOST_AUTO_TEST_CASE(an_answer_is_what_libfcgi_would_have_answered)
{
    for (const std::size_t size : {0, 1, 7, 8, 9, 8'184, 8'185, 16'368, 100'000}) {
        const std::string text(size, 'x');
        const auto written = libfcgi_reads(request("", ""), text).written;
        BOOST_TEST(answer_difference(1, text, written) == "");
        BOOST_TEST((written == answer_records(1, text)) == (size <= 8'184));
    }
}

BOOST_AUTO_TEST_SUITE_END()
