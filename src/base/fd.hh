#pragma once

// The owner of a file descriptor.

#include <utility>

#include <unistd.h>

namespace onlogin {

// Closes its descriptor when dropped; -1 is none.
class Fd
{
public:
    Fd() = default;
    explicit Fd(int descriptor)
        : descriptor_{descriptor}
    {
    }
    Fd(Fd&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}
    {
    }
    Fd& operator=(Fd&& other) noexcept
    {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~Fd()
    {
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }

    [[nodiscard]] int get() const { return descriptor_; }

    explicit operator bool() const { return descriptor_ >= 0; }

private:
    int descriptor_ = -1;
};

} // namespace onlogin
