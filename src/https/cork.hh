#pragma once

// Sends that belong together.

#include <vector>

namespace onlogin {

// While it lives, what is written to these TCP sockets is held back, and leaves together at the
// end, in fewer packets (TCP_CORK, tcp(7)). Sockets may be closed meanwhile.
class Cork
{
public:
    explicit Cork(std::vector<int> sockets);
    Cork(const Cork&) = delete;
    Cork& operator=(const Cork&) = delete;
    ~Cork();

private:
    void set(int value) const;

    std::vector<int> sockets_;
};

} // namespace onlogin
