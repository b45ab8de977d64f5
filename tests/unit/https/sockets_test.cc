#include "https/sockets.hh"

#include "base/fd.hh"
#include "https/transfer.hh"

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>

using namespace onlogin;

namespace {

// A connection over loopback: ours, noted by UpstreamSockets, and the server's end of it.
struct Connection
{
    UpstreamSockets& sockets;
    mutable Transfer transfer; // whose request is on it
    int ours = -1;
    int port = 0;
    Fd server;

    explicit Connection(UpstreamSockets& noted)
        : sockets{noted}
        , ours{noted.open(AF_INET, SOCK_STREAM, 0)}
    {
        const Fd listener{socket(AF_INET, SOCK_STREAM, 0)};
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof name;
        auto* const raw = reinterpret_cast<sockaddr*>(&name);
        BOOST_REQUIRE(bind(listener.get(), raw, size) == 0);
        BOOST_REQUIRE(listen(listener.get(), 1) == 0);
        getsockname(listener.get(), raw, &size);
        BOOST_REQUIRE(connect(ours, raw, size) == 0);
        server = Fd{accept(listener.get(), nullptr, nullptr)};
        getsockname(ours, raw, &size);
        port = ntohs(name.sin_port);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { sockets.close(ours); }

    [[nodiscard]] UpstreamSockets::Use begin(bool http2 = false) const
    {
        return begin(transfer, http2);
    }
    [[nodiscard]] UpstreamSockets::Use begin(Transfer& by, bool http2) const
    {
        return sockets.begin(by, port, "127.0.0.1", http2);
    }
    void end(const UpstreamSockets::Use& use) const { sockets.end(transfer, use); }
    [[nodiscard]] bool is_open() const
    {
        char byte = 0;
        return recv(server.get(), &byte, 1, MSG_DONTWAIT) < 0;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(upstream_sockets)

BOOST_AUTO_TEST_CASE(only_the_first_request_of_a_connection_is_its_first)
{
    UpstreamSockets sockets;
    const Connection connection{sockets};
    auto use = connection.begin();
    BOOST_TEST(use.first);
    connection.end(use);
    use = connection.begin();
    BOOST_TEST(!use.first);
    BOOST_TEST(!use.ended);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_the_server_closed_has_ended)
{
    UpstreamSockets sockets;
    Connection connection{sockets};
    connection.end(connection.begin());
    connection.server = Fd{};
    BOOST_TEST(connection.begin().ended);
}

BOOST_AUTO_TEST_CASE(what_is_there_before_the_first_request_is_no_end)
{
    UpstreamSockets sockets;
    const Connection connection{sockets};
    BOOST_REQUIRE(send(connection.server.get(), "ticket", 6, 0) == 6); // of TLS 1.3
    BOOST_TEST(!connection.begin().ended);
}

BOOST_AUTO_TEST_CASE(what_comes_for_others_on_an_http2_connection_is_no_end)
{
    UpstreamSockets sockets;
    const Connection connection{sockets};
    connection.end(connection.begin(true));
    BOOST_REQUIRE(send(connection.server.get(), "frames", 6, 0) == 6);
    BOOST_TEST(!connection.begin(true).ended);
}

BOOST_AUTO_TEST_CASE(a_connection_knows_whose_requests_are_on_it)
{
    UpstreamSockets sockets;
    const Connection one{sockets}, other{sockets};
    Transfer second;
    const auto use = one.begin(true);
    const auto shared = one.begin(second, true);
    const auto elsewhere = other.begin(true);
    BOOST_TEST((sockets.sharing(use) == std::vector{&one.transfer, &second}));
    BOOST_TEST((sockets.sharing(elsewhere) == std::vector{&other.transfer}));
    one.end(use);
    BOOST_TEST((sockets.sharing(use) == std::vector{&second}));
    sockets.end(second, shared);
    BOOST_TEST(sockets.sharing(use).empty());
}

BOOST_AUTO_TEST_CASE(a_connection_that_nothing_came_on_is_shut_down)
{
    UpstreamSockets sockets;
    const Connection connection{sockets};
    sockets.heard(connection.ours);
    sockets.give_up(connection.begin());
    BOOST_TEST(!connection.is_open());
}

BOOST_AUTO_TEST_CASE(a_connection_that_serves_others_stays)
{
    UpstreamSockets sockets;
    const Connection connection{sockets};
    const auto use = connection.begin();
    sockets.heard(connection.ours);
    sockets.give_up(use);
    BOOST_TEST(connection.is_open());
}

BOOST_AUTO_TEST_CASE(the_end_of_a_request_whose_connection_is_gone_touches_no_other)
{
    UpstreamSockets sockets;
    UpstreamSockets::Use old;
    int number = -1;
    {
        const Connection gone{sockets};
        old = gone.begin();
        number = gone.ours;
    }
    const Connection connection{sockets};
    BOOST_TEST(connection.ours == number); // the same number
    const auto use = connection.begin();
    sockets.give_up(old);
    connection.end(old);
    BOOST_TEST(connection.is_open());
    BOOST_TEST(sockets.sharing(old).empty());
    BOOST_TEST((sockets.sharing(use) == std::vector{&connection.transfer}));
}

BOOST_AUTO_TEST_SUITE_END()
