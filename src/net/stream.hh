#pragma once

// One connection to a server: bytes in and out of a TCP or unix socket, with TLS or without.

#include "base/fd.hh"
#include "net/loop.hh"
#include "net/resolver.hh"
#include "net/tls.hh"
#include "store/address.hh"

#include <functional>
#include <optional>
#include <string>

namespace onlogin {

class RedisSocket
{
public:
    explicit RedisSocket(Loop& loop)
        : loop_{loop}
    {
    }
    RedisSocket(const RedisSocket&) = delete;
    RedisSocket& operator=(const RedisSocket&) = delete;

    // Connects to the first address of the host that answers. `tls` is null for none. Throws
    // Unreachable.
    Task<> connect(Resolver& resolver, const StoreAddress& address, const TlsContext* tls);

    // From now on calls when there is something to read or the connection has ended.
    void listen(std::function<void()> readable);

    // Appends what has come. False: the connection has ended; trouble() says why.
    bool receive(std::string& to);

    // Sends it soon, with all else that is sent in this turn of the loop: a call of the system, or
    // a record of TLS, for many questions.
    void send(const std::string& text);

    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    struct Event;

    Task<> connect_to(const std::string& address, const std::string& port);
    Task<> connect_to_path(const std::string& path);
    Task<> finish(int result);
    Task<> shake_hands(const TlsContext& tls, const std::string& host);
    void watch();
    void happened();
    void flush();
    bool lost(std::string trouble);

    Loop& loop_;
    Fd socket_;
    std::optional<TlsStream> tls_;
    std::optional<Watch> watch_; // of socket_, so dropped before it
    std::coroutine_handle<> waiting_;
    std::function<void()> readable_;
    std::string unsent_;
    // What has been posted to the loop looks at it: gone with this socket.
    std::shared_ptr<bool> sending_ = std::make_shared<bool>(false);
    std::string trouble_;
};

} // namespace onlogin
