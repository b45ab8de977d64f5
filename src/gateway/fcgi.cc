#include "gateway/gateway.hh"

#include "gateway/drain.hh"
#include "gateway/fcgi_connection.hh"
#include "gateway/fcgi_records.hh"
#include "gateway/listener.hh"
#include "gateway/reuse.hh"

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include <poll.h>
#include <sys/socket.h>

namespace onlogin {

namespace {

// A connection that has said nothing yet, and a request that has begun, have this long.
constexpr milliseconds patience{10'000};

// After an answer that came before the end of the request, the peer has this long to notice.
constexpr milliseconds linger{2'000};

} // namespace

struct FcgiGateway::Impl
{
    using Connection = FcgiConnection;
    using State = Connection::State;
    using Handle = std::shared_ptr<Connection>; // the table's; others are weak

    Impl(Loop& on, Fd socket, GatewayLimits bounds, Handler answers, Log& to,
         std::function<void()> at_end)
        : loop{on}
        , limits{bounds}
        , handler{std::move(answers)}
        , listener{on,
                   std::move(socket),
                   to,
                   {[this](Fd connection) { add(std::move(connection)); }, [this] { make_room(); },
                    [this] { return reuse.is_usual(); }}}
        , sweep_timer{on}
        , drain{on,
                {[this] {
                     for_each_connection([this](Connection& each) { close_unless_asked(each); });
                 },
                 [this] { return at_work(); },
                 [this] {
                     give_up(Response::failure(503, 503, "the login server is restarting",
                                               Recover::Later, 1));
                 },
                 std::move(at_end)}}
    {
        listener.limit(limits.connections);
        sweep_later();
    }

    void add(Fd socket)
    {
        const auto connection = std::make_shared<Connection>();
        connection->watch =
            std::make_unique<Watch>(loop, socket.get(), [this, raw = connection.get()](int events) {
                on_event(*raw, events);
            });
        connection->socket = std::move(socket);
        connection->watch->want(Watch::Readable);
        connection->enter(State::Gathering);
        connections.emplace(connection.get(), connection);
    }

    void on_event(Connection& connection, int events)
    {
        if (connection.state == State::Closed)
            return;
        if (events < 0 || events & Watch::HangUp)
            return close(connection);
        if (connection.state == State::Sending) {
            if (events & Watch::Writable)
                flush(connection);
            return;
        }
        read_input(connection, drain.sent_now());
    }

    void read_input(Connection& connection, Sent sent)
    {
        const auto count = recv(connection.socket.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR)
                close(connection);
            return;
        }
        if (count == 0)
            return peer_ended(connection);
        if (connection.state == State::Lingering)
            return;
        if (connection.state == State::Idle)
            connection.enter(State::Gathering);
        connection.input.append(buffer, static_cast<std::size_t>(count));
        if (connection.input.size() > 4 * (most_parameter_bytes + limits.body_bytes))
            return close(connection);
        if (connection.state == State::Gathering)
            understand(connection, sent);
        else if (is_abort(connection.input, connection.id))
            give_up(connection);
    }

    // A peer that only shut its sending side down still waits for the answer; on a unix socket the
    // difference shows.
    void peer_ended(Connection& connection)
    {
        pollfd look{connection.socket.get(), 0, 0};
        if (connection.state == State::Serving && connection.is_local() && poll(&look, 1, 0) == 0) {
            connection.keep = false;
            connection.watch->want(Watch::HangUp);
            return;
        }
        close(connection);
    }

    // Acts on what the input holds, while no request is being served.
    void understand(Connection& connection, Sent sent)
    {
        if (connection.input.empty())
            return;
        auto gathered = connection.gathering.look(connection.input, limits.body_bytes);
        connection.id = gathered.id;
        connection.keep = gathered.keep;
        if (connection.keep && !std::exchange(connection.asked_to_keep, true))
            reuse.asked_to_keep();
        if (gathered.state != Gathered::More)
            connection.gathering = {};
        switch (gathered.state) {
        case Gathered::More:
            return;
        case Gathered::Complete:
            connection.input.erase(0, gathered.size);
            return begin(connection, std::move(gathered), sent);
        case Gathered::TooLarge:
            connection.unread = true;
            connection.input.clear();
            return begin(connection, std::move(gathered), sent);
        case Gathered::UnknownRole:
            connection.unread = true;
            send(connection, unknown_role_record(gathered.id));
            return;
        case Gathered::Management:
            connection.keep = true;
            send(connection, management_answer(connection.input));
            connection.input.erase(0, gathered.size);
            return;
        case Gathered::Broken:
            return close(connection);
        }
    }

    void begin(Connection& connection, Gathered gathered, Sent sent)
    {
        const Variables variables{[&](std::string_view name, std::size_t before) {
            return find_param(gathered.params, name, before);
        }};
        Request request = read_variables(variables);
        request.body = std::move(gathered.body);
        request.body_too_large = connection.unread;
        check_length(request, variables, limits.body_bytes);
        request.arrived = Clock::now();
        request.draining = sent == Sent::TooLate;
        connection.head = request.method == "HEAD";
        connection.enter(State::Serving);
        connection.task = serve(connection, std::move(request));
        connection.task.start();
    }

    Task<> serve(Connection& connection, Request request)
    {
        const Response response = co_await handler(request);
        send(connection, answer_records(connection.id, to_cgi(response)));
    }

    // The peer takes its request back.
    void give_up(Connection& connection)
    {
        connection.task = {};
        connection.keep = false;
        send(connection, answer_records(connection.id, {}));
    }

    // The answers of one turn of the loop leave together: the server in front wakes up once. And
    // never from within the task, which the next request of the connection replaces.
    void send(Connection& connection, std::string bytes)
    {
        connection.output = std::move(bytes);
        if (++connection.answers == 2)
            reuse.used_again();
        connection.enter(State::Sending);
        if (leaving.empty())
            loop.post([this] { flush_leaving(); });
        leaving.push_back(connections.at(&connection));
    }

    void flush_leaving()
    {
        for (const auto& handle : std::exchange(leaving, {}))
            if (handle->state == State::Sending)
                flush(*handle);
    }

    void flush(Connection& connection)
    {
        auto& output = connection.output;
        const auto count = ::send(connection.socket.get(), output.data(), output.size(),
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            return close(connection); // gone, as after each subrequest of nginx
        output.erase(0, count < 0 ? 0 : static_cast<std::size_t>(count));
        if (!output.empty()) {
            connection.watch->want(Watch::Writable);
            return;
        }
        connection.watch->want(Watch::Readable);
        answered(connection);
    }

    void answered(Connection& connection)
    {
        if (connection.unread) {
            // Closed at once, the peer would lose the answer while it is still sending.
            connection.enter(State::Lingering);
            shutdown(connection.socket.get(), SHUT_WR);
        } else if (connection.keep) {
            connection.enter(connection.input.empty() ? State::Idle : State::Gathering);
            understand(connection, drain.sent_now());
            // Right behind an answer the server notices before it sends the next request.
            if (connection.state == State::Idle && (drain.has_begun() || listener.crowded()))
                close_unless_asked(connection);
        } else {
            close(connection);
        }
        drain.look();
    }

    // For a stop, or to make room. Closes an idle connection, unless a request lies in its socket:
    // that one is served, however late it is read, since nothing had told the server that we stop.
    // On a unix socket no request can come between this look and the close: the server sees that it
    // cannot send, and takes another connection.
    void close_unless_asked(Connection& connection)
    {
        if (connection.state != State::Idle && connection.state != State::Gathering)
            return;
        if (connection.state == State::Idle && connection.is_local())
            shutdown(connection.socket.get(), SHUT_RD);
        read_input(connection, Sent::InTime);
        if (connection.state == State::Idle)
            close(connection);
    }

    // Closes the connection that has been idle for longest.
    void make_room()
    {
        Connection* oldest = nullptr;
        for (const auto& [raw, handle] : connections)
            if (raw->state == State::Idle && (!oldest || raw->since < oldest->since))
                oldest = raw;
        if (oldest)
            close_unless_asked(*oldest);
    }

    // Ends the connection, and cancels the request that it waits for. Freed a moment later: this
    // may be called by its own task.
    void close(Connection& connection)
    {
        if (connection.state == State::Closed)
            return;
        const bool serving = connection.state == State::Serving;
        connection.state = State::Closed;
        connection.watch.reset();
        connection.socket = Fd{};
        if (serving)
            connection.task = {};
        const auto entry = connections.find(&connection);
        loop.post([handle = std::move(entry->second)] {});
        connections.erase(entry);
        reuse.ended(connection.asked_to_keep, connection.answers);
        listener.closed();
        drain.look();
    }

    template <class Function>
    void for_each_connection(Function function)
    {
        std::vector<Handle> all;
        for (const auto& [raw, handle] : connections)
            all.push_back(handle);
        for (const auto& handle : all)
            if (handle->state != State::Closed)
                function(*handle);
    }

    // One timer for all connections: they are given up to a second more.
    void sweep_later()
    {
        sweep_timer.start(milliseconds{1'000}, [this] {
            listener.look_again();
            const auto now = Clock::now();
            for_each_connection([&](Connection& connection) {
                const auto age = now - connection.since;
                const bool waiting =
                    connection.state == State::Gathering || connection.state == State::Sending;
                if ((waiting && age > patience) ||
                    (connection.state == State::Lingering && age > linger))
                    close(connection);
            });
            sweep_later();
        });
    }

    void begin_drain()
    {
        listener.stop(); // what waits in its queue has been sent already
        drain.begin(limits.drain);
    }

    // The request of each connection that is at work gets `answer` instead of its own.
    void give_up(Response answer)
    {
        for_each_connection([&](Connection& connection) {
            if (connection.state != State::Serving)
                return;
            connection.task = {};
            connection.keep = false;
            answer.head = connection.head;
            send(connection, answer_records(connection.id, to_cgi(answer)));
        });
    }

    [[nodiscard]] bool at_work() const
    {
        return std::any_of(connections.begin(), connections.end(),
                           [](const auto& entry) { return entry.second->at_work(); });
    }

    Loop& loop;
    GatewayLimits limits;
    Handler handler;
    Listener listener;
    Timer sweep_timer;
    std::unordered_map<Connection*, Handle> connections;
    Reuse reuse;
    std::vector<Handle> leaving; // have an answer that nobody has tried to send yet
    Drain drain;
    char buffer[64 * 1024];
};

FcgiGateway::FcgiGateway(Loop& loop, Fd listener, GatewayLimits limits, Handler handler, Log& log,
                         std::function<void()> drained)
    : impl_{std::make_unique<Impl>(loop, std::move(listener), limits, std::move(handler), log,
                                   std::move(drained))}
{
}

FcgiGateway::~FcgiGateway() = default;

void FcgiGateway::configure(GatewayLimits limits)
{
    impl_->limits = limits;
    impl_->listener.limit(limits.connections);
}

void FcgiGateway::drain()
{
    if (impl_->drain.has_begun())
        impl_->drain.end_now();
    else
        impl_->begin_drain();
}

} // namespace onlogin
