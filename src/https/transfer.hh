#pragma once

// One exchange with libcurl: its options, and what libcurl calls back for while it runs. HttpClient
// says when it runs.

#include "config/config.hh"
#include "https/sockets.hh"
#include "net/ca_store.hh"

#include <coroutine>
#include <cstddef>
#include <memory>
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

// How far a request has come; outlives its transfer.
struct Progress
{
    bool sent = false;
    UpstreamSockets::Use use; // where it was sent last
};

// One exchange, and afterwards a place for the next: the easy handle keeps its options.
struct Transfer
{
    std::unique_ptr<CURL, EasyFree> easy;
    std::unique_ptr<curl_slist, SlistFree> addresses; // libcurl reads it when the transfer starts
    std::coroutine_handle<> caller;
    UpstreamSockets* sockets = nullptr; // the client's
    Progress* progress = nullptr;       // the caller's
    bool http2 = false;                 // is how it was answered
    bool running = false;
    bool plain = false;    // http:// is allowed
    bool posts = false;    // is set up for a request with a body
    bool stale = false;    // given up, since its connection had ended; nothing was sent
    unsigned made_for = 0; // the configuration's number
    CURLcode result = CURLE_OK;
    std::size_t head = 0;
    std::string body;
    char error[CURL_ERROR_SIZE] = "";
};

// A transfer that is ready but for its URL. `share`, `sockets` and what `config` names outlive it.
std::unique_ptr<Transfer> make_transfer(const WechatConfig& config, CaStore store, CURLSH* share,
                                        UpstreamSockets& sockets);

// Makes libcurl take what `entry` says for the addresses of a host (see resolve_entry() in url.hh)
// when `transfer` starts.
void give_addresses(Transfer& transfer, const std::string& entry);

} // namespace onlogin
