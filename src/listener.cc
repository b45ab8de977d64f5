#include "listener.hh"

#include <cerrno>
#include <climits>
#include <system_error>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace onlogin {

namespace {

constexpr milliseconds pause_length{100};
constexpr milliseconds between_complaints{60'000};

// Few at a time: processes that share the socket share the connections.
constexpr int batch = 16;

// O_NONBLOCK belongs to the open socket, not to our descriptor, and systemd takes it away each time
// it gives the socket to a process as standard input: to another worker, or to a command of
// ExecReload=. An accept on an empty queue would then hold the loop until somebody connects.
void make_non_blocking(int socket)
{
    fcntl(socket, F_SETFL, O_NONBLOCK);
}

// For an accept that is caught between the two: it gives up after a moment.
void bound_blocking(int socket)
{
    const timeval moment{0, 1'000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
}

} // namespace

Listener::Listener(Loop& loop, Fd socket, Log& log, std::function<void(Fd)> accepted)
    : log_{log}
    , accepted_{std::move(accepted)}
    , socket_{std::move(socket)}
    , watch_{std::make_unique<Watch>(loop, socket_.get(), [this](int) { accept_some(batch); })}
    , pause_{loop}
    , complained_{Clock::now() - between_complaints}
{
    bound_blocking(socket_.get());
    watch_->want(Watch::Readable);
}

void Listener::stop()
{
    accept_some(INT_MAX);
    watch_.reset();
    socket_ = Fd{};
}

void Listener::accept_some(int most)
{
    make_non_blocking(socket_.get());
    for (int count = 0; count < most; ++count) {
        Fd connection{accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (!connection) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(errno);
            return;
        }
        accepted_(std::move(connection));
    }
}

// Descriptors come back when connections close; until then the others wait in the queue.
void Listener::pause_accepting(int error)
{
    const auto now = Clock::now();
    if (now - complained_ >= between_complaints) {
        complained_ = now;
        log_.error(
            "accept",
            {{"reason", std::generic_category().message(error)},
             {"advice",
              "raise the limit of open files (LimitNOFILE= of the service, or ulimit -n), or "
              "start more workers"}});
    }
    watch_->want(Watch::None);
    pause_.start(pause_length, [this] {
        if (watch_)
            watch_->want(Watch::Readable);
    });
}

} // namespace onlogin
