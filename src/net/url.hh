#pragma once

// URLs and the places that they name. http and https URLs are read by libcurl's own parser, so that
// what is checked here is what libcurl connects to.
//
// https://curl.se/libcurl/c/libcurl-url.html

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

struct Endpoint
{
    std::string host; // a name or an address; an IPv6 address in its brackets
    std::string port; // a number

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Whether it can be connected to: a host name (RFC 1123, with underscores) or an address, and a
// port from 1 to 65535.
bool is_valid(const Endpoint& endpoint);

struct Url
{
    std::string text;      // the whole URL as libcurl writes it: http://0x7f.1 is http://127.0.0.1/
    std::string scheme;    // in small letters
    Endpoint endpoint;     // is valid
    bool has_user = false; // names a user or a password
    std::string path;      // begins with a slash
    bool has_more = false; // goes on behind the path, with ? or #
};

// Reads the URL of a server, whose scheme may be any that libcurl knows a port of. Nothing if
// libcurl cannot read it, or could not connect to what it names.
std::optional<Url> read_url(const std::string& text);

// Reads the URL of a proxy. If it names no port, that is 443 for https and 1080 for all others
// (https://curl.se/libcurl/c/CURLOPT_PROXY.html). Nothing also if libcurl could not decode its user
// or its password.
std::optional<Url> read_proxy_url(const std::string& text);

// Reads HOST or HOST:PORT. The result may be invalid.
Endpoint read_endpoint(std::string_view text, std::string_view default_port);

// What libcurl's CURLOPT_RESOLVE takes: HOST:PORT:ADDRESS,ADDRESS…
std::string resolve_entry(const Endpoint& endpoint, const std::vector<std::string>& addresses);

// Whether `host`, as in Endpoint, is an address and not a name.
bool is_address(const std::string& host);

// The address that `host`, as in Endpoint, is, in the one spelling that all of its spellings share:
// 127.1, 0x7f.1, 2130706433 and [::ffff:127.0.0.1] are 127.0.0.1. Absent for a name.
std::optional<std::string> canonical_address(const std::string& host);

// Whether `host`, as in Endpoint and in any spelling, is this host, for certain.
bool is_loopback(const std::string& host);

} // namespace onlogin
