#pragma once

// One HTTPS request, watched step by step: for `onlogin doctor`, which wants to know where it fails
// and how long each step takes. It blocks, so it is nothing for the worker's loop.

#include "base/secret.hh"

#include <ctime>
#include <string>

namespace onlogin {

struct HttpProbe
{
    Secret url;               // never shown
    std::string header{};     // to send, as NAME: VALUE; empty: none
    std::string connect_to{}; // HOST:PORT that stands for the URL's; empty: ask the name server
    std::string ca_file{};    // empty: the system's
    std::string proxy{};      // empty: none
    bool http2 = true;        // if the server offers it
    bool only_tls12 = false;
    bool trusting = false; // takes any certificate, to see what comes after
    long connect_timeout_ms = 2000;
    long timeout_ms = 10'000;
};

// How far a request came.
enum class HttpStep
{
    Name,        // the name was not resolved
    Connection,  // no connection
    Tls,         // the handshake failed
    Certificate, // it is not trusted, or not for this name
    Answer,      // no answer, or half of one
    Done,
};

struct HttpProbed
{
    HttpStep failed_at = HttpStep::Done;
    std::string failure; // what libcurl says: hosts, ports and certificates, no part of the URL
    std::string advice;  // what mends it; empty once the request has gone out

    std::string address; // of the server, once connected
    long name_ms = 0;    // each step alone
    long connection_ms = 0;
    long tls_ms = 0;
    long answer_ms = 0;
    std::string version;              // HTTP/1.1, HTTP/2
    std::time_t certificate_end = 0;  // 0: unknown
    std::string certificate_issuer{}; // the name of who signed it; empty: unknown
    long status = 0;
    std::time_t date = 0; // what the server takes for now; 0: unknown
    std::string body{};   // its first 64 KiB
};

HttpProbed probe(const HttpProbe& request);

} // namespace onlogin
