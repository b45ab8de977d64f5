#pragma once

// A coroutine waits until somebody else says that something has happened:
//
//   Event over;
//   Timer timer{loop};
//   timer.start(200ms, [&over] { over.set(); });
//   co_await over;
//
// What others call an auto-reset event, for one waiter: an answer that comes, a socket that becomes
// ready, a time that passes. For many waiters, and for a value or an exception, see SharedTask in
// loop.hh.

#include <coroutine>
#include <utility>

namespace onlogin {

// At most one coroutine waits at a time.
//
// The event lives at least as long as somebody waits for it. A waiter may leave whenever it likes:
// dropping its task gives up, and a later set() resumes nobody. Where it is not certain who goes
// first, the waiter and the one who calls set() share the event (std::shared_ptr).
class Event
{
public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    // Resumes who waits, and returns when that coroutine waits for something else or has ended: it
    // may have dropped the event by then, and whoever called. When nobody waits, the next co_await
    // goes on at once; it makes no difference how often set() has been called until then.
    void set()
    {
        set_ = true;
        if (const auto waiter = std::exchange(waiter_, {}))
            waiter.resume();
    }

    // Whether a coroutine waits: for those to whom it is no news when nobody does.
    [[nodiscard]] bool awaited() const { return waiter_ != nullptr; }

    // co_await event: until set() is called. That is used up then: the next co_await waits again.
    auto operator co_await() noexcept
    {
        struct Awaiter
        {
            Event& event;

            bool await_ready() const noexcept { return event.set_; }
            void await_suspend(std::coroutine_handle<> caller) const noexcept
            {
                event.waiter_ = caller;
            }
            void await_resume() const noexcept { event.set_ = false; }
            ~Awaiter() { event.waiter_ = {}; }
        };
        return Awaiter{*this};
    }

private:
    bool set_ = false;
    std::coroutine_handle<> waiter_; // null: nobody waits
};

} // namespace onlogin
