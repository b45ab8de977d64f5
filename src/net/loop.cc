#include "net/loop.hh"

#include "net/event.hh"

#include <stdexcept>

#include <csignal>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <uv.h>

namespace onlogin {

namespace {

void check(int result, const char* what)
{
    if (result < 0)
        throw std::runtime_error{std::string{what} + ": " + uv_strerror(result)};
}

// Closes `handle`, the first member of an Impl, and frees the Impl when libuv is done with it.
template <class Impl>
void close_handle(Impl* impl)
{
    uv_close(reinterpret_cast<uv_handle_t*>(&impl->handle),
             [](uv_handle_t* handle) { delete static_cast<Impl*>(handle->data); });
}

} // namespace

struct Loop::Impl
{
    uv_loop_t loop;
    uv_check_t check; // runs what was posted during polling, before the loop blocks again
    uv_idle_t idle;   // keeps the loop from blocking while something is posted
    std::vector<std::function<void()>> posted;

    void run_posted()
    {
        while (!posted.empty()) {
            auto batch = std::move(posted);
            posted.clear();
            for (auto& function : batch)
                function();
        }
        uv_idle_stop(&idle);
    }
};

Loop::Loop()
    : impl_{std::make_unique<Impl>()}
{
    check(uv_loop_init(&impl_->loop), "event loop");
    uv_idle_init(&impl_->loop, &impl_->idle);
    uv_check_init(&impl_->loop, &impl_->check);
    impl_->check.data = impl_.get();
    uv_check_start(&impl_->check,
                   [](uv_check_t* handle) { static_cast<Impl*>(handle->data)->run_posted(); });
    uv_unref(reinterpret_cast<uv_handle_t*>(&impl_->check));
}

Loop::~Loop()
{
    impl_->posted.clear(); // what it was for is gone
    uv_close(reinterpret_cast<uv_handle_t*>(&impl_->check), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&impl_->idle), nullptr);
    // Lookups that hang in the resolver cannot be cancelled: leave them rather than wait.
    for (int turns = 0; turns < 100 && uv_loop_close(&impl_->loop) == UV_EBUSY; ++turns)
        uv_run(&impl_->loop, UV_RUN_NOWAIT);
}

void Loop::run()
{
    uv_run(&impl_->loop, UV_RUN_DEFAULT);
}

void Loop::stop()
{
    uv_stop(&impl_->loop);
}

void Loop::post(std::function<void()> function)
{
    if (impl_->posted.empty())
        uv_idle_start(&impl_->idle, [](uv_idle_t*) {});
    impl_->posted.push_back(std::move(function));
}

uv_loop_s* Loop::raw()
{
    return &impl_->loop;
}

struct Timer::Impl
{
    uv_timer_t handle;
    std::function<void()> expired;
};

Timer::Timer(Loop& loop)
    : impl_{new Impl}
{
    uv_timer_init(loop.raw(), &impl_->handle);
    impl_->handle.data = impl_;
}

Timer::~Timer()
{
    impl_->expired = nullptr;
    close_handle(impl_);
}

void Timer::start(milliseconds delay, std::function<void()> expired)
{
    impl_->expired = std::move(expired);
    // libuv counts from the time at which it last looked at the clock.
    uv_update_time(impl_->handle.loop);
    uv_timer_start(
        &impl_->handle,
        [](uv_timer_t* handle) {
            // The call may drop this timer: take the function out of it first.
            const auto function = std::move(static_cast<Impl*>(handle->data)->expired);
            if (function)
                function();
        },
        static_cast<uint64_t>(delay.count()), 0);
}

void Timer::stop()
{
    uv_timer_stop(&impl_->handle);
}

struct Watch::Impl
{
    uv_poll_t handle;
    int socket;
    std::function<void(int)> ready;
    int wanted = None;
    bool heard = false; // `ready` was called for what is wanted, so libuv has it in its epoll set
};

Watch::Watch(Loop& loop, int socket, std::function<void(int)> ready)
    : impl_{new Impl{{}, socket, std::move(ready)}}
{
    if (const int result = uv_poll_init_socket(loop.raw(), &impl_->handle, socket); result < 0) {
        delete impl_;
        check(result, "watch a socket");
    }
    impl_->handle.data = impl_;
}

Watch::~Watch()
{
    uv_poll_stop(&impl_->handle);
    close_handle(impl_);
}

void Watch::want(int events)
{
    if (events == impl_->wanted)
        return;
    impl_->wanted = events;
    impl_->heard = false;
    if (events == None) {
        uv_poll_stop(&impl_->handle);
        return;
    }
    int poll_events = 0;
    if (events & Readable)
        poll_events |= UV_READABLE;
    if (events & Writable)
        poll_events |= UV_WRITABLE;
    // epoll reports a hang-up whatever is asked for. Asking for urgent data, which our sockets
    // never have, asks for nothing else; UV_DISCONNECT would also fire for a half-closed peer.
    if (events & HangUp)
        poll_events |= UV_PRIORITIZED;
    uv_poll_start(&impl_->handle, poll_events, [](uv_poll_t* handle, int status, int happened) {
        auto* impl = static_cast<Impl*>(handle->data);
        impl->heard = true;
        int seen = None;
        if (happened & UV_READABLE)
            seen |= Readable;
        if (happened & UV_WRITABLE)
            seen |= Writable;
        if (happened & UV_PRIORITIZED)
            seen |= HangUp;
        impl->ready(status < 0 ? -1 : seen);
    });
}

// The line is the kernel's: of the processes that have the socket in their epoll sets with the flag
// EPOLLEXCLUSIVE it wakes one, and who adds the socket to its set comes last. libuv does not know
// the flag. So the socket is taken out of libuv's epoll set and put back with the flag, and libuv
// does not notice. It must have put the socket in itself before, which it does when it next waits:
// finding the socket there already, it would fail.
void Watch::queue_up()
{
    if (!impl_->heard)
        return want(Readable);
    step_aside();
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLEXCLUSIVE;
    wanted.data.fd = impl_->socket;
    epoll_ctl(uv_backend_fd(impl_->handle.loop), EPOLL_CTL_ADD, impl_->socket, &wanted);
}

void Watch::step_aside()
{
    if (!impl_->heard)
        return want(None);
    epoll_ctl(uv_backend_fd(impl_->handle.loop), EPOLL_CTL_DEL, impl_->socket, nullptr);
}

struct SignalWatch::Impl
{
    uv_signal_t handle;
    std::function<void()> arrived;
};

SignalWatch::SignalWatch(Loop& loop, int signal, std::function<void()> arrived)
    : impl_{new Impl{{}, std::move(arrived)}}
{
    uv_signal_init(loop.raw(), &impl_->handle);
    impl_->handle.data = impl_;
    uv_signal_start(
        &impl_->handle,
        [](uv_signal_t* handle, int) { static_cast<Impl*>(handle->data)->arrived(); }, signal);
    uv_unref(reinterpret_cast<uv_handle_t*>(&impl_->handle));
}

SignalWatch::~SignalWatch()
{
    close_handle(impl_);
}

struct Lookup::Impl
{
    uv_getaddrinfo_t request;
    Done done;
    Lookup* owner; // null: nobody waits any more
};

Lookup::Lookup(Loop& loop, const std::string& host, Done done)
    : impl_{new Impl{{}, std::move(done), this}}
{
    impl_->request.data = impl_;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    const auto finished = [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        std::unique_ptr<Impl> impl{static_cast<Impl*>(request->data)};
        std::vector<std::string> addresses;
        for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
            char text[NI_MAXHOST];
            if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                            NI_NUMERICHOST) == 0)
                addresses.emplace_back(text);
        }
        uv_freeaddrinfo(found);
        if (!impl->owner)
            return;
        impl->owner->impl_ = nullptr;
        impl->done(std::move(addresses), status < 0 ? uv_strerror(status) : "");
    };
    // The pool's threads, which begin here, are not to take signals from the loop.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int result =
        uv_getaddrinfo(loop.raw(), &impl_->request, finished, host.c_str(), nullptr, &hints);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (result < 0) {
        delete impl_;
        check(result, "look up a host name");
    }
}

Lookup::~Lookup()
{
    if (!impl_)
        return;
    // Freed by the callback, which always comes; a lookup that has not begun is taken back.
    impl_->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&impl_->request));
}

Task<> pause(Loop& loop, milliseconds delay)
{
    Event over;
    Timer timer{loop};
    timer.start(delay, [&over] { over.set(); });
    co_await over;
}

std::string loop_library()
{
    return std::string{"libuv "} + uv_version_string() + '\n';
}

} // namespace onlogin
