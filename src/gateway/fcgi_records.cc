#include "gateway/fcgi_records.hh"

#include <algorithm>

namespace onlogin {

namespace {

enum Type : std::uint8_t
{
    BeginRequest = 1,
    AbortRequest = 2,
    EndRequest = 3,
    Params = 4,
    Stdin = 5,
    Stdout = 6,
    GetValues = 9,
    GetValuesResult = 10,
    UnknownType = 11,
};

constexpr std::size_t header_size = 8;
constexpr std::uint8_t version_1 = 1;
constexpr std::uint8_t unknown_role = 3; // FCGI_UNKNOWN_ROLE
constexpr int responder = 1;

struct Record
{
    std::uint8_t type;
    std::uint16_t id;
    std::string_view content;
    std::size_t size; // header, content and padding
};

unsigned byte_at(std::string_view bytes, std::size_t at)
{
    return static_cast<unsigned char>(bytes[at]);
}

unsigned word_at(std::string_view bytes, std::size_t at)
{
    return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// The record at the beginning of `input`; its content is cut where the input ends.
Record read_record(std::string_view input)
{
    const std::size_t content = word_at(input, 4);
    return {static_cast<std::uint8_t>(byte_at(input, 1)),
            static_cast<std::uint16_t>(word_at(input, 2)), input.substr(header_size, content),
            header_size + content + byte_at(input, 6)};
}

// Takes one length of a name-value pair (section 3.4: one byte, or four with the top bit set).
bool take_length(std::string_view& bytes, std::size_t& length)
{
    if (bytes.empty())
        return false;
    length = byte_at(bytes, 0);
    if (length < 0x80) {
        bytes.remove_prefix(1);
        return true;
    }
    if (bytes.size() < 4)
        return false;
    length = (length & 0x7f) << 24 | byte_at(bytes, 1) << 16 | word_at(bytes, 2);
    bytes.remove_prefix(4);
    return true;
}

// Takes one name-value pair; false if it is not whole.
bool take_pair(std::string_view& bytes, std::string_view& name, std::string_view& value)
{
    std::size_t name_length = 0, value_length = 0;
    if (!take_length(bytes, name_length) || !take_length(bytes, value_length) ||
        name_length + value_length > bytes.size())
        return false;
    name = bytes.substr(0, name_length);
    value = bytes.substr(name_length, value_length);
    bytes.remove_prefix(name_length + value_length);
    return true;
}

bool are_pairs(std::string_view bytes)
{
    std::string_view name, value;
    while (!bytes.empty())
        if (!take_pair(bytes, name, value))
            return false;
    return true;
}

void append_header(std::string& to, Type type, unsigned id, std::size_t content,
                   std::size_t padding)
{
    to += static_cast<char>(version_1);
    to += static_cast<char>(type);
    to += static_cast<char>(id >> 8);
    to += static_cast<char>(id & 0xff);
    to += static_cast<char>(content >> 8);
    to += static_cast<char>(content & 0xff);
    to += static_cast<char>(padding);
    to += '\0';
}

void append_end(std::string& to, unsigned id, std::uint8_t protocol_status)
{
    append_header(to, EndRequest, id, 8, 0);
    to.append(4, '\0'); // application status
    to += static_cast<char>(protocol_status);
    to.append(3, '\0');
}

} // namespace

Gathered gather(std::string_view input, std::size_t body_limit)
{
    enum
    {
        Begin,
        InParams,
        InStdin,
    } expected = Begin;
    Gathered gathered;
    std::size_t at = 0;
    const auto verdict = [&](Gathered::State state) {
        gathered.state = state;
        return std::move(gathered);
    };

    while (input.size() - at >= header_size) {
        const auto rest = input.substr(at);
        if (byte_at(rest, 0) != version_1)
            return verdict(Gathered::Broken);
        const auto record = read_record(rest);
        const bool whole = rest.size() >= record.size;
        if (expected == Begin) {
            if (record.id == 0) {
                gathered.size = record.size;
                return verdict(whole ? Gathered::Management : Gathered::More);
            }
            if (record.type != BeginRequest || rest.substr(header_size).size() < 8)
                return verdict(record.type != BeginRequest ? Gathered::Broken : Gathered::More);
            if (record.content.size() != 8)
                return verdict(Gathered::Broken);
            gathered.id = record.id;
            gathered.keep = byte_at(record.content, 2) & 1;
            if (word_at(record.content, 0) != responder)
                return verdict(Gathered::UnknownRole);
            expected = InParams;
        } else if (record.id != gathered.id) {
            return verdict(Gathered::Broken);
        } else if (expected == InParams) {
            if (record.type != Params)
                return verdict(Gathered::Broken);
            gathered.params += record.content;
            if (gathered.params.size() > most_parameter_bytes)
                return verdict(Gathered::Broken);
            if (whole && record.content.empty()) {
                if (!are_pairs(gathered.params))
                    return verdict(Gathered::Broken);
                expected = InStdin;
            }
        } else {
            if (record.type != Stdin)
                return verdict(Gathered::Broken);
            if (gathered.body.size() + record.content.size() > body_limit)
                return verdict(Gathered::TooLarge);
            gathered.body += record.content;
            if (whole && record.content.empty()) {
                gathered.size = at + record.size;
                return verdict(Gathered::Complete);
            }
        }
        if (!whole)
            break;
        at += record.size;
    }
    return gathered;
}

std::optional<std::string_view> find_param(std::string_view pairs, std::string_view name,
                                           std::size_t before)
{
    std::string_view found, value;
    while (take_pair(pairs, found, value))
        if (found == name && before-- == 0)
            return value;
    return std::nullopt;
}

bool is_abort(std::string_view input, std::uint16_t id)
{
    if (input.size() < header_size || byte_at(input, 0) != version_1)
        return false;
    const auto record = read_record(input);
    return record.type == AbortRequest && record.id == id;
}

std::string answer_records(std::uint16_t id, std::string_view text)
{
    constexpr std::size_t most_content = 65'528; // of a record, a multiple of 8
    std::string records;
    records.reserve(text.size() + 64);
    while (!text.empty()) {
        const auto content = text.substr(0, most_content);
        const std::size_t padding = (8 - content.size() % 8) % 8; // "should", section 3.3
        append_header(records, Stdout, id, content.size(), padding);
        records += content;
        records.append(padding, '\0');
        text.remove_prefix(content.size());
    }
    append_header(records, Stdout, id, 0, 0);
    append_end(records, id, 0);
    return records;
}

std::string
request_records(std::initializer_list<std::pair<std::string_view, std::string_view>> params)
{
    constexpr std::uint16_t id = 1;
    std::string pairs;
    for (const auto& [name, value] : params) {
        pairs += static_cast<char>(name.size());
        pairs += static_cast<char>(value.size());
        pairs += name;
        pairs += value;
    }
    std::string records;
    append_header(records, BeginRequest, id, 8, 0);
    records += {'\0', static_cast<char>(responder), 0, 0, 0, 0, 0, 0};
    append_header(records, Params, id, pairs.size(), 0);
    records += pairs;
    append_header(records, Params, id, 0, 0);
    append_header(records, Stdin, id, 0, 0);
    return records;
}

std::string unknown_role_record(std::uint16_t id)
{
    std::string record;
    append_end(record, id, unknown_role);
    return record;
}

std::string management_answer(std::string_view input)
{
    const auto question = read_record(input);
    std::string answer;
    if (question.type == GetValues) {
        append_header(answer, GetValuesResult, 0, 0, 0);
    } else {
        append_header(answer, UnknownType, 0, 8, 0);
        answer += static_cast<char>(question.type);
        answer.append(7, '\0');
    }
    return answer;
}

} // namespace onlogin
