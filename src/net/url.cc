#include "net/url.hh"

#include <memory>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <strings.h>
#include <sys/socket.h>

namespace onlogin {

namespace {

struct CurlUrlFree
{
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlFree>;

// A part that the URL lacks is no text.
std::optional<std::string> part(CURLU* url, CURLUPart which, unsigned flags = 0)
{
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK)
        return std::nullopt;
    std::string copy{text};
    curl_free(text);
    return copy;
}

// Nothing stands there, or something that libcurl can decode.
bool decodes(CURLU* url, CURLUPart which)
{
    return !part(url, which) || part(url, which, CURLU_URLDECODE);
}

// `default_port` takes the scheme.
template <class DefaultPort>
std::optional<Url> read(CURLU* parsed, const std::string& text, DefaultPort default_port)
{
    if (curl_url_set(parsed, CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return std::nullopt;
    Url url;
    url.text = part(parsed, CURLUPART_URL).value_or("");
    url.scheme = part(parsed, CURLUPART_SCHEME).value_or("");
    url.endpoint.host = part(parsed, CURLUPART_HOST).value_or("");
    const auto port = part(parsed, CURLUPART_PORT);
    url.endpoint.port = port ? *port : default_port(url.scheme);
    url.has_user = part(parsed, CURLUPART_USER) || part(parsed, CURLUPART_PASSWORD);
    url.path = part(parsed, CURLUPART_PATH).value_or("/");
    url.has_more = !part(parsed, CURLUPART_QUERY).value_or("").empty() ||
                   !part(parsed, CURLUPART_FRAGMENT).value_or("").empty();
    if (!is_valid(url.endpoint))
        return std::nullopt;
    return url;
}

} // namespace

std::optional<Url> read_url(const std::string& text)
{
    const CurlUrl parsed{curl_url()};
    return read(parsed.get(), text, [&](const std::string&) {
        return part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or("");
    });
}

std::optional<Url> read_proxy_url(const std::string& text)
{
    const CurlUrl parsed{curl_url()};
    auto url = read(parsed.get(), text, [](const std::string& scheme) {
        return std::string{scheme == "https" ? "443" : "1080"};
    });
    if (!decodes(parsed.get(), CURLUPART_USER) || !decodes(parsed.get(), CURLUPART_PASSWORD))
        return std::nullopt;
    return url;
}

Endpoint read_endpoint(std::string_view text, std::string_view default_port)
{
    const auto bracket = text.find(']');
    const auto colon = text.find(':', bracket == text.npos ? 0 : bracket);
    return {std::string{text.substr(0, colon)},
            std::string{colon == text.npos ? default_port : text.substr(colon + 1)}};
}

bool is_valid(const Endpoint& endpoint)
{
    const auto& [host, port] = endpoint;
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos ||
        std::stoi(port) < 1 || std::stoi(port) > 65535)
        return false;
    if (host.starts_with('[')) {
        in6_addr parsed{};
        return host.ends_with(']') &&
               inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &parsed) == 1;
    }
    return !host.empty() && host.size() <= 253 && host.find("..") == host.npos &&
           !host.starts_with('.') &&
           host.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_") == host.npos;
}

std::string resolve_entry(const Endpoint& endpoint, const std::vector<std::string>& addresses)
{
    std::string entry = endpoint.host + ':' + endpoint.port;
    char separator = ':';
    for (const auto& address : addresses) {
        entry += separator;
        entry += address.find(':') == address.npos ? address : '[' + address + ']';
        separator = ',';
    }
    return entry;
}

bool is_address(const std::string& host)
{
    in_addr parsed{};
    return host.starts_with('[') || inet_pton(AF_INET, host.c_str(), &parsed) == 1;
}

std::optional<std::string> canonical_address(const std::string& host)
{
    const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    const auto bare = bracketed ? host.substr(1, host.size() - 2) : host;
    addrinfo hints{};
    hints.ai_family = bracketed ? AF_INET6 : AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (bare.empty() || getaddrinfo(bare.c_str(), nullptr, &hints, &found) != 0)
        return std::nullopt;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
    char text[INET6_ADDRSTRLEN] = "";
    if (!bracketed) {
        const auto& v4 = reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr;
        return inet_ntop(AF_INET, &v4, text, sizeof text);
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6*>(found->ai_addr)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
        return inet_ntop(AF_INET, &v6.s6_addr[12], text, sizeof text);
    inet_ntop(AF_INET6, &v6, text, sizeof text);
    return '[' + std::string{text} + ']';
}

bool is_loopback(const std::string& host)
{
    const auto address = canonical_address(host).value_or("");
    return strcasecmp(host.c_str(), "localhost") == 0 || address == "[::1]" ||
           address.starts_with("127.");
}

} // namespace onlogin
