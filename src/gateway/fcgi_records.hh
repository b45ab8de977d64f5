#pragma once

// FastCGI's records (https://fastcgi-archives.github.io/FastCGI_Specification.html, section 3):
// requests from bytes, and bytes from answers. Values and pure functions: nothing here waits.
//
// What a record is (types, roles, sizes) libfcgi's <fastcgi.h> says, and libfcgi's own reader and
// writer are what the tests compare these functions with. But it does not read here: it reads with
// blocking calls, waits for ever for a peer that stops half-way, reports a request that breaks off
// between two parameters as complete, aborts the process when a peer announces absurd lengths, and
// takes 20 kB for each request in flight.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace onlogin {

// What the bytes of a connection hold.
struct Gathered
{
    enum State
    {
        More,        // so far, so good
        Complete,    // `size` bytes are one whole request
        TooLarge,    // the body is over the limit, and not here; the parameters are complete
        UnknownRole, // a request that is not for a responder
        Management,  // `size` bytes are a question about us, not a request
        Broken,      // not FastCGI, or not what we take: close the connection
    };
    State state = More;
    std::size_t size = 0;
    std::uint16_t id = 0; // of the request
    bool keep = false;    // the peer wants to keep the connection
    std::string params;   // name-value pairs for find_param(), once complete
    std::string body;
};

// The parameters of one request may take this many bytes. nginx sends at most 65,535.
inline constexpr std::size_t most_parameter_bytes = 131'072;

// Gathers one request while it comes. Each byte is looked at once, however small the pieces are.
class Gathering
{
public:
    // `input` is everything that came since the last request: what it was the last time, and more.
    // After any other state than More this object has had its day. Multiplexed requests are Broken:
    // nobody sends them to a responder that does not say that it takes them.
    Gathered look(std::string_view input, std::size_t body_limit);

private:
    enum Expected
    {
        Begin,
        InParams,
        InStdin,
    };
    Expected expected_ = Begin;
    std::size_t at_ = 0;    // where the record begins that was not whole
    std::size_t taken_ = 0; // of its content
    Gathered gathered_;     // so far
};

// The same, for the beginning of a request at once.
Gathered gather(std::string_view input, std::size_t body_limit);

// The value of `name` among whole name-value pairs; where it stands there more than once, the one
// that has so many of that name before it.
std::optional<std::string_view> find_param(std::string_view pairs, std::string_view name,
                                           std::size_t before = 0);

// Whether `input` begins with the record by which the peer gives request `id` up.
bool is_abort(std::string_view input, std::uint16_t id);

// `text` as standard output of request `id`, and the end of the request.
std::string answer_records(std::uint16_t id, std::string_view text);

// A whole request for a responder, without a body, on a connection that the responder is to close.
// Names and values are shorter than 128 bytes.
std::string
request_records(std::initializer_list<std::pair<std::string_view, std::string_view>> params);

// The end of a request that is not answered because its role is unknown.
std::string unknown_role_record(std::uint16_t id);

// The answer to the management record at the beginning of `input`: no value known, or type unknown.
std::string management_answer(std::string_view input);

} // namespace onlogin
