#pragma once

// Why a server was not reached, in libcurl's words, and what opens the way to it: for the log and
// the doctor.

#include "config/config.hh"
#include "net/url.hh"

#include <string>
#include <string_view>

#include <curl/curl.h>

namespace onlogin {

// The way to a server, as far as it matters for what may be in it.
struct Way
{
    Endpoint server;      // of the URL; without a host if that cannot be read
    std::string proxy;    // its scheme; empty: no proxy
    bool ca_file = false; // wechat.ca_file is set
};
Way way_to(const std::string& url, const std::string& proxy, const std::string& ca_file);

// What libcurl says of the exchange that ended with `code`. `text` is what it wrote into its error
// buffer; that is taken only if it names hosts, ports and certificates and no more, for it may
// quote a URL, and with it a password or an AppSecret.
std::string cause_of(CURLcode code, std::string_view text);

// What mends that nothing was sent on that way. `cause` is what cause_of() says; `easy` has run.
std::string advice_on(CURLcode code, std::string_view cause, const Way& way, CURL* easy);

// The same where the name of the server, or of the proxy, is not known or not found in time.
std::string advice_on_name(const Way& way);

// The same where nothing came in time.
std::string advice_on_silence(const Way& way);

// The same where the proxy answers with an HTTP status of its own.
std::string advice_on_proxy_status(std::string_view status, const Way& way);

} // namespace onlogin
