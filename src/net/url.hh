#pragma once

// The few parts of a URL that we look at ourselves.

#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

struct Endpoint
{
    std::string host; // an IPv6 address in its brackets
    std::string port; // the scheme's, if the URL names none

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Where `url` points to. `default_port` is for schemes other than https, and for no scheme at all.
Endpoint endpoint_of(std::string_view url, std::string_view default_port);

// Whether it can be connected to: a host name (RFC 1123, with underscores) or an address, and a
// port from 1 to 65535.
bool is_valid(const Endpoint& endpoint);

// What libcurl's CURLOPT_RESOLVE takes: HOST:PORT:ADDRESS,ADDRESS…
std::string resolve_entry(const Endpoint& endpoint, const std::vector<std::string>& addresses);

// Whether `host`, as in Endpoint, is an address and not a name.
bool is_address(const std::string& host);

// Whether `host`, as in Endpoint, is this host, for certain.
bool is_loopback(const std::string& host);

} // namespace onlogin
