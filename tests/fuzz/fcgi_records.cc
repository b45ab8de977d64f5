// What the bytes of a web server mean, to us and to libfcgi: for libFuzzer,
// https://llvm.org/docs/LibFuzzer.html
//
// The first character chooses how large a body may be, and what the rest is: 0, bytes as they came;
// 1, records, each from a byte with type and id, its padding, its length and its content; 2, the
// text of an answer, behind two bytes with the id of its request.

#include "gateway/fcgi_records.hh"

#include "../unit/gateway/fcgi_bytes.hh"
#include "../unit/gateway/libfcgi.hh"
#include "../unit/gateway/libfcgi_judge.hh"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

using namespace onlogin;

namespace {

void require(bool condition)
{
    if (!condition)
        abort();
}

void require_none(std::string_view difference)
{
    if (difference.empty())
        return;
    fprintf(stderr, "they differ: %.*s\n", static_cast<int>(difference.size()), difference.data());
    abort();
}

// Takes a byte; 0 at the end.
unsigned take(std::string_view& bytes)
{
    if (bytes.empty())
        return 0;
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    return byte;
}

std::string records(std::string_view recipe)
{
    constexpr int ids[] = {1, 1, FCGI_NULL_REQUEST_ID, 2};
    std::string bytes;
    while (!recipe.empty()) {
        const auto kind = take(recipe);
        const auto padding = kind & 0x40 ? take(recipe) : 0;
        const auto length = kind & 0x80 ? take(recipe) << 8 | take(recipe) : take(recipe);
        const std::string content{recipe.substr(0, length)};
        recipe.remove_prefix(content.size());
        bytes += record(static_cast<int>(kind & 0xf), ids[kind >> 4 & 3], content,
                        static_cast<int>(padding));
    }
    return bytes;
}

// What has been said of the beginning holds whatever follows, and is said too of what comes in
// pieces.
void check_every_beginning(std::string_view bytes, std::size_t body_limit)
{
    const auto whole = gather(bytes, body_limit);
    const auto step = bytes.size() / 64 + 1;
    Gathering gathering;
    bool gathers = true;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
        const auto part = gather(bytes.substr(0, size), body_limit);
        require(part.state == Gathered::More || part.state == whole.state);
        if (part.state == Gathered::Complete)
            require(part.size == whole.size && part.size <= size && part.body == whole.body &&
                    part.params == whole.params);
        if (!gathers)
            continue;
        const auto same = gathering.look(bytes.substr(0, size), body_limit);
        require(same.state == part.state && same.size == part.size && same.id == part.id &&
                same.keep == part.keep);
        gathers = same.state == Gathered::More;
        if (same.state == Gathered::Complete || same.state == Gathered::TooLarge)
            require(same.body == part.body && same.params == part.params);
    }
}

void check_request(std::string_view bytes, std::size_t body_limit)
{
    check_every_beginning(bytes, body_limit);
    if (libfcgi_is_wrong(bytes).empty())
        require_none(difference(bytes, body_limit));
}

void check_answer(std::string_view input)
{
    const auto id = static_cast<int>(take(input) << 8 | take(input));
    if (id == FCGI_NULL_REQUEST_ID)
        return;
    const auto request =
        begin(FCGI_RESPONDER, 0, id) + record(FCGI_PARAMS, id, "") + record(FCGI_STDIN, id, "");
    require_none(answer_difference(id, input, libfcgi_reads(request, input).written));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    const auto choice = take(rest);
    const std::size_t body_limit = choice & 0x80 ? 8 : 16'384;
    switch (choice % 3) {
    case 0:
        check_request(rest, body_limit);
        break;
    case 1:
        check_request(records(rest), body_limit);
        break;
    case 2:
        check_answer(rest);
        break;
    default:
        break;
    }
    return 0;
}
