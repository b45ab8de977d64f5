#pragma once

// Whether the server in front uses its connections again.

#include <algorithm>
#include <cstddef>

namespace onlogin {

// Judged by what became of the latest connections. What the server asks for does not tell: nginx
// asks to keep the connection of an auth_request as well, and closes it after the one answer.
class Reuse
{
public:
    // On one more open connection the server has asked to keep it.
    void asked_to_keep() { ++asked_; }

    // A connection is used for its second request. To be called once for each: its third and its
    // hundredth request are no news.
    void used_again() { single_ -= std::min(single_, worth_of_one_used_again); }

    // A connection on which so many answers were sent has ended.
    void ended(bool had_asked_to_keep, int answers)
    {
        asked_ -= had_asked_to_keep ? 1 : 0;
        if (answers == 1)
            single_ = std::min(single_ + 1, most_remembered);
    }

    [[nodiscard]] bool is_usual() const { return asked_ > 0 && single_ < habit; }

private:
    // So many connections in a row that ended after one answer are a habit and no accident.
    static constexpr int habit = 16;

    // One that is used again serves many requests and is counted once, so it outweighs some of the
    // others: a server with more than one such connection among five is one that keeps them.
    static constexpr int worth_of_one_used_again = 4;

    // A server that changes its habit, as at the end of a rush of auth_requests, is believed after
    // a handful of connections, however long it had the old one.
    static constexpr int most_remembered = 2 * habit;

    std::size_t asked_ = 0; // open connections that the server has asked to keep
    int single_ = 0;        // connections that ended after one answer, less what others outweigh
};

} // namespace onlogin
