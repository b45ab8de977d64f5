#include "https/transfer.hh"

#include <string_view>
#include <utility>

#include <openssl/ssl.h>

namespace onlogin {

namespace {

constexpr std::size_t largest_answer = 65'536;
constexpr std::size_t largest_head = 65'536;

std::size_t on_body(char* text, std::size_t, std::size_t size, void* data)
{
    auto& transfer = *static_cast<Transfer*>(data);
    if (transfer.body.size() + size > largest_answer)
        return 0;
    transfer.body.append(text, size);
    return size;
}

std::size_t on_header(char*, std::size_t, std::size_t size, void* data)
{
    auto& transfer = *static_cast<Transfer*>(data);
    transfer.head += size;
    return transfer.head > largest_head ? 0 : size;
}

// Whether the connection of `easy` speaks HTTP/2. TLS has agreed on that (ALPN) before the first
// request; libcurl itself tells it with the answer.
bool speaks_http2(CURL* easy)
{
    const curl_tlssessioninfo* tls = nullptr;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls->internals ||
        tls->backend != CURLSSLBACKEND_OPENSSL)
        return false;
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(static_cast<const SSL*>(tls->internals), &name, &size);
    return std::string_view{reinterpret_cast<const char*>(name), size} == "h2";
}

// Called right before a request goes out. libcurl sends it again by itself when a used
// connection ends without a byte of an answer, be it a POST or a one-time code; that is refused
// here. Only HTTP/2 servers can say that they did not look at a request: then libcurl notes no
// error, which it does for every other end of an HTTP/2 stream, and it is the only case in
// which it sends again what went out first on a new connection.
int on_request(void* data, char* peer, char*, int, int local_port)
{
    auto& transfer = *static_cast<Transfer*>(data);
    auto& sockets = *transfer.sockets;
    auto& progress = *transfer.progress;
    transfer.origin->leave(transfer);
    if (progress.sent) {
        const auto before = std::exchange(progress.use, {});
        sockets.end(transfer, before);
        if (!(before.first || before.http2) || transfer.error[0] != '\0')
            return CURL_PREREQFUNC_ABORT;
    }
    progress.use = sockets.begin(transfer, local_port, peer, speaks_http2(transfer.easy.get()));
    if (progress.use.first)
        transfer.origin->connected(progress.use.http2);
    transfer.stale = !progress.sent && progress.use.ended;
    if (transfer.stale) {
        sockets.end(transfer, std::exchange(progress.use, {}));
        return CURL_PREREQFUNC_ABORT;
    }
    progress.sent = true;
    return CURL_PREREQFUNC_OK;
}

curl_socket_t on_open(void* data, curlsocktype, curl_sockaddr* address)
{
    auto& transfer = *static_cast<Transfer*>(data);
    transfer.origin->leave(transfer);
    return transfer.sockets->open(address->family, address->socktype, address->protocol);
}

int on_close(void* sockets, curl_socket_t socket)
{
    return static_cast<UpstreamSockets*>(sockets)->close(socket);
}

// libcurl's default is both, file and directory, and then it parses the whole file (22 ms) for
// each connection. With the file alone it does so once; with the directory alone it never does,
// but reads the one certificate that it needs (1 ms) for each connection.
void choose_certificates(CURL* easy, const WechatConfig& config, CaStore store)
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

} // namespace

std::unique_ptr<Transfer> make_transfer(const WechatConfig& config, CaStore store, CURLSH* share,
                                        UpstreamSockets& sockets)
{
    auto transfer = std::make_unique<Transfer>();
    transfer->easy.reset(curl_easy_init());
    transfer->sockets = &sockets;
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
    choose_certificates(transfer->easy.get(), config, store);
    set(CURLOPT_PROXY, config.proxy.c_str()); // empty: none, whatever the environment says
    set(CURLOPT_HTTP_VERSION,
        static_cast<long>(config.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
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
    set(CURLOPT_OPENSOCKETDATA, transfer.get());
    set(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    set(CURLOPT_CLOSESOCKETDATA, &sockets); // a connection outlives the transfer that opened it
    set(CURLOPT_PREREQFUNCTION, on_request);
    set(CURLOPT_PREREQDATA, transfer.get());
    return transfer;
}

void give_addresses(Transfer& transfer, const std::string& entry)
{
    transfer.addresses.reset(curl_slist_append(nullptr, entry.c_str()));
    curl_easy_setopt(transfer.easy.get(), CURLOPT_RESOLVE, transfer.addresses.get());
}

} // namespace onlogin
