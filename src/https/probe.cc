#include "https/probe.hh"

#include "https/obstacle.hh"

#include <algorithm>
#include <memory>

#include <curl/curl.h>
#include <strings.h>

namespace onlogin {

namespace {

constexpr std::size_t largest_answer = 65'536;

std::size_t on_body(char* text, std::size_t, std::size_t size, void* data)
{
    auto& body = *static_cast<std::string*>(data);
    body.append(text, std::min(size, largest_answer - body.size()));
    return size;
}

std::size_t on_header(char* text, std::size_t, std::size_t size, void* data)
{
    constexpr std::string_view name = "date:";
    if (size > name.size() && strncasecmp(text, name.data(), name.size()) == 0) {
        const std::string value{text + name.size(), size - name.size()};
        const auto date = curl_getdate(value.c_str(), nullptr);
        *static_cast<std::time_t*>(data) = date < 0 ? 0 : date;
    }
    return size;
}

HttpStep step_of(CURLcode code, CURL* easy)
{
    switch (code) {
    case CURLE_OK:
        return HttpStep::Done;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HttpStep::Name;
    case CURLE_COULDNT_CONNECT:
        return HttpStep::Connection;
    case CURLE_PEER_FAILED_VERIFICATION:
        return HttpStep::Certificate;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
        return HttpStep::Tls;
    default:
        break;
    }
    curl_off_t named = 0, connected = 0, secured = 0;
    curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &named);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &secured);
    return secured > 0     ? HttpStep::Answer
           : connected > 0 ? HttpStep::Tls
           : named > 0     ? HttpStep::Connection
                           : HttpStep::Name;
}

// What libcurl tells of the server's own certificate, the first of its chain, behind that name.
std::string certificate_item(CURL* easy, std::string_view name)
{
    const curl_certinfo* chain = nullptr;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
        chain->num_of_certs < 1)
        return {};
    for (const auto* item = chain->certinfo[0]; item; item = item->next)
        if (std::string_view{item->data}.starts_with(name))
            return item->data + name.size();
    return {};
}

std::time_t certificate_end(CURL* easy)
{
    const auto text = certificate_item(easy, "Expire date:");
    const auto end = text.empty() ? 0 : curl_getdate(text.c_str(), nullptr);
    return end < 0 ? 0 : end;
}

const char* version_name(long version)
{
    switch (version) {
    case CURL_HTTP_VERSION_2_0:
        return "HTTP/2";
    case CURL_HTTP_VERSION_1_1:
        return "HTTP/1.1";
    case CURL_HTTP_VERSION_1_0:
        return "HTTP/1.0";
    default:
        return "an unknown version of HTTP";
    }
}

// Libcurl counts all times from the beginning, in microseconds.
void read_times(CURL* easy, HttpProbed& probed)
{
    long before = 0;
    const auto step = [&](CURLINFO info, long& ms) {
        curl_off_t us = 0;
        curl_easy_getinfo(easy, info, &us);
        const auto until = static_cast<long>(us / 1000);
        ms = us > 0 ? until - before : 0;
        before = std::max(before, until);
    };
    step(CURLINFO_NAMELOOKUP_TIME_T, probed.name_ms);
    step(CURLINFO_CONNECT_TIME_T, probed.connection_ms);
    step(CURLINFO_APPCONNECT_TIME_T, probed.tls_ms);
    step(CURLINFO_TOTAL_TIME_T, probed.answer_ms);
}

} // namespace

HttpProbed probe(const HttpProbe& request)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> owner{curl_easy_init(),
                                                                    curl_easy_cleanup};
    using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;
    List connect_to{nullptr, curl_slist_free_all}, header{nullptr, curl_slist_free_all};
    CURL* const easy = owner.get();
    const auto set = [easy](CURLoption option, auto value) {
        curl_easy_setopt(easy, option, value);
    };
    HttpProbed probed;
    char error[CURL_ERROR_SIZE] = "";
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(error));
    set(CURLOPT_URL, request.url.reveal().c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L); // a name server that hangs does not hold us
    set(CURLOPT_USERAGENT, "onlogin-doctor");
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_CERTINFO, 1L);
    const long tls12 = CURL_SSLVERSION_TLSv1_2, at_most_tls12 = CURL_SSLVERSION_MAX_TLSv1_2;
    set(CURLOPT_SSLVERSION, request.only_tls12 ? tls12 | at_most_tls12 : tls12);
    if (request.trusting) {
        set(CURLOPT_SSL_VERIFYPEER, 0L);
        set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!request.ca_file.empty()) {
        set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
        set(CURLOPT_CAINFO, request.ca_file.c_str());
    }
    set(CURLOPT_PROXY, request.proxy.c_str());
    set(CURLOPT_HTTP_VERSION,
        static_cast<long>(request.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    set(CURLOPT_CONNECTTIMEOUT_MS, request.connect_timeout_ms);
    set(CURLOPT_TIMEOUT_MS, request.timeout_ms);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, &probed.body);
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, &probed.date);
    if (!request.connect_to.empty()) {
        connect_to.reset(curl_slist_append(nullptr, ("::" + request.connect_to).c_str()));
        set(CURLOPT_CONNECT_TO, connect_to.get());
    }

    if (!request.header.empty()) {
        header.reset(curl_slist_append(nullptr, request.header.c_str()));
        set(CURLOPT_HTTPHEADER, header.get());
    }

    const auto result = curl_easy_perform(easy);
    probed.failed_at = step_of(result, easy);
    if (result != CURLE_OK) {
        const bool sent = probed.failed_at == HttpStep::Answer;
        probed.failure = cause_of(result, sent ? "" : error);
        if (!sent)
            probed.advice =
                advice_on(result, probed.failure,
                          way_to(request.url.reveal(), request.proxy, request.ca_file), easy);
    }
    char* address = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
    probed.address = address ? address : "";
    long version = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    probed.version = version_name(version);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &probed.status);
    probed.certificate_end = certificate_end(easy);
    probed.certificate_issuer = certificate_item(easy, "Issuer:");
    read_times(easy, probed);
    return probed;
}

} // namespace onlogin
