#pragma once

// One exchange (a request and its answer) as libcurl sees it: the options, and what libcurl calls
// back for while it runs. HttpClient says when it runs.

#include "config/config.hh"
#include "https/origin.hh"
#include "https/sockets.hh"
#include "net/ca_store.hh"
#include "net/event.hh"

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

namespace onlogin {

struct SlistFree
{
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct EasyFree
{
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

// How far a request has come. It belongs to who waits for the answer, so that it can be looked at
// after the transfer was given up.
struct Progress
{
    bool naming = false;      // the name server is asked
    bool sent = false;        // its first byte may have left
    UpstreamSockets::Use use; // the connection on which it was sent last
};

// An exchange while it runs; afterwards it lies idle and is taken for another one. The client owns
// it and lends it to one coroutine at a time.
struct Transfer
{
    // For its whole life.
    std::unique_ptr<CURL, EasyFree> easy; // keeps its options from one exchange to the next
    UpstreamSockets* sockets = nullptr;   // the client's
    unsigned made_for = 0;                // the number of the configuration that its options follow

    // What the options say at the moment.
    std::unique_ptr<curl_slist, SlistFree> addresses; // libcurl reads it when the transfer starts
    bool plain = false;                               // http:// is allowed, and https:// is not
    bool posts = false;                               // the request has a body

    // Of the exchange that runs.
    Event ended;                                         // the caller waits for it
    Progress* progress = nullptr;                        // the caller's
    Origin* origin = nullptr;                            // the server; the caller keeps it
    std::optional<std::list<Transfer*>::iterator> place; // in the origin's list, while it waits
    bool running = false;                                // libcurl has it
    bool stale = false; // it was given up unsent: the server had closed the kept connection
    CURLcode result = CURLE_OK;
    std::size_t head = 0; // bytes of the answer's head so far
    std::string body;     // of the answer, so far
    char error[CURL_ERROR_SIZE] = "";
};

// A transfer that is ready but for its URL. `share`, `sockets` and what `config` names outlive it.
std::unique_ptr<Transfer> make_transfer(const WechatConfig& config, CaStore store, CURLSH* share,
                                        UpstreamSockets& sockets);

// Makes libcurl take what `entry` says for the addresses of a host (see resolve_entry() in url.hh)
// when `transfer` starts.
void give_addresses(Transfer& transfer, const std::string& entry);

} // namespace onlogin
