#include "libfcgi_judge.hh"

#include "gateway/fcgi_records.hh"
#include "libfcgi.hh"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fastcgi.h>

namespace onlogin {

namespace {

// Read here a second time, and not with the functions that are judged.
struct Record
{
    int type;
    int id;
    std::string_view content; // cut where the bytes end
    std::size_t padding;
};

// Takes one record, whole or not; none where not even its header is there.
std::optional<Record> take_record(std::string_view& bytes)
{
    const auto byte = [&](std::size_t at) {
        return static_cast<unsigned>(static_cast<unsigned char>(bytes[at]));
    };
    if (bytes.size() < FCGI_HEADER_LEN || byte(0) != FCGI_VERSION_1)
        return std::nullopt;
    const Record record{static_cast<int>(byte(1)), static_cast<int>(byte(2) << 8 | byte(3)),
                        bytes.substr(FCGI_HEADER_LEN, byte(4) << 8 | byte(5)), byte(6)};
    bytes.remove_prefix(
        std::min<std::size_t>(bytes.size(), FCGI_HEADER_LEN + (byte(4) << 8 | byte(5)) + byte(6)));
    return record;
}

struct Pairs
{
    std::vector<std::pair<std::string, std::string>> all;
    bool whole = true;   // nothing is cut
    bool absurd = false; // one is announced that is longer than any request
};

bool take_length(std::string_view& bytes, std::size_t& length)
{
    const std::size_t size = !bytes.empty() && bytes[0] & 0x80 ? 4 : 1;
    if (bytes.size() < size)
        return false;
    for (const char byte : bytes.substr(0, size))
        length = length << 8U | static_cast<unsigned char>(byte);
    length &= 0x7fffffffU;
    bytes.remove_prefix(size);
    return true;
}

Pairs read_pairs(std::string_view bytes)
{
    constexpr std::size_t absurd_length = 1U << 24U;
    Pairs pairs;
    while (pairs.whole && !bytes.empty()) {
        std::size_t name = 0, value = 0;
        pairs.whole =
            take_length(bytes, name) && take_length(bytes, value) && name + value <= bytes.size();
        pairs.absurd = std::max(name, value) > absurd_length;
        if (pairs.whole) {
            pairs.all.emplace_back(bytes.substr(0, name), bytes.substr(name, value));
            bytes.remove_prefix(name + value);
        }
    }
    return pairs;
}

// As libfcgi holds a parameter: a C string.
std::string to_nul(const std::string& text)
{
    return text.c_str();
}

std::string difference(const Gathered& ours, const LibfcgiRequest& theirs)
{
    if (ours.id != theirs.id)
        return "id";
    if (ours.keep != theirs.keep)
        return "keep";
    if (theirs.role != FCGI_RESPONDER)
        return "role";
    std::vector<std::string> params;
    std::map<std::string, std::size_t> seen; // of each name, so many
    for (const auto& [name, value] : read_pairs(ours.params).all) {
        std::string pair{name};
        pair += '=';
        pair += value;
        params.push_back(to_nul(pair));
        if (find_param(ours.params, name, seen[name]++) != value)
            return "what is found of " + name;
    }
    return params == theirs.params ? "" : "params";
}

// Our answers to questions, and what libfcgi wrote. It tells values, of which we know none.
bool answer_alike(std::string_view answers, std::string_view written)
{
    while (!answers.empty()) {
        const auto ours = take_record(answers), theirs = take_record(written);
        if (!ours || !theirs || ours->type != theirs->type || ours->id != theirs->id)
            return false;
        if (ours->type == FCGI_UNKNOWN_TYPE && ours->content != theirs->content)
            return false;
    }
    return true;
}

} // namespace

std::string_view libfcgi_is_wrong(std::string_view bytes)
{
    constexpr std::string_view passes_over =
        "it passes over records of requests that it does not know; we end the connection";
    std::optional<Record> record;
    while ((record = take_record(bytes)) && record->id == FCGI_NULL_REQUEST_ID) {
        if (record->type == FCGI_BEGIN_REQUEST)
            return "a request without a number is a question of an unknown type to us, and broken "
                   "to libfcgi";
        if (record->type != FCGI_GET_VALUES) {
            if (!record->content.empty())
                return "it takes the content of a question that it does not know for a stream's";
            continue;
        }
        const auto asked = read_pairs(record->content);
        if (asked.absurd)
            return "it aborts when a peer announces absurd lengths";
        if (asked.all.size() > 3)
            return "it writes the answer to more than three questions beyond its buffer";
        if (!asked.whole)
            return "it ends the connection for a question that breaks off; our answer is the same "
                   "to any";
    }
    if (record && record->type != FCGI_BEGIN_REQUEST)
        return passes_over;
    if (!record || record->content.size() != sizeof(FCGI_BeginRequestBody))
        return "";
    const auto id = record->id;
    int expected = FCGI_PARAMS;
    auto padding = record->padding;
    std::string params;
    while (padding == 0 && (record = take_record(bytes))) {
        if (record->id != id || record->type == FCGI_BEGIN_REQUEST)
            return passes_over;
        if (record->type != expected)
            break;
        if (expected == FCGI_STDIN) {
            if (record->content.empty())
                break;
            continue;
        }
        params += record->content;
        if (record->content.empty()) {
            expected = FCGI_STDIN;
            padding = record->padding;
        }
    }
    if (padding > 0)
        return "it takes the padding of a beginning, and of the end of the parameters, for a "
               "record";
    if (read_pairs(params).absurd)
        return "it aborts when a peer announces absurd lengths";
    return "";
}

std::string difference(std::string_view bytes, std::size_t body_limit)
{
    auto rest = bytes;
    std::string answers;
    auto ours = gather(rest, body_limit);
    while (ours.state == Gathered::Management) {
        answers += management_answer(rest);
        rest.remove_prefix(ours.size);
        ours = gather(rest, body_limit);
    }
    const auto theirs = libfcgi_reads(bytes);
    switch (ours.state) {
    case Gathered::Complete:
        if (!theirs.whole)
            return "complete to us alone";
        if (ours.body != theirs.body)
            return "body";
        if (!answer_alike(answers, theirs.written))
            return "answers to questions";
        return difference(ours, theirs);
    case Gathered::TooLarge:
        // What came of the body, and its beginning, tells libfcgi the same.
        if (!theirs.accepted || theirs.body.size() <= body_limit)
            return "too large to us alone";
        if (theirs.body.compare(0, ours.body.size(), ours.body) != 0)
            return "body";
        return difference(ours, theirs);
    case Gathered::UnknownRole:
        return theirs.accepted && theirs.role == FCGI_RESPONDER ? "another role to us alone" : "";
    case Gathered::More:
        // libfcgi does not wait for the padding of the last record.
        if (theirs.whole)
            return gather(std::string{rest} + std::string(255, 'p'), body_limit).state ==
                           Gathered::Complete
                       ? ""
                       : "complete to libfcgi alone";
        return "";
    case Gathered::Broken:
        return theirs.whole ? "broken to us alone" : "";
    case Gathered::Management:
        break;
    }
    return "";
}

std::string answer_difference(int id, std::string_view text, std::string_view written)
{
    const auto ours = answer_records(static_cast<std::uint16_t>(id), text);
    struct Answer
    {
        std::string text;
        std::string ends; // what follows the text, to the byte
        bool aligned = true;
        bool operator==(const Answer&) const = default;
    };
    const auto read = [id](std::string_view bytes) {
        Answer answer;
        while (!bytes.empty()) {
            const auto rest = bytes;
            const auto record = take_record(bytes);
            if (!record || record->id != id || record->type != FCGI_STDOUT ||
                record->content.empty()) {
                answer.ends = rest;
                break;
            }
            answer.text += record->content;
            answer.aligned &= (record->content.size() + record->padding) % 8 == 0;
        }
        return answer;
    };
    const auto mine = read(ours), libfcgis = read(written);
    if (mine.text != text)
        return "our text";
    if (libfcgis.text != text)
        return "libfcgi's text";
    return mine == libfcgis ? "" : "alignment or end";
}

} // namespace onlogin
