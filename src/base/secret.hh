#pragma once

// Text that must not be seen: the AppSecret, a session_key, a URL that carries them.

#include <string>
#include <string_view>
#include <utility>

#include <string.h>

namespace onlogin {

// Overwrites `text` in a way that the compiler may not leave out.
inline void wipe(std::string& text)
{
    explicit_bzero(text.data(), text.size());
    text.clear();
}

// Owns a secret and wipes it when dropped. It has no `<<` and converts to nothing, so it cannot
// reach a log or a message by accident; who needs the text says so with reveal().
class Secret
{
public:
    Secret() = default;
    explicit Secret(std::string text)
        : text_{std::move(text)}
    {
    }
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept
        : text_{std::move(other.text_)}
    {
        wipe(other.text_);
    }
    Secret& operator=(Secret other) noexcept
    {
        text_.swap(other.text_);
        return *this;
    }
    ~Secret() { wipe(text_); }

    // The text itself, valid as long as this object is.
    [[nodiscard]] const std::string& reveal() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

    // Only for secrets that both come from the operator: the time that it takes tells where they
    // differ. For what a client sends, see equal_in_constant_time() in crypto.hh.
    friend bool operator==(const Secret&, const Secret&) = default;

private:
    std::string text_;
};

} // namespace onlogin
