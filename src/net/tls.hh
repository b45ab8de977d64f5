#pragma once

// TLS on a socket that somebody else connects and watches, as the client. Server certificates are
// checked, name included.

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace onlogin {

// Why `text`, the contents of a file of CA certificates, holds none that OpenSSL takes, to follow
// the file's name; empty: it does.
std::string certificates_fault(const std::string& text);

// Whether `name` is a part of the name of one of the certificates in `text`.
bool any_certificate_names(const std::string& text, std::string_view name);

class TlsContext
{
public:
    // The CA certificates (empty: the system's), and our own certificate with its key, or neither.
    // Throws ConfigError if a file cannot be used.
    TlsContext(const std::string& ca_file, const std::string& cert_file,
               const std::string& key_file);

private:
    friend class TlsStream;
    struct Free
    {
        void operator()(ssl_ctx_st* context) const;
    };
    std::unique_ptr<ssl_ctx_st, Free> context_;
};

class TlsStream
{
public:
    // What became of a call. Wants…: nothing has been done, and the same call is to be made again
    // when the socket is readable, or writable; also a write() may have to read first.
    enum class Outcome
    {
        Done,
        WantsRead,
        WantsWrite,
        Closed, // by the peer, in order
        Failed, // see trouble()
    };

    // Speaks to `host` (a name, or an address) on `socket`, which must be non-blocking and stay
    // open for as long as this lives.
    TlsStream(const TlsContext& context, int socket, const std::string& host);

    // The handshake comes first. `count`: how many bytes of at most `size` have been read or
    // written, if the outcome is Done.
    Outcome handshake();
    Outcome read(char* to, std::size_t size, std::size_t& count);
    Outcome write(const char* from, std::size_t size, std::size_t& count);

    // Why a call has Failed.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
    Outcome outcome(int result);

    struct Free
    {
        void operator()(ssl_st* stream) const;
    };
    std::unique_ptr<ssl_st, Free> stream_;
    std::string trouble_;
};

} // namespace onlogin
