#pragma once

// The event loop: libuv, owned. Everything of the worker runs on one loop in one thread, in
// callbacks that must not block. No other file includes uv.h.
//
// https://docs.libuv.org/en/v1.x/

#include "net/task.hh"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct uv_loop_s;

namespace onlogin {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Outlives everything that is built on it.
class Loop
{
public:
    Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    // Everything that was built on the loop is gone by now. Lets libuv finish closing its handles.
    ~Loop();

    // Runs callbacks until stop() is called or nothing is left to wait for.
    void run();
    void stop();

    // Runs `function` soon, on the loop, after the callback that is running now.
    void post(std::function<void()> function);

    [[nodiscard]] uv_loop_s* raw();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Calls back once, `delay` after start(). Dropping or stopping it means that it never calls.
class Timer
{
public:
    explicit Timer(Loop& loop);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void start(milliseconds delay, std::function<void()> expired);
    void stop();

private:
    struct Impl;
    Impl* impl_; // owned; freed by libuv's close callback
};

// Watches a socket that somebody else owns; drop it before the socket is closed.
class Watch
{
public:
    enum Events : unsigned char
    {
        None = 0,
        Readable = 1,
        Writable = 2,
        HangUp = 4, // the peer is gone, in both directions
    };

    // Calls `ready` with what has happened, a set of Events, or with -1 when the socket is broken.
    Watch(Loop& loop, int socket, std::function<void(int events)> ready);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // From now on calls back for `events`, a set of Events; None stops.
    void want(int events);

    // want(Readable) and want(None) for a listening socket on which several processes wait, so that
    // a new connection wakes one of them and not all. The processes stand in a line: a connection
    // wakes the first of them that sleeps, which keeps its place; queue_up() takes this process to
    // the end. Until `ready` has been called for the first time this process stands in no line, and
    // every connection wakes it.
    void queue_up();
    void step_aside();

private:
    struct Impl;
    Impl* impl_;
};

// Calls back on the loop for each arrival of a signal, never in signal context.
class SignalWatch
{
public:
    SignalWatch(Loop& loop, int signal, std::function<void()> arrived);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

private:
    struct Impl;
    Impl* impl_;
};

// Looks up the addresses of a host name on libuv's thread pool. `done` gets them as text (IPv6
// without brackets), or none and the reason. Dropping the lookup means that it never calls.
class Lookup
{
public:
    using Done = std::function<void(std::vector<std::string> addresses, std::string reason)>;

    Lookup(Loop& loop, const std::string& host, Done done);
    ~Lookup();
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

private:
    struct Impl;
    Impl* impl_;
};

// co_await pause(loop, 200ms)
Task<> pause(Loop& loop, milliseconds delay);

// Thrown by with_deadline.
struct DeadlinePassed
{};

namespace detail {

template <class T>
struct DeadlineAwaiter
{
    Task<T> task;
    Timer timer;
    milliseconds left;
    bool expired = false;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller)
    {
        timer.start(left, [this, caller] {
            expired = true;
            task = {};
            caller.resume();
        });
        return task.start_for(caller);
    }
    T await_resume()
    {
        timer.stop();
        if (expired)
            throw DeadlinePassed{};
        return task.take();
    }
};

} // namespace detail

// Awaits `task`, but not past `deadline`: then the task is cancelled and DeadlinePassed thrown.
template <class T>
Task<T> with_deadline(Loop& loop, Clock::time_point deadline, Task<T> task)
{
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    detail::DeadlineAwaiter<T> awaiter{std::move(task), Timer{loop},
                                       std::max(left, milliseconds{0})};
    co_return co_await awaiter;
}

// One running task whose end any number of coroutines await. Handles are copied freely; when the
// last one goes before the end, the task is cancelled.
template <class T>
class SharedTask
{
public:
    struct State
    {
        std::optional<T> value;
        std::exception_ptr failure;
        bool ended = false;
        std::vector<std::coroutine_handle<>*> waiting; // a waiter that leaves nulls its entry
        Task<> runner;
    };

    SharedTask() = default;
    explicit SharedTask(std::shared_ptr<State> state)
        : state_{std::move(state)}
    {
    }

    // Starts `task`. When it has ended, the loop resumes the waiters a moment later, not the task
    // itself: a waiter may drop the last handle, and with it the task, which must not be running
    // then (see task.hh).
    static SharedTask start(Loop& loop, Task<T> task)
    {
        auto state = std::make_shared<State>();
        state->runner = run(loop, state, std::move(task));
        state->runner.start();
        return SharedTask{std::move(state)};
    }

    explicit operator bool() const { return state_ != nullptr; }
    [[nodiscard]] bool ended() const { return state_->ended; }

    // For who looks for a running task but does not wait for it: this keeps nothing running.
    [[nodiscard]] std::weak_ptr<State> watch() const { return state_; }

    // co_await shared.end(): the value, which all waiters share, or the exception rethrown.
    auto end() const
    {
        struct Awaiter
        {
            std::shared_ptr<State> state;
            std::coroutine_handle<> caller;

            bool await_ready() const noexcept { return state->ended; }
            void await_suspend(std::coroutine_handle<> handle)
            {
                caller = handle;
                state->waiting.push_back(&caller);
            }
            const T& await_resume() const
            {
                if (state->failure)
                    std::rethrow_exception(state->failure);
                return *state->value;
            }
            ~Awaiter()
            {
                for (auto& entry : state->waiting)
                    if (entry == &caller)
                        entry = nullptr;
            }
        };
        return Awaiter{state_, {}};
    }

private:
    static Task<> run(Loop& loop, std::weak_ptr<State> weak, Task<T> task)
    {
        std::optional<T> value;
        std::exception_ptr failure;
        try {
            value.emplace(co_await std::move(task));
        } catch (...) {
            failure = std::current_exception();
        }
        const auto state = weak.lock();
        state->value = std::move(value);
        state->failure = failure;
        state->ended = true;
        loop.post([state] {
            for (std::size_t i = 0; i < state->waiting.size(); ++i)
                if (auto* entry = std::exchange(state->waiting[i], nullptr))
                    entry->resume();
            state->waiting.clear();
        });
    }

    std::shared_ptr<State> state_;
};

// The event loop's library, as a line of -V.
std::string loop_library();

} // namespace onlogin
