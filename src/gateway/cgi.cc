#include "gateway/gateway.hh"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <limits.h>
#include <poll.h>
#include <unistd.h>

namespace onlogin {

namespace {

// The whole request has this long to come, and then the answer to be taken. As for FastCGI.
constexpr milliseconds patience{10'000};

// Of a body that is too large, so much is read for nothing.
constexpr std::size_t most_discarded = 1'048'576;

// Whether the descriptor is ready before that; also when the other side has gone.
bool await(int descriptor, short events, Clock::time_point until)
{
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
        pollfd ready{descriptor, events, 0};
        const int count = poll(&ready, 1, std::max(0, static_cast<int>(left.count())));
        if (count >= 0 || errno != EINTR)
            return count == 1;
    }
}

struct Input
{
    std::string text;
    bool late = false; // more was to come, and did not in time
};

// At most `most` bytes, fewer if the input ends or has not all come by then.
Input read_input(std::size_t most, Clock::time_point until)
{
    Input input;
    auto& text = input.text;
    char chunk[4096];
    while (text.size() < most) {
        if (!await(0, POLLIN, until)) {
            input.late = true;
            break;
        }
        const auto count = read(0, chunk, std::min(sizeof chunk, most - text.size()));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        text.append(chunk, static_cast<std::size_t>(count));
    }
    return input;
}

void write_output(std::string_view text)
{
    // So much a pipe takes at once when it is ready: the write does not wait.
    constexpr std::size_t piece = PIPE_BUF;
    const auto until = Clock::now() + patience;
    while (!text.empty() && await(1, POLLOUT, until)) {
        const auto count = write(1, text.data(), std::min(piece, text.size()));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return; // the server has gone
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

// How long the server says that the body is; without a number only a chunked body is there at all,
// and it goes to the end of the input (Apache's mod_cgid).
std::size_t announced_length(const Variables& variables)
{
    const auto length = std::string{variables("CONTENT_LENGTH").value_or("")};
    if (length.empty() || length == "-1")
        return variables("HTTP_TRANSFER_ENCODING") ? std::string::npos : 0;
    return std::strtoull(length.c_str(), nullptr, 10);
}

// At most one byte more than `limit`. What is left is thrown away: Apache's mod_cgid drops the
// answer of a program that ends while its input is on the way, and the client gets none at all.
Input read_body(std::size_t announced, std::size_t limit)
{
    const auto until = Clock::now() + patience;
    auto body = read_input(std::min(announced, limit + 1), until);
    if (body.text.size() > limit)
        read_input(std::min(announced - body.text.size(), most_discarded), until);
    return body;
}

Task<> answer(Loop& loop, const Handler& handler, Request& request)
{
    const Response response = co_await handler(request);
    write_output(to_cgi(response));
    loop.stop();
}

} // namespace

bool arguments_come_from_client()
{
    const char* const query = getenv("QUERY_STRING");
    const bool is_cgi = getenv("GATEWAY_INTERFACE") || getenv("REQUEST_METHOD");
    return is_cgi && query && *query && !strchr(query, '=');
}

void refuse_arguments()
{
    auto response =
        Response::failure(400, 400, "the query string has no parameter", Recover::Never);
    const char* const method = getenv("REQUEST_METHOD");
    response.head = method && strcmp(method, "HEAD") == 0;
    write_output(to_cgi(response));
}

void serve_cgi(Loop& loop, GatewayLimits limits, const Handler& handler)
{
    const Variables variables{
        [](std::string_view name, std::size_t before) -> std::optional<std::string_view> {
            const char* const value = before == 0 ? getenv(std::string{name}.c_str()) : nullptr;
            return value ? std::optional<std::string_view>{value} : std::nullopt;
        }};
    Request request = read_variables(variables);
    auto body = read_body(announced_length(variables), limits.body_bytes);
    request.body = std::move(body.text);
    request.body_too_large = request.body.size() > limits.body_bytes;
    check_length(request, variables, limits.body_bytes);
    if (body.late) // the end of a chunked body would not show that it is no end
        request.body_mismatch = true;
    request.arrived = Clock::now();

    auto task = answer(loop, handler, request);
    task.start();
    loop.run();
}

} // namespace onlogin
