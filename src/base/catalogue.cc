#include "base/catalogue.hh"

#include <algorithm>
#include <utility>

#include <cstddef>
#include <cstdint>

namespace onlogin {

namespace {

constexpr std::uint32_t magic = 0x950412de;

// Little-endian numbers of four bytes, and the texts that pairs of them (length, offset) point at.
class Reader
{
public:
    explicit Reader(std::string_view bytes)
        : bytes_{bytes}
    {
    }

    std::optional<std::uint32_t> number(std::size_t at) const
    {
        const auto four = bytes_.substr(std::min(at, bytes_.size()), 4);
        if (four.size() < 4)
            return std::nullopt;
        std::uint32_t value = 0;
        for (auto byte = four.rbegin(); byte != four.rend(); ++byte)
            value = value << 8 | static_cast<unsigned char>(*byte);
        return value;
    }

    // Up to its first NUL, which ends the first of several forms.
    std::optional<std::string_view> text(std::size_t at) const
    {
        const auto length = number(at);
        const auto offset = number(at + 4);
        if (!length || !offset || *offset > bytes_.size() || bytes_.size() - *offset < *length)
            return std::nullopt;
        const auto whole = bytes_.substr(*offset, *length);
        return whole.substr(0, whole.find('\0'));
    }

private:
    std::string_view bytes_;
};

} // namespace

std::optional<Catalogue> Catalogue::parse(std::string bytes)
{
    Catalogue catalogue;
    catalogue.bytes_ = std::make_unique<const std::string>(std::move(bytes));
    const Reader reader{*catalogue.bytes_};
    const auto count = reader.number(8);
    const auto originals = reader.number(12);
    const auto translations = reader.number(16);
    if (reader.number(0) != magic || !count || !originals || !translations)
        return std::nullopt;
    for (std::size_t i = 0; i < *count; ++i) {
        const auto english = reader.text(*originals + 8 * i);
        const auto translation = reader.text(*translations + 8 * i);
        if (!english || !translation)
            return std::nullopt;
        // The empty text has the heading.
        if (!english->empty())
            catalogue.texts_.emplace(*english, *translation);
    }
    return catalogue;
}

std::optional<std::string_view> Catalogue::find(std::string_view english) const
{
    const auto found = texts_.find(english);
    if (found == texts_.end())
        return std::nullopt;
    return found->second;
}

} // namespace onlogin
