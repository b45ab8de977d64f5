#include "net/url.hh"

#include <arpa/inet.h>

namespace onlogin {

Endpoint endpoint_of(std::string_view url, std::string_view default_port)
{
    if (const auto scheme = url.find("://"); scheme != url.npos) {
        if (url.starts_with("https:"))
            default_port = "443";
        url.remove_prefix(scheme + 3);
    }
    url = url.substr(0, url.find_first_of("/?#"));
    if (const auto user = url.rfind('@'); user != url.npos)
        url.remove_prefix(user + 1);
    const auto bracket = url.find(']');
    const auto colon = url.find(':', bracket == url.npos ? 0 : bracket);
    return {std::string{url.substr(0, colon)},
            std::string{colon == url.npos ? default_port : url.substr(colon + 1)}};
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

bool is_loopback(const std::string& host)
{
    return host == "localhost" || host == "[::1]" || (host.starts_with("127.") && is_address(host));
}

} // namespace onlogin
