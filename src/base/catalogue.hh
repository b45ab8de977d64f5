#pragma once

// A compiled catalogue of gettext, as msgfmt writes it ("The Format of GNU MO Files" of its
// manual).
//
// It is read here and not by gettext's own functions, because these translate nothing in the
// locales C and, since glibc of Debian 13, C.UTF-8; and a server often has no other.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace onlogin {

class Catalogue
{
public:
    // What `bytes` hold; absent if they are no catalogue in the byte order that msgfmt writes
    // unless told otherwise, or one that is cut off.
    static std::optional<Catalogue> parse(std::string bytes);

    Catalogue(Catalogue&&) = default;
    Catalogue& operator=(Catalogue&&) = default;
    // Its entries point into its own bytes.
    Catalogue(const Catalogue&) = delete;
    Catalogue& operator=(const Catalogue&) = delete;
    ~Catalogue() = default;

    // The translation of a text, of its first plural form where it has several, which is the only
    // one in Chinese; absent if there is none. Lives as long as the catalogue.
    std::optional<std::string_view> find(std::string_view english) const;

private:
    Catalogue() = default;

    // On the heap: a short std::string would take its bytes along when it moves.
    std::unique_ptr<const std::string> bytes_;
    std::unordered_map<std::string_view, std::string_view> texts_;
};

} // namespace onlogin
