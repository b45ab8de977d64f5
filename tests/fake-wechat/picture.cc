#include "picture.hh"

#include <initializer_list>
#include <string_view>

namespace onlogin::fake {

namespace {

std::string bytes(std::initializer_list<int> values)
{
    std::string text;
    for (const int value : values)
        text += static_cast<char>(value);
    return text;
}

// A marker and what belongs to it (ITU-T T.81, B.1.1.4).
std::string segment(int marker, std::string_view content)
{
    const auto length = static_cast<int>(content.size()) + 2;
    return bytes({0xff, marker, length / 256, length % 256}).append(content);
}

// A table with one code, of one bit, for the symbol 0: all that a grey square needs.
std::string huffman_table(int id)
{
    return segment(0xc4, bytes({id, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

} // namespace

std::string jpeg(std::size_t size)
{
    const auto head = bytes({0xff, 0xd8}) +
                      segment(0xe0, bytes({'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0}));
    const auto body = segment(0xdb, '\0' + std::string(64, '\x01')) +        // quantisation
                      segment(0xc0, bytes({8, 0, 8, 0, 8, 1, 1, 0x11, 0})) + // 8 by 8, grey
                      huffman_table(0x00) + huffman_table(0x10) +
                      segment(0xda, bytes({1, 1, 0, 0, 63, 0})) + bytes({0x3f, 0xff, 0xd9});
    std::string comment; // every byte there is: who takes it for text shows it
    while (head.size() + body.size() + 4 + comment.size() < size)
        comment += static_cast<char>(comment.size() % 256);
    return head + segment(0xfe, comment) + body;
}

} // namespace onlogin::fake
