#include "gateway/listener.hh"

#include "net/descriptors.hh"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace onlogin {

namespace {

constexpr milliseconds pause_length{100};

constexpr std::size_t longest_turn = 64;

// For other processes to take theirs from the queue.
constexpr milliseconds rest_length{2};

// O_NONBLOCK belongs to the open socket, not to our descriptor, and systemd takes it away each time
// it gives the socket to a process as standard input: to another worker, or to a command of
// ExecReload=. An accept on an empty queue would then hold the loop until somebody connects.
void make_non_blocking(int socket)
{
    fcntl(socket, F_SETFL, O_NONBLOCK);
}

// For an accept that begins after systemd has made the socket blocking and before we have seen it:
// it gives up after a moment.
void bound_blocking(int socket)
{
    const timeval moment{0, 1'000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
}

} // namespace

Listener::Listener(Loop& loop, Fd socket, Log& log, Calls calls)
    : log_{log}
    , calls_{std::move(calls)}
    , socket_{std::move(socket)}
    , watch_{std::make_unique<Watch>(loop, socket_.get(), [this](int) { take_turn(); })}
    , rest_{loop}
{
    bound_blocking(socket_.get());
    watch_again();
}

void Listener::limit(std::size_t connections)
{
    limit_ = connections;
    crowded_ = false;
    watch_again();
}

void Listener::closed()
{
    --open_;
    crowded_ = false;
    watch_again();
}

void Listener::look_again()
{
    if (watch_ && !aside_)
        watch_->queue_up();
}

void Listener::stop()
{
    make_non_blocking(socket_.get());
    while (open_ < limit_ && accept_one() == 0) {
    }
    watch_.reset();
    rest_.stop();
    socket_ = Fd{};
}

void Listener::take_turn()
{
    make_non_blocking(socket_.get());
    resting_ = false;
    std::size_t count = 0;
    int error = 0;
    while (count < turn_ && has_room() && (error = accept_one()) == 0)
        ++count;
    const bool kept = calls_.are_kept();
    if (count == turn_)
        turn_ = std::min(turn_ + (turn_ + 1) / 2, longest_turn);
    else if (kept)
        turn_ = 1;
    if (const auto advice = advice_on(error); !advice.empty()) {
        complain(std::generic_category().message(error), advice);
        rest(pause_length);
    } else if (count > 0 && kept) {
        rest(rest_length);
    } else {
        watch_again();
    }
}

// 0, or why there was none.
int Listener::accept_one()
{
    Fd connection{accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!connection)
        return errno;
    ++open_;
    calls_.accepted(std::move(connection));
    return 0;
}

bool Listener::has_room()
{
    if (open_ < limit_)
        return true;
    pollfd queue{socket_.get(), POLLIN, 0};
    if (poll(&queue, 1, 0) != 1)
        return false;
    complain("all " + std::to_string(limit_) + " connections are in use", advice_on(EMFILE));
    calls_.make_room();
    crowded_ = open_ >= limit_;
    return !crowded_;
}

void Listener::rest(milliseconds length)
{
    resting_ = aside_ = true;
    watch_->step_aside();
    rest_.start(length, [this] { take_turn(); });
}

void Listener::watch_again()
{
    if (!watch_ || resting_)
        return;
    if (std::exchange(aside_, crowded_) == crowded_)
        return;
    if (crowded_)
        watch_->step_aside();
    else
        watch_->queue_up();
}

void Listener::complain(const std::string& reason, std::string_view advice)
{
    if (complaint_.is_time())
        log_.error("accept", {{"reason", reason}, {"advice", advice}});
}

} // namespace onlogin
