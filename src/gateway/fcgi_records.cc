#include "gateway/fcgi_records.hh"

#include <cstring>
#include <type_traits>

#include <fastcgi.h>

namespace onlogin {

namespace {

constexpr std::size_t header_size = FCGI_HEADER_LEN;

struct Record
{
    std::uint8_t type;
    std::uint16_t id;
    std::string_view content; // cut where the input ends
    std::size_t length;       // of the content, as announced
    std::size_t size;         // of header, content and padding
};

unsigned byte_at(std::string_view bytes, std::size_t at)
{
    return static_cast<unsigned char>(bytes[at]);
}

unsigned word(unsigned char high, unsigned char low)
{
    return high << 8U | low;
}

unsigned char high_byte(std::size_t of_word)
{
    return static_cast<unsigned char>(of_word >> 8U);
}

unsigned char low_byte(std::size_t of_word)
{
    return static_cast<unsigned char>(of_word & 0xff);
}

// The structs of fastcgi.h are bytes and nothing else: they lie in a record as they lie in memory.
template <class Struct>
constexpr bool is_bytes = alignof(Struct) == 1 && std::is_trivially_copyable_v<Struct>;

template <class Struct>
Struct read_struct(std::string_view bytes)
{
    static_assert(is_bytes<Struct>);
    Struct result;
    std::memcpy(&result, bytes.data(), sizeof result);
    return result;
}

template <class Struct>
void append_struct(std::string& to, const Struct& from)
{
    static_assert(is_bytes<Struct>);
    to.append(reinterpret_cast<const char*>(&from), sizeof from);
}

// The record at the beginning of `input`, whose header is whole.
Record read_record(std::string_view input)
{
    const auto header = read_struct<FCGI_Header>(input);
    const std::size_t length = word(header.contentLengthB1, header.contentLengthB0);
    return {header.type, static_cast<std::uint16_t>(word(header.requestIdB1, header.requestIdB0)),
            input.substr(header_size, length), length, header_size + length + header.paddingLength};
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
    length = (length & 0x7f) << 24 | byte_at(bytes, 1) << 16 | byte_at(bytes, 2) << 8 |
             byte_at(bytes, 3);
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

FCGI_Header header(unsigned char type, std::uint16_t id, std::size_t content,
                   std::size_t padding = 0)
{
    return {.version = FCGI_VERSION_1,
            .type = type,
            .requestIdB1 = high_byte(id),
            .requestIdB0 = low_byte(id),
            .contentLengthB1 = high_byte(content),
            .contentLengthB0 = low_byte(content),
            .paddingLength = low_byte(padding),
            .reserved = 0};
}

FCGI_EndRequestRecord end_request(std::uint16_t id, unsigned char protocol_status)
{
    FCGI_EndRequestRecord record{};
    record.header = header(FCGI_END_REQUEST, id, sizeof record.body);
    record.body.protocolStatus = protocol_status;
    return record;
}

} // namespace

Gathered Gathering::look(std::string_view input, std::size_t body_limit)
{
    const auto verdict = [&](Gathered::State state) {
        gathered_.state = state;
        return std::move(gathered_);
    };

    while (input.size() - at_ >= header_size) {
        const auto rest = input.substr(at_);
        if (byte_at(rest, 0) != FCGI_VERSION_1)
            return verdict(Gathered::Broken);
        const auto record = read_record(rest);
        const auto fresh = record.content.substr(taken_);
        const bool whole = rest.size() >= record.size;
        const bool is_end = whole && record.content.empty();
        if (expected_ == Begin) {
            if (record.id == FCGI_NULL_REQUEST_ID) {
                gathered_.size = record.size;
                if (whole)
                    return verdict(Gathered::Management);
                break;
            }
            if (record.type != FCGI_BEGIN_REQUEST || record.length != sizeof(FCGI_BeginRequestBody))
                return verdict(Gathered::Broken);
            if (record.content.size() < record.length)
                break;
            const auto begin = read_struct<FCGI_BeginRequestBody>(record.content);
            gathered_.id = record.id;
            gathered_.keep = begin.flags & FCGI_KEEP_CONN;
            if (word(begin.roleB1, begin.roleB0) != FCGI_RESPONDER)
                return verdict(Gathered::UnknownRole);
            if (whole)
                expected_ = InParams;
        } else if (record.id != gathered_.id) {
            return verdict(Gathered::Broken);
        } else if (expected_ == InParams) {
            if (record.type != FCGI_PARAMS)
                return verdict(Gathered::Broken);
            gathered_.params += fresh;
            if (gathered_.params.size() > most_parameter_bytes)
                return verdict(Gathered::Broken);
            if (is_end) {
                if (!are_pairs(gathered_.params))
                    return verdict(Gathered::Broken);
                expected_ = InStdin;
            }
        } else {
            if (record.type != FCGI_STDIN)
                return verdict(Gathered::Broken);
            if (gathered_.body.size() + fresh.size() > body_limit) {
                gathered_.body.clear();
                return verdict(Gathered::TooLarge);
            }
            gathered_.body += fresh;
            if (is_end) {
                gathered_.size = at_ + record.size;
                return verdict(Gathered::Complete);
            }
        }
        if (!whole) {
            taken_ = expected_ == Begin ? 0 : record.content.size();
            break;
        }
        at_ += record.size;
        taken_ = 0;
    }
    return {Gathered::More, gathered_.size, gathered_.id, gathered_.keep, {}, {}};
}

Gathered gather(std::string_view input, std::size_t body_limit)
{
    return Gathering{}.look(input, body_limit);
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
    if (input.size() < header_size || byte_at(input, 0) != FCGI_VERSION_1)
        return false;
    const auto record = read_record(input);
    return record.type == FCGI_ABORT_REQUEST && record.id == id;
}

std::string answer_records(std::uint16_t id, std::string_view text)
{
    constexpr std::size_t most_content = FCGI_MAX_LENGTH - FCGI_MAX_LENGTH % 8;
    std::string records;
    records.reserve(text.size() + 64);
    while (!text.empty()) {
        const auto content = text.substr(0, most_content);
        const std::size_t padding = (8 - content.size() % 8) % 8; // "should", section 3.3
        append_struct(records, header(FCGI_STDOUT, id, content.size(), padding));
        records += content;
        records.append(padding, '\0');
        text.remove_prefix(content.size());
    }
    append_struct(records, header(FCGI_STDOUT, id, 0));
    append_struct(records, end_request(id, FCGI_REQUEST_COMPLETE));
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
    FCGI_BeginRequestRecord begin{};
    begin.header = header(FCGI_BEGIN_REQUEST, id, sizeof begin.body);
    begin.body.roleB0 = FCGI_RESPONDER;
    std::string records;
    append_struct(records, begin);
    append_struct(records, header(FCGI_PARAMS, id, pairs.size()));
    records += pairs;
    append_struct(records, header(FCGI_PARAMS, id, 0));
    append_struct(records, header(FCGI_STDIN, id, 0));
    return records;
}

std::string unknown_role_record(std::uint16_t id)
{
    std::string record;
    append_struct(record, end_request(id, FCGI_UNKNOWN_ROLE));
    return record;
}

std::string management_answer(std::string_view input)
{
    const auto question = read_record(input);
    std::string answer;
    if (question.type == FCGI_GET_VALUES) {
        append_struct(answer, header(FCGI_GET_VALUES_RESULT, FCGI_NULL_REQUEST_ID, 0));
        return answer;
    }
    FCGI_UnknownTypeRecord record{};
    record.header = header(FCGI_UNKNOWN_TYPE, FCGI_NULL_REQUEST_ID, sizeof record.body);
    record.body.type = question.type;
    append_struct(answer, record);
    return answer;
}

} // namespace onlogin
