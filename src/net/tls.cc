#include "net/tls.hh"

#include "base/errors.hh"
#include "base/odd_text.hh"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace onlogin {

namespace {

std::string last_error()
{
    const auto code = ERR_get_error();
    const char* const reason = ERR_reason_error_string(code);
    ERR_clear_error();
    return reason ? reason : "unknown reason";
}

void require(int result, const std::string& file, const char* advice)
{
    if (result != 1)
        throw ConfigError{file + ": " + last_error() + "; " + advice};
}

bool is_ip(const std::string& host)
{
    in6_addr parsed{};
    return inet_pton(AF_INET, host.c_str(), &parsed) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

struct CertificatesFree
{
    void operator()(STACK_OF(X509_INFO) * list) const
    {
        sk_X509_INFO_pop_free(list, X509_INFO_free);
    }
};

using Certificates = std::unique_ptr<STACK_OF(X509_INFO), CertificatesFree>;

// All that is in a file in PEM form, as libcurl lets OpenSSL read it (X509_load_cert_crl_file).
// Null if a part of it is damaged; then there is a last_error().
Certificates read_certificates(const std::string& text)
{
    ERR_clear_error();
    const std::unique_ptr<BIO, decltype(&BIO_free)> source{
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
    return Certificates{PEM_X509_INFO_read_bio(source.get(), nullptr, nullptr, nullptr)};
}

} // namespace

std::string certificates_fault(const std::string& text)
{
    if (const auto encoding = other_encoding(text); !encoding.empty())
        return "is in " + std::string{encoding} + ": save it as UTF-8";
    if (without_byte_order_mark(text).size() != text.size())
        return "begins with a byte order mark, behind which no certificate is seen: save it as "
               "UTF-8 without one";
    if (text.starts_with("\x30\x82"))
        return "holds no certificate in PEM form but one in DER form: openssl x509 -inform der "
               "makes PEM of it";
    if (text.find("CERTIFICATE-----") == text.npos)
        return "holds no certificate in PEM form";
    const auto list = read_certificates(text);
    if (!list)
        return "is damaged (" + last_error() + "): fetch its certificates again";
    ERR_clear_error();
    for (int i = 0; i < sk_X509_INFO_num(list.get()); ++i)
        if (sk_X509_INFO_value(list.get(), i)->x509)
            return {};
    return "holds no certificate in PEM form";
}

bool any_certificate_names(const std::string& text, std::string_view name)
{
    const auto list = read_certificates(text);
    ERR_clear_error();
    for (int i = 0; list && i < sk_X509_INFO_num(list.get()); ++i) {
        const auto* const certificate = sk_X509_INFO_value(list.get(), i)->x509;
        char subject[256] = "";
        if (certificate)
            X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
        if (std::string_view{subject}.find(name) != std::string_view::npos)
            return true;
    }
    return false;
}

void TlsContext::Free::operator()(ssl_ctx_st* context) const
{
    SSL_CTX_free(context);
}

TlsContext::TlsContext(const std::string& ca_file, const std::string& cert_file,
                       const std::string& key_file)
    : context_{SSL_CTX_new(TLS_client_method())}
{
    auto* const context = context_.get();
    if (!context)
        throw std::runtime_error{"TLS: " + last_error()};
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    // What is not written at once comes again from a buffer that may have moved.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A server that closes without a word is as gone as one that says so.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (ca_file.empty())
        SSL_CTX_set_default_verify_paths(context);
    else
        require(SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr), ca_file,
                "ca_file must hold CA certificates in PEM form");
    if (cert_file.empty())
        return;
    require(SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()), cert_file,
            "cert_file must hold a certificate in PEM form");
    require(SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM), key_file,
            "key_file must hold the key of cert_file in PEM form");
}

void TlsStream::Free::operator()(ssl_st* stream) const
{
    SSL_free(stream);
}

TlsStream::TlsStream(const TlsContext& context, int socket, const std::string& host)
    : stream_{SSL_new(context.context_.get())}
{
    auto* const stream = stream_.get();
    if (!stream || SSL_set_fd(stream, socket) != 1)
        throw std::runtime_error{"TLS: " + last_error()};
    if (is_ip(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream), host.c_str());
    } else {
        SSL_set1_host(stream, host.c_str());
        SSL_set_tlsext_host_name(stream, host.c_str());
    }
}

TlsStream::Outcome TlsStream::handshake()
{
    ERR_clear_error();
    return outcome(SSL_connect(stream_.get()));
}

TlsStream::Outcome TlsStream::read(char* to, std::size_t size, std::size_t& count)
{
    ERR_clear_error();
    return outcome(SSL_read_ex(stream_.get(), to, size, &count));
}

TlsStream::Outcome TlsStream::write(const char* from, std::size_t size, std::size_t& count)
{
    ERR_clear_error();
    return outcome(SSL_write_ex(stream_.get(), from, size, &count));
}

TlsStream::Outcome TlsStream::outcome(int result)
{
    const int broken = errno;
    switch (SSL_get_error(stream_.get(), result)) {
    case SSL_ERROR_NONE:
        return Outcome::Done;
    case SSL_ERROR_WANT_READ:
        return Outcome::WantsRead;
    case SSL_ERROR_WANT_WRITE:
        return Outcome::WantsWrite;
    case SSL_ERROR_ZERO_RETURN:
        return Outcome::Closed;
    case SSL_ERROR_SYSCALL:
        trouble_ = broken ? strerror(broken) : "closed";
        return Outcome::Failed;
    default:
        break;
    }
    trouble_ = last_error();
    if (const long verified = SSL_get_verify_result(stream_.get()); verified != X509_V_OK)
        trouble_ = std::string{"its certificate is not accepted: "} +
                   X509_verify_cert_error_string(verified);
    return Outcome::Failed;
}

} // namespace onlogin
