#pragma once

// The coroutine type. A Task starts when it is awaited (or start()ed), resumes whoever awaited it
// when it ends, and hands on its value or exception.
//
// Cancelling is destroying: a suspended Task that is dropped destroys its frame, and with it the
// tasks that it awaits, down to the one that waits for the world: there the destructors of what it
// waits with (an Event, a Timer, a Lookup) see to it that nobody resumes it any more. A Task must
// not be destroyed while it is running, that is, by code that it called.

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace onlogin {

template <class T>
class Task;

namespace detail {

struct PromiseBase
{
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr failure;

    struct Final
    {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept
        {
            return self.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase
{
    std::optional<T> value;

    Task<T> get_return_object();
    template <class U>
    void return_value(U&& result)
    {
        value.emplace(std::forward<U>(result));
    }
    T take()
    {
        if (failure)
            std::rethrow_exception(failure);
        return std::move(*value);
    }
};

template <>
struct Promise<void> : PromiseBase
{
    Task<void> get_return_object();
    void return_void() const noexcept {}
    void take() const
    {
        if (failure)
            std::rethrow_exception(failure);
    }
};

} // namespace detail

template <class T = void>
class [[nodiscard]] Task
{
public:
    using promise_type = detail::Promise<T>;

    Task() = default;
    explicit Task(std::coroutine_handle<promise_type> handle)
        : handle_{handle}
    {
    }
    Task(Task&& other) noexcept
        : handle_{std::exchange(other.handle_, {})}
    {
    }
    Task& operator=(Task&& other) noexcept
    {
        Task dropped{std::exchange(handle_, std::exchange(other.handle_, {}))};
        return *this;
    }
    ~Task()
    {
        if (handle_)
            handle_.destroy();
    }

    // Runs the task up to its first wait; nobody is told of its end. Its owner keeps it until then.
    void start() { handle_.resume(); }

    // Names who is resumed at the end, and returns what to resume now to run the task.
    std::coroutine_handle<> start_for(std::coroutine_handle<> continuation) const
    {
        handle_.promise().continuation = continuation;
        return handle_;
    }

    // The value, or the exception rethrown. Once, after the end.
    T take() { return handle_.promise().take(); }

    auto operator co_await() && noexcept
    {
        struct Awaiter
        {
            std::coroutine_handle<promise_type> task;

            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) const noexcept
            {
                task.promise().continuation = caller;
                return task;
            }
            T await_resume() const { return task.promise().take(); }
        };
        return Awaiter{handle_};
    }

private:
    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object()
{
    return Task<T>{std::coroutine_handle<Promise<T>>::from_promise(*this)};
}

inline Task<void> Promise<void>::get_return_object()
{
    return Task<void>{std::coroutine_handle<Promise<void>>::from_promise(*this)};
}

} // namespace detail
} // namespace onlogin
