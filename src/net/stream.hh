#pragma once

// One connection to a server: bytes in and out of a TCP or unix socket, with TLS or without. Not
// for WeChat, to which libcurl connects (https/).

#include "base/fd.hh"
#include "net/event.hh"
#include "net/loop.hh"
#include "net/resolver.hh"
#include "net/tls.hh"
#include "net/url.hh"

#include <functional>
#include <optional>
#include <string>

namespace onlogin {

class Stream
{
public:
    explicit Stream(Loop& loop)
        : loop_{loop}
    {
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // How far connect() has come.
    enum class Stage
    {
        Name, // is looked up
        Connecting,
        ShakingHands, // for TLS
        Connected,
    };
    [[nodiscard]] Stage stage() const { return stage_; }

    // Connects to the first address of the endpoint's host that answers. `tls` is null for none.
    // Throws Unreachable.
    Task<> connect(Resolver& resolver, Endpoint endpoint, const TlsContext* tls);

    // Connects to a unix socket. Throws Unreachable.
    Task<> connect(std::string path);

    // From now on calls when there is something to read or the connection has ended.
    void listen(std::function<void()> readable);

    // Appends what has come to `to`. False: the connection has ended; trouble() says why.
    bool receive(std::string& to);

    // Sends `text` at the end of this turn of the loop, in one piece with all that is given to
    // send() until then: one system call, or one record of TLS, for many questions.
    void send(const std::string& text);

    // Why the connection has ended; empty: it has not.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    Task<> connect_to(const std::string& address, const std::string& port);
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
    Event ready_;                // the socket, while connecting
    std::function<void()> readable_;
    std::string unsent_;
    // Whether flush() has been posted to the loop. What was posted shares this weakly, and does
    // nothing once the stream is gone.
    std::shared_ptr<bool> sending_ = std::make_shared<bool>(false);
    std::string trouble_;
    Stage stage_ = Stage::Name;
};

} // namespace onlogin
