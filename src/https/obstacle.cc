#include "https/obstacle.hh"

#include "base/language.hh"

#include <algorithm>
#include <iterator>

namespace onlogin {

namespace {

constexpr auto proxy_speaks_otherwise = marked(
    "what wechat.proxy names closes the connection or speaks another protocol: is its scheme right "
    "(http, https, socks4, socks4a, socks5, socks5h), and its port?");
constexpr auto proxy_asks =
    marked("the proxy does not take the user and the password in wechat.proxy, or wants some: "
           "http://USER:PASSWORD@HOST:PORT, with %40 for @, %2F for / and %25 for % in them");

struct Row
{
    std::string_view sign; // in what libcurl says
    Marked advice;
};

// What libcurl says of proxies, which it says of nothing else.
constexpr Row of_proxies[] = {
    {"User was rejected", proxy_asks},
    {"No authentication method", proxy_asks},
    {"authentication", proxy_asks},
    {"request rejected",
     marked("the proxy refuses the connection: allow it there, or name another one in "
            "wechat.proxy")},
    {"SOCKS", proxy_speaks_otherwise},
    {"Proxy CONNECT aborted", proxy_speaks_otherwise},
    {"proxy handshake", proxy_speaks_otherwise},
};

// What libcurl, with OpenSSL, says of certificates and of the handshake.
constexpr Row of_tls[] = {
    {"certificate has expired",
     marked("is this host's clock right (timedatectl set-ntp true)? else the "
            "certificate has to be renewed "
            "where it is: at what wechat.url names, or at a proxy or a "
            "firewall in between that opens TLS")},
    {"not yet valid", marked("this host's clock is behind: timedatectl set-ntp true")},
    {"CRL has expired", marked("is this host's clock right (timedatectl set-ntp true)?")},
    {"subject name",
     marked("the certificate is another host's: is wechat.url right, and does the name lead to "
            "another "
            "address (/etc/hosts), or a proxy or a firewall in between answer instead?")},
    {"self-signed",
     marked("a proxy or a firewall in between opens TLS, or wechat.url is no server of "
            "WeChat's: put the CA certificate of whoever that is into wechat.ca_file")},
    {"self signed",
     marked("a proxy or a firewall in between opens TLS, or wechat.url is no server of "
            "WeChat's: put the CA certificate of whoever that is into wechat.ca_file")},
    {"wrong version number",
     marked("what answers there speaks no TLS: is the port in wechat.url right, or "
            "does a proxy or a firewall in between answer?")},
    {"unsupported protocol",
     marked("what answers there knows no TLS 1.2: a proxy or a firewall in between "
            "has to be renewed, or left aside by wechat.proxy")},
    {"alert",
     marked("what answers there refuses the TLS handshake: is wechat.url right? is there a proxy "
            "or a firewall in between?")},
};

template <std::size_t Size>
Marked find(const Row (&rows)[Size], std::string_view text)
{
    const auto* const row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& known) {
        return text.find(known.sign) != text.npos;
    });
    return row == std::end(rows) ? Marked{""} : row->advice;
}

std::string place(const Way& way)
{
    return way.server.host.empty() ? "WeChat" : way.server.host + ':' + way.server.port;
}

std::string advice_on_connection(const Way& way)
{
    if (!way.proxy.empty())
        return translate(
            "nothing answers at what wechat.proxy names: does the proxy run, and are host and "
            "port right?");
    if (is_loopback(way.server.host))
        return translate(
            "wechat.url leads to this host, and nothing answers there: start what is to (the "
            "fake WeChat?), or, for real users, leave wechat.url out: WeChat itself is at port "
            "443 of "
            "api.weixin.qq.com");
    return translate(
        "does a firewall forbid this host the way out to port {port}? else wechat.proxy "
        "names another way",
        {{"port", way.server.port.empty() ? "443" : way.server.port}});
}

std::string advice_on_trust(const Way& way)
{
    if (way.ca_file)
        return translate(
            "wechat.ca_file does not hold the CA of what answers there: for WeChat itself leave "
            "wechat.ca_file out; where a proxy or a firewall opens TLS, or for the fake WeChat, "
            "put the CA that it has now into the file");
    return translate(
        "install the package ca-certificates (then run update-ca-certificates); where a proxy "
        "or "
        "a firewall in between opens TLS, put its CA certificate into wechat.ca_file");
}

std::string advice_on_ca_file(const Way& way)
{
    return way.ca_file
               ? translate(
                     "wechat.ca_file cannot be read, or is damaged: put CA certificates in PEM "
                     "form there, which the worker may read (chmod a+r), and reload")
               : translate(
                     "install the package ca-certificates (then run update-ca-certificates), or "
                     "set wechat.ca_file");
}

std::string advice_on_tls(std::string_view cause, const Way& way)
{
    if (way.proxy == "https" && cause.find("wrong version number") != cause.npos)
        return translate(
            "the proxy speaks no TLS: write http:// instead of https:// in wechat.proxy");
    if (const auto known = find(of_tls, cause); !known.empty())
        return translate(known);
    const auto server = place(way);
    return way.proxy.empty()
               ? translate(
                     "the connection is cut in the TLS handshake: is there a proxy or a firewall "
                     "in between that does not let this host through to {server}? wechat.proxy "
                     "names another way",
                     {{"server", server}})
               : translate(
                     "the connection is cut in the TLS handshake: is there a proxy or a firewall "
                     "in between that does not let this host through to {server}?",
                     {{"server", server}});
}

bool proxy_is_not_trusted(const Way& way, CURL* easy)
{
    long result = 0;
    return way.proxy == "https" &&
           curl_easy_getinfo(easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &result) == CURLE_OK &&
           result != 0;
}

} // namespace

Way way_to(const std::string& url, const std::string& proxy, const std::string& ca_file)
{
    Way way;
    if (const auto server = read_url(url.substr(0, url.find('?'))))
        way.server = server->endpoint;
    way.proxy = proxy.substr(0, proxy.find("://"));
    way.ca_file = !ca_file.empty();
    return way;
}

std::string cause_of(CURLcode code, std::string_view text)
{
    text = text.substr(0, text.find_last_not_of(" \n") + 1);
    constexpr std::string_view of_urls = "@?";
    const bool quotes = text.find_first_of(of_urls) != text.npos || text.find("://") != text.npos;
    return text.empty() || quotes ? curl_easy_strerror(code) : std::string{text};
}

std::string advice_on(CURLcode code, std::string_view cause, const Way& way, CURL* easy)
{
    const bool proxy = !way.proxy.empty();
    switch (code) {
    case CURLE_SSL_CACERT_BADFILE:
        return advice_on_ca_file(way);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return advice_on_name(way);
    case CURLE_OPERATION_TIMEDOUT:
        return advice_on_silence(way);
    case CURLE_PEER_FAILED_VERIFICATION:
        if (proxy_is_not_trusted(way, easy))
            return translate(
                "the certificate of the proxy itself is not accepted: it must be for the host "
                "in "
                "wechat.proxy and of a CA that this host trusts (update-ca-certificates); or "
                "write http:// there");
        return find(of_tls, cause).empty() ? advice_on_trust(way) : advice_on_tls(cause, way);
    case CURLE_SSL_CONNECT_ERROR:
        return advice_on_tls(cause, way);
    default:
        break;
    }
    constexpr std::string_view status = "response ";
    if (const auto at = cause.find(status); proxy && at != cause.npos)
        return advice_on_proxy_status(cause.substr(at + status.size()), way);
    if (cause.find("timeout") != cause.npos || cause.find("timed out") != cause.npos)
        return advice_on_silence(way);
    if (const auto known = find(of_proxies, cause); proxy && !known.empty())
        return translate(known);
    if (code == CURLE_COULDNT_CONNECT)
        return advice_on_connection(way);
    return proxy ? translate(proxy_speaks_otherwise) : advice_on_tls(cause, way);
}

std::string advice_on_name(const Way& way)
{
    if (!way.proxy.empty())
        return translate(
            "the name server does not tell the address of the host in wechat.proxy: is it "
            "written "
            "right there? does the name server work (/etc/resolv.conf)?");
    return translate(
        "check this host's name server (/etc/resolv.conf), and the host in wechat.url if that "
        "is "
        "set; where only a proxy may ask for names, set wechat.proxy");
}

std::string advice_on_silence(const Way& way)
{
    if (!way.proxy.empty())
        return translate(
            "the proxy in wechat.proxy answers too late or not at all: does it run, and "
            "can it reach {server}?",
            {{"server", place(way)}});
    if (is_loopback(way.server.host))
        return advice_on_connection(way);
    return translate(
        "{advice}; if WeChat is only far away, wechat.connect_timeout_ms gives it longer",
        {{"advice", advice_on_connection(way)}});
}

std::string advice_on_proxy_status(std::string_view status, const Way& way)
{
    if (status.starts_with("407"))
        return translate(proxy_asks);
    if (status.starts_with("403") || status.starts_with("405"))
        return translate("the proxy forbids it: let it allow CONNECT to {server} for this host, or "
                         "name another one in wechat.proxy",
                         {{"server", place(way)}});
    return translate("the proxy in wechat.proxy cannot reach {server}: its own log says why",
                     {{"server", place(way)}});
}

} // namespace onlogin
