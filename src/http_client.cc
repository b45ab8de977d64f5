#include "http_client.hh"

#include "ca_directory.hh"
#include "cork.hh"
#include "error.hh"
#include "upstream_sockets.hh"
#include "url.hh"

#include <algorithm>
#include <unordered_map>

#include <curl/curl.h>

namespace onlogin {

namespace {

constexpr std::size_t largest_answer = 65'536;
constexpr std::size_t largest_head = 65'536;
constexpr std::size_t most_idle_transfers = 256;

struct SlistFree
{
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct EasyFree
{
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

} // namespace

// How far a request has come; outlives its transfer.
struct Progress
{
    bool sent = false;
    UpstreamSockets::Use use; // where it was sent last
};

// One exchange, and afterwards a place for the next: the easy handle keeps its options.
struct Transfer
{
    std::unique_ptr<CURL, EasyFree> easy;
    std::unique_ptr<curl_slist, SlistFree> addresses; // libcurl reads it when the transfer starts
    std::coroutine_handle<> caller;
    HttpClient::Impl* client = nullptr;
    Progress* progress = nullptr; // the caller's
    bool http2 = false;           // is how it was answered
    bool running = false;
    bool plain = false;    // http:// is allowed
    bool stale = false;    // given up, since its connection had ended; nothing was sent
    unsigned made_for = 0; // the configuration's number
    CURLcode result = CURLE_OK;
    std::size_t head = 0;
    std::string body;
    char error[CURL_ERROR_SIZE] = "";
};

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

    std::unique_ptr<Transfer> make_transfer()
    {
        auto transfer = std::make_unique<Transfer>();
        transfer->easy.reset(curl_easy_init());
        transfer->client = this;
        transfer->made_for = version;
        const auto set = [easy = transfer->easy.get()](CURLoption option, auto value) {
            curl_easy_setopt(easy, option, value);
        };
        set(CURLOPT_PRIVATE, transfer.get());
        set(CURLOPT_ERRORBUFFER, static_cast<char*>(transfer->error));
        set(CURLOPT_SHARE, share);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_QUICK_EXIT, 1L);
        set(CURLOPT_USERAGENT, "onlogin");
        set(CURLOPT_PROTOCOLS_STR, "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        choose_certificates(transfer->easy.get());
        set(CURLOPT_PROXY, config.proxy.c_str()); // empty: none, whatever the environment says
        set(CURLOPT_HTTP_VERSION,
            static_cast<long>(config.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
        set(CURLOPT_PIPEWAIT, config.http2 ? 1L : 0L);
        set(CURLOPT_CONNECTTIMEOUT_MS, config.connect_timeout_ms);
        set(CURLOPT_DNS_CACHE_TIMEOUT, -1L); // the resolver says when an address changes
        set(CURLOPT_MAXAGE_CONN, 50L);       // below what servers keep idle connections for
        set(CURLOPT_MAXLIFETIME_CONN, 600L); // so that a change of addresses is followed
        set(CURLOPT_BUFFERSIZE, 2048L);
        set(CURLOPT_WRITEFUNCTION, on_body);
        set(CURLOPT_WRITEDATA, transfer.get());
        set(CURLOPT_HEADERFUNCTION, on_header);
        set(CURLOPT_HEADERDATA, transfer.get());
        set(CURLOPT_OPENSOCKETFUNCTION, on_open);
        set(CURLOPT_OPENSOCKETDATA, &sockets);
        set(CURLOPT_CLOSESOCKETFUNCTION, on_close);
        set(CURLOPT_CLOSESOCKETDATA, &sockets);
        set(CURLOPT_PREREQFUNCTION, on_request);
        set(CURLOPT_PREREQDATA, transfer.get());
        return transfer;
    }

    // libcurl's default is both, file and directory, and then it parses the whole file (22 ms) for
    // each connection. With the file alone it does so once; with the directory alone it never does,
    // but reads the one certificate that it needs (1 ms) for each connection.
    void choose_certificates(CURL* easy) const
    {
        const char* const directory = curl_version_info(CURLVERSION_NOW)->capath;
        if (store == CaStore::Directory && config.ca_file.empty() && directory &&
            has_hashed_certificates(directory)) {
            curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
            return;
        }
        curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
        if (!config.ca_file.empty())
            curl_easy_setopt(easy, CURLOPT_CAINFO, config.ca_file.c_str());
    }

    // Tells libcurl the addresses of `endpoint`, when `transfer` starts.
    static void give_addresses(Transfer& transfer, const Endpoint& endpoint,
                               const Addresses& addresses)
    {
        const auto line = resolve_entry(endpoint, addresses.list);
        transfer.addresses.reset(curl_slist_append(nullptr, line.c_str()));
        curl_easy_setopt(transfer.easy.get(), CURLOPT_RESOLVE, transfer.addresses.get());
    }

    void start(Transfer& transfer)
    {
        transfer.running = true;
        transfer.stale = false;
        transfer.error[0] = '\0';
        ++waiting_to_leave;
        curl_multi_add_handle(multi, transfer.easy.get());
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
            curl_multi_remove_handle(multi, transfer.easy.get());
            transfer.caller.resume();
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

    static std::size_t on_body(char* text, std::size_t, std::size_t size, void* data)
    {
        auto& transfer = *static_cast<Transfer*>(data);
        if (transfer.body.size() + size > largest_answer)
            return 0;
        transfer.body.append(text, size);
        return size;
    }

    static std::size_t on_header(char*, std::size_t, std::size_t size, void* data)
    {
        auto& transfer = *static_cast<Transfer*>(data);
        transfer.client->sockets.answer(transfer.progress->use);
        transfer.head += size;
        return transfer.head > largest_head ? 0 : size;
    }

    // Called right before a request goes out. libcurl sends it again by itself when a used
    // connection ends without a byte of an answer, be it a POST or a one-time code; that is refused
    // here. Only HTTP/2 servers can say that they did not look at a request: then libcurl notes no
    // error, which it does for every other end of an HTTP/2 stream, and it is the only case in
    // which it sends again what went out first on a new connection.
    static int on_request(void* data, char* peer, char*, int, int local_port)
    {
        auto& transfer = *static_cast<Transfer*>(data);
        auto& sockets = transfer.client->sockets;
        auto& progress = *transfer.progress;
        if (progress.sent) {
            const auto before = std::exchange(progress.use, {});
            sockets.end(before, false);
            if (!(before.first || before.http2) || transfer.error[0] != '\0')
                return CURL_PREREQFUNC_ABORT;
        }
        progress.use = sockets.begin(local_port, peer);
        transfer.stale = !progress.sent && progress.use.ended;
        if (transfer.stale) {
            sockets.end(std::exchange(progress.use, {}), false);
            return CURL_PREREQFUNC_ABORT;
        }
        progress.sent = true;
        return CURL_PREREQFUNC_OK;
    }

    static curl_socket_t on_open(void* sockets, curlsocktype, curl_sockaddr* address)
    {
        return static_cast<UpstreamSockets*>(sockets)->open(address->family, address->socktype,
                                                            address->protocol);
    }

    static int on_close(void* sockets, curl_socket_t socket)
    {
        return static_cast<UpstreamSockets*>(sockets)->close(socket);
    }

    Loop& loop;
    Resolver& resolver;
    WechatConfig config;
    CaStore store;
    CURLM* multi = nullptr;
    CURLSH* share = nullptr;
    Timer timer; // libcurl's
    UpstreamSockets sockets;
    int waiting_to_leave = 0; // transfers begun since libcurl was last called
    std::unordered_map<curl_socket_t, std::unique_ptr<Watch>> watches;
    std::unordered_map<std::string, unsigned> known; // generations of addresses, by host and port
    unsigned version = 0;                            // of the configuration
    Clock::time_point configured;                    // since when it holds
    std::vector<std::unique_ptr<Transfer>> idle;
};

namespace {

// Borrows a transfer for one exchange; gives it up, and the exchange with it, when dropped.
struct Exchange
{
    HttpClient::Impl& client;
    std::unique_ptr<Transfer> transfer = {};

    Exchange(HttpClient::Impl& owner, Progress& progress)
        : client{owner}
    {
        if (client.idle.empty()) {
            transfer = client.make_transfer();
        } else {
            transfer = std::move(client.idle.back());
            client.idle.pop_back();
        }
        transfer->progress = &progress;
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) const
    {
        transfer->caller = caller;
        client.start(*transfer);
    }
    void await_resume() const noexcept {}

    ~Exchange()
    {
        if (transfer->running) {
            transfer->running = false;
            curl_multi_remove_handle(client.multi, transfer->easy.get());
        }
        client.sockets.end(transfer->progress->use, transfer->http2);
        transfer->progress = nullptr;
        transfer->head = 0;
        wipe(transfer->body); // it may hold a session_key
        if (transfer->made_for == client.version && client.idle.size() < most_idle_transfers)
            client.idle.push_back(std::move(transfer));
    }
};

// The cause of a failure before anything was sent. Where libcurl's own text names host and port and
// nothing else, it helps more than the general one.
std::string cause(const Transfer& transfer)
{
    switch (transfer.result) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        if (transfer.error[0])
            return transfer.error;
        [[fallthrough]];
    default:
        return curl_easy_strerror(transfer.result);
    }
}

Task<HttpReply> exchange(HttpClient::Impl& client, const Secret& url, Progress& progress)
{
    const auto& proxy = client.config.proxy;
    const auto endpoint =
        proxy.empty() ? endpoint_of(url.reveal(), "80") : endpoint_of(proxy, "1080");
    Addresses addresses;
    const bool named = !is_address(endpoint.host);
    if (named)
        addresses = co_await client.resolver.resolve(endpoint.host);

    Exchange running{client, progress};
    auto& transfer = *running.transfer;
    transfer.http2 = false;
    // The addresses that libcurl has; entries of the map stay where they are.
    auto* const known = named ? &client.known[endpoint.host + ':' + endpoint.port] : nullptr;
    if (known && *known != addresses.generation)
        HttpClient::Impl::give_addresses(transfer, endpoint, addresses);
    auto* const easy = transfer.easy.get();
    const bool plain = url.reveal().starts_with("http:");
    if (std::exchange(transfer.plain, plain) != plain)
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
    curl_easy_setopt(easy, CURLOPT_URL, url.reveal().c_str());
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 0L);
    // Certificates that libcurl read before the last reload are too old.
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, client.seconds_since_reload());
    co_await running;
    if (transfer.stale) { // as the other kept connections may be
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        co_await running;
    }

    if (known)
        *known = addresses.generation;
    if (!progress.sent)
        throw Unreachable{cause(transfer)};
    if (transfer.result == CURLE_WRITE_ERROR)
        throw Unusable{"the answer is longer than 64 KiB"};
    if (transfer.result == CURLE_ABORTED_BY_CALLBACK)
        throw Unusable{"the connection ended without an answer"};
    if (transfer.result != CURLE_OK)
        throw Unusable{curl_easy_strerror(transfer.result)};
    long status = 0, version = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    transfer.http2 = version == CURL_HTTP_VERSION_2_0;
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
    impl_->limit_connections();
}

Task<HttpReply> HttpClient::get(Secret url, Clock::time_point deadline)
{
    Progress progress;
    try {
        co_return co_await with_deadline(impl_->loop, deadline, exchange(*impl_, url, progress));
    } catch (const DeadlinePassed&) {
        if (!progress.sent)
            throw Unreachable{"no connection in time"};
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
