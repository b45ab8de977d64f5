#include "https/client.hh"

#include "https/cork.hh"
#include "https/errors.hh"
#include "https/obstacle.hh"
#include "https/transfer.hh"
#include "net/errors.hh"
#include "net/url.hh"

#include <algorithm>
#include <unordered_map>

#include <curl/curl.h>

namespace onlogin {

namespace {

constexpr std::size_t most_idle_transfers = 256;

} // namespace

struct HttpClient::Impl
{
    Impl(Loop& on, Resolver& names, WechatConfig settings, CaStore certificates)
        : loop{on}
        , resolver{names}
        , config{std::move(settings)}
        , store{certificates}
        , timer{on}
    {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        multi = curl_multi_init();
        share = curl_share_init();
        json_header.reset(curl_slist_append(nullptr, "Content-Type: application/json"));
        // Without a share each easy handle keeps its own TLS sessions and none is ever resumed.
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
        // An event on an HTTP/2 connection makes libcurl visit all its streams.
        curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 100L);
        limit_connections();
    }

    ~Impl()
    {
        idle.clear();
        curl_multi_cleanup(multi);
        curl_share_cleanup(share);
    }

    [[nodiscard]] long seconds_since_reload() const
    {
        constexpr long day = 24L * 60 * 60; // libcurl's default
        const auto age =
            std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - configured);
        return version == 0 ? day : std::min<long>(age.count(), day);
    }

    void limit_connections() const
    {
        curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, config.max_connections);
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, config.max_connections);
    }

    void start(Transfer& transfer)
    {
        transfer.running = true;
        transfer.stale = false;
        transfer.error[0] = '\0';
        ++waiting_to_leave;
        transfer.origin->start(transfer);
    }

    // Ends the exchange that `transfer` runs, at the server too. Over HTTP/1.1 libcurl closes the
    // connection for that. Over HTTP/2 it resets the stream, but lets the reset lie until it sends
    // something else on the connection. So another transfer there is paused and goes on at once,
    // which makes libcurl send; and where there is no other, the connection is closed.
    void cancel(Transfer& transfer)
    {
        auto* const easy = transfer.easy.get();
        const auto& use = transfer.progress->use;
        transfer.running = false;
        transfer.origin->leave(transfer);
        sockets.end(transfer, use);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L); // heeded where nobody else is
        curl_multi_remove_handle(multi, easy);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
        for (const auto* const other : sockets.sharing(use))
            if (curl_easy_pause(other->easy.get(), CURLPAUSE_SEND) == CURLE_OK) { // it still runs
                curl_easy_pause(other->easy.get(), CURLPAUSE_CONT);
                break;
            }
    }

    [[nodiscard]] Way way_to_server(const std::string& url) const
    {
        return way_to(url, config.proxy, config.ca_file);
    }

    // The server that `url` leads to. Throws Unreachable if there can be none.
    std::shared_ptr<Origin> origin_of(const std::string& url)
    {
        auto name = url.substr(0, url.find('/', url.find("//") + 2));
        auto& origin = origins[std::move(name)];
        if (!origin) {
            const auto server = read_url(url);
            const auto proxy = config.proxy.empty() ? server : read_proxy_url(config.proxy);
            if (!server || !proxy)
                throw Unreachable{"the URL of WeChat or of the proxy cannot be used"};
            origin = std::make_shared<Origin>(loop, multi, proxy->endpoint,
                                              config.http2 && server->scheme == "https");
        }
        return origin;
    }

    void finish_transfers()
    {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg != CURLMSG_DONE)
                continue;
            char* data = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
            auto& transfer = *reinterpret_cast<Transfer*>(data);
            transfer.result = message->data.result;
            transfer.running = false;
            transfer.origin->leave(transfer);
            curl_multi_remove_handle(multi, transfer.easy.get());
            transfer.ended.set();
        }
    }

    void act(curl_socket_t socket, int events)
    {
        {
            const Cork cork{sockets_to_cork()};
            int running = 0;
            curl_multi_socket_action(multi, socket, events, &running);
        }
        finish_transfers();
    }

    // The requests that one turn of the loop starts leave together: a packet costs both hosts more
    // than the request in it. Not with many connections, where each request has one of its own.
    std::vector<int> sockets_to_cork()
    {
        constexpr std::size_t most = 16;
        std::vector<int> corked;
        if (std::exchange(waiting_to_leave, 0) > 1 && watches.size() <= most)
            for (const auto& [socket, watch] : watches)
                corked.push_back(socket);
        return corked;
    }

    static int on_socket(CURL*, curl_socket_t socket, int what, void* data, void*)
    {
        auto& self = *static_cast<Impl*>(data);
        if (what == CURL_POLL_REMOVE) {
            self.watches.erase(socket);
            return 0;
        }
        auto& watch = self.watches[socket];
        if (!watch)
            watch = std::make_unique<Watch>(self.loop, socket, [&self, socket](int events) {
                self.sockets.heard(socket);
                self.act(socket, events < 0
                                     ? CURL_CSELECT_ERR
                                     : (events & Watch::Readable ? CURL_CSELECT_IN : 0) |
                                           (events & Watch::Writable ? CURL_CSELECT_OUT : 0));
            });
        watch->want((what & CURL_POLL_IN ? Watch::Readable : 0) |
                    (what & CURL_POLL_OUT ? Watch::Writable : 0));
        return 0;
    }

    static int on_timer(CURLM*, long timeout_ms, void* data)
    {
        auto& self = *static_cast<Impl*>(data);
        if (timeout_ms < 0)
            self.timer.stop();
        else
            self.timer.start(milliseconds{timeout_ms},
                             [&self] { self.act(CURL_SOCKET_TIMEOUT, 0); });
        return 0;
    }

    Loop& loop;
    Resolver& resolver;
    WechatConfig config;
    CaStore store;
    CURLM* multi = nullptr;
    CURLSH* share = nullptr;
    std::unique_ptr<curl_slist, SlistFree> json_header; // of requests with a body
    Timer timer;                                        // libcurl's
    UpstreamSockets sockets;
    int waiting_to_leave = 0; // transfers begun since libcurl was last called
    std::unordered_map<curl_socket_t, std::unique_ptr<Watch>> watches;
    // By what a URL begins with, up to its path. Exchanges that run keep theirs.
    std::unordered_map<std::string, std::shared_ptr<Origin>> origins;
    unsigned version = 0;         // of the configuration
    Clock::time_point configured; // since when it holds
    std::vector<std::unique_ptr<Transfer>> idle;
};

namespace {

// Borrows a transfer for one exchange; gives it back, and cancels the exchange if it runs, when
// dropped.
struct BorrowedTransfer
{
    HttpClient::Impl& client;
    std::unique_ptr<Transfer> transfer = {};

    BorrowedTransfer(HttpClient::Impl& owner, Origin& origin, Progress& progress)
        : client{owner}
    {
        if (client.idle.empty()) {
            transfer = make_transfer(client.config, client.store, client.share, client.sockets);
            transfer->made_for = client.version;
        } else {
            transfer = std::move(client.idle.back());
            client.idle.pop_back();
        }
        transfer->origin = &origin;
        transfer->progress = &progress;
    }
    BorrowedTransfer(const BorrowedTransfer&) = delete;
    BorrowedTransfer& operator=(const BorrowedTransfer&) = delete;

    ~BorrowedTransfer()
    {
        if (transfer->running)
            client.cancel(*transfer);
        else
            client.sockets.end(*transfer, transfer->progress->use);
        transfer->progress = nullptr;
        transfer->origin = nullptr;
        transfer->head = 0;
        wipe(transfer->body); // it may hold a session_key
        if (transfer->made_for == client.version && client.idle.size() < most_idle_transfers)
            client.idle.push_back(std::move(transfer));
    }
};

// The failure of a transfer that has sent nothing.
Unreachable unreachable(const Transfer& transfer, const Way& way)
{
    const auto cause = cause_of(transfer.result, transfer.error);
    return Unreachable{cause, advice_on(transfer.result, cause, way, transfer.easy.get())};
}

// The addresses of the host that connections on `way` go to. Throws Unreachable.
Task<Addresses> look_up(HttpClient::Impl& client, const std::string& host, const Way& way,
                        Progress& progress)
{
    try {
        progress.naming = true;
        auto addresses = co_await client.resolver.resolve(host);
        progress.naming = false;
        co_return addresses;
    } catch (const Unreachable& failure) {
        throw Unreachable{failure.what(), advice_on_name(way)};
    }
}

// What the last exchange of this transfer has set stays set.
void set_method(HttpClient::Impl& client, Transfer& transfer, const HttpRequest& request)
{
    auto* const easy = transfer.easy.get();
    if (request.json) {
        const auto& text = request.json->reveal(); // libcurl reads it where it is
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(text.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, text.data());
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client.json_header.get());
    } else if (transfer.posts) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
    }
    transfer.posts = request.json.has_value();
}

Task<HttpReply> exchange(HttpClient::Impl& client, const HttpRequest& request, Progress& progress)
{
    const auto& url = request.url.reveal();
    const auto origin = client.origin_of(url);
    const auto& endpoint = origin->endpoint();
    const auto way = client.way_to_server(url);
    Addresses addresses;
    const bool named = !is_address(endpoint.host);
    if (named)
        addresses = co_await look_up(client, endpoint.host, way, progress);

    const BorrowedTransfer borrowed{client, *origin, progress};
    auto& transfer = *borrowed.transfer;
    if (named && origin->generation != addresses.generation)
        give_addresses(transfer, resolve_entry(endpoint, addresses.list));
    auto* const easy = transfer.easy.get();
    const bool plain = url.starts_with("http:");
    if (std::exchange(transfer.plain, plain) != plain)
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    set_method(client, transfer, request);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 0L);
    // Certificates that libcurl read before the last reload are too old.
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, client.seconds_since_reload());
    client.start(transfer);
    co_await transfer.ended;
    if (transfer.stale) { // as the other kept connections may be
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        client.start(transfer);
        co_await transfer.ended;
    }

    if (named)
        origin->generation = addresses.generation;
    if (!progress.sent)
        throw unreachable(transfer, way);
    if (transfer.result == CURLE_WRITE_ERROR)
        throw Unusable{"the answer is longer than 64 KiB"};
    if (transfer.result == CURLE_ABORTED_BY_CALLBACK)
        throw Unusable{"the connection ended without an answer"};
    if (transfer.result != CURLE_OK)
        throw Unusable{curl_easy_strerror(transfer.result)};
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    constexpr long asked_by_proxy = 407; // who asks so has not handed the request on
    if (status == asked_by_proxy && !way.proxy.empty())
        throw Unreachable{"HTTP status 407", advice_on_proxy_status("407", way)};
    if (status != 200)
        throw Unusable{"HTTP status " + std::to_string(status)};
    co_return HttpReply{std::move(transfer.body)};
}

} // namespace

HttpClient::HttpClient(Loop& loop, Resolver& resolver, const WechatConfig& config, CaStore store)
    : impl_{std::make_unique<Impl>(loop, resolver, config, store)}
{
}

HttpClient::~HttpClient() = default;

void HttpClient::configure(const WechatConfig& config)
{
    impl_->config = config;
    ++impl_->version;
    impl_->configured = Clock::now();
    impl_->idle.clear();
    impl_->origins.clear(); // the proxy may be another
    impl_->limit_connections();
}

Task<HttpReply> HttpClient::send(const HttpRequest& request, Clock::time_point deadline)
{
    Progress progress;
    try {
        co_return co_await with_deadline(impl_->loop, deadline,
                                         exchange(*impl_, request, progress));
    } catch (const DeadlinePassed&) {
        if (!progress.sent && progress.naming)
            throw Unreachable{"no answer of the name server in time",
                              advice_on_name(impl_->way_to_server(request.url.reveal()))};
        if (!progress.sent)
            throw Unreachable{"no connection in time",
                              advice_on_silence(impl_->way_to_server(request.url.reveal()))};
        impl_->sockets.give_up(progress.use);
        throw TimedOut{"no answer in time"};
    }
}

std::string http_client_libraries()
{
    const auto* const info = curl_version_info(CURLVERSION_NOW);
    std::string lines;
    const auto add = [&](std::string text) {
        std::replace(text.begin(), text.end(), '/', ' '); // OpenSSL/3.0.17
        lines += text + '\n';
    };
    add(std::string{"libcurl "} + info->version);
    if (info->ssl_version)
        add(info->ssl_version);
    if (info->nghttp2_version)
        add(std::string{"nghttp2 "} + info->nghttp2_version);
    return lines;
}

} // namespace onlogin
