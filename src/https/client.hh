#pragma once

// HTTPS to WeChat: libcurl on the loop. README.md says what libcurl does by itself, and what we do
// about it.
//
// https://curl.se/libcurl/c/libcurl-multi.html, "multi_socket"

#include "base/secret.hh"
#include "config/config.hh"
#include "net/ca_store.hh"
#include "net/loop.hh"
#include "net/resolver.hh"

#include <memory>
#include <optional>
#include <string>

namespace onlogin {

struct HttpRequest
{
    Secret url;
    std::optional<Secret> json = {}; // what to POST, as application/json; absent: GET
};

// What came back with HTTP status 200.
struct HttpReply
{
    std::string body; // at most 64 KiB
};

// Makes exchanges: one request, one answer. Keeps connections, shares one HTTP/2 connection among
// up to 100 exchanges, verifies certificates, follows no redirects and heeds no proxy but the
// configured one.
class HttpClient
{
public:
    HttpClient(Loop& loop, Resolver& resolver, const WechatConfig& config,
               CaStore store = CaStore::Bundle);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Exchanges that begin from now on follow `config`; those that run are not disturbed.
    void configure(const WechatConfig& config);

    // Sends `request`, which outlives the task, once: what was sent is never sent again, unless the
    // server itself says that it did not look at it (HTTP/2's REFUSED_STREAM). Waits for a
    // connection, and for the answer, until `deadline`.
    //
    // Throws Unreachable when the server certainly never saw the request, TimedOut when the
    // deadline came after it went out, and Unusable for what else went wrong then: a lost
    // connection, half an answer, one over 64 KiB, an HTTP status that is not 200.
    // Dropping the task cancels the exchange, and the server hears of that at once.
    Task<HttpReply> send(const HttpRequest& request, Clock::time_point deadline);

    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

// libcurl and what it uses for TLS and HTTP/2, as lines of -V.
std::string http_client_libraries();

} // namespace onlogin
