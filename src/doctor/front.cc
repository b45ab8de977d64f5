#include "base/encode.hh"
#include "base/json.hh"
#include "doctor/checks.hh"
#include "https/probe.hh"

#include <cstdlib>
#include <ctime>

#include <netdb.h>

namespace onlogin {

namespace {

constexpr long day_s = 24L * 60 * 60;

std::string site_of(const Front& front, const std::string& name)
{
    const bool usual = front.port == (front.scheme == "https" ? "443" : "80");
    return front.scheme + "://" + name + (usual ? "" : ':' + front.port);
}

void check_name(Findings& findings, const Front& front, const std::string& name)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(name.c_str(), front.port.c_str(), &hints, &list) != 0)
        return findings.warn("front", name + " is not known to the name server of this host",
                             "phones need it: add an A record at your DNS provider");
    freeaddrinfo(list);
}

HttpProbe request_to(const Front& front, const std::string& name, const std::string& path_and_query)
{
    HttpProbe request{Secret{site_of(front, name) + path_and_query}};
    request.connect_to = front.connect_to;
    // OpenSSL's variable, for hosts with CA certificates of their own.
    if (const char* const file = getenv("SSL_CERT_FILE"))
        request.ca_file = file;
    return request;
}

struct CertificateFault
{
    std::string_view sign; // in libcurl's text
    const char* mend;
};
constexpr CertificateFault certificate_faults[] = {
    {"expired", "renew it: certbot renew, then systemctl reload nginx"},
    {"subject name", "get a certificate for this name: certbot certonly --webroot -w "
                     "/var/www/html -d NAME"},
    {"self-signed", "phones trust certificates of a public CA alone: certbot gets one"},
    {"unable to get local issuer",
     "use the whole chain (fullchain.pem), of a CA that phones trust"},
};

const char* mend_of(const std::string& failure)
{
    for (const auto& fault : certificate_faults)
        if (failure.find(fault.sign) != failure.npos)
            return fault.mend;
    return "ssl_certificate must be the whole chain of a public CA, for this name";
}

void check_certificate_end(Findings& findings, const std::string& name, std::time_t end)
{
    if (end == 0)
        return;
    const long days = (end - std::time(nullptr)) / day_s;
    char date[16] = "";
    std::tm parts{};
    if (gmtime_r(&end, &parts))
        strftime(date, sizeof date, "%Y-%m-%d", &parts);
    const auto text =
        name + ": trusted, for this name, until " + date + " (" + std::to_string(days) + " days)";
    if (days < 15)
        findings.warn("certificate", text, "renew it soon: systemctl list-timers certbot.timer");
    else
        findings.ok("certificate", text);
}

// TLS 1.2 is what older phones have:
// https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html
void check_tls12(Findings& findings, const Front& front, const std::string& name)
{
    auto request = request_to(front, name, front.path);
    request.only_tls12 = true;
    request.trusting = true;
    if (const auto probed = probe(request); probed.failed_at == HttpStep::Tls)
        findings.bad("tls", name + " refuses TLS 1.2, which older phones need",
                     "ssl_protocols TLSv1.2 TLSv1.3, and the ciphers of snippets/onlogin-tls.conf, "
                     "for all servers on this port");
    else if (probed.failed_at == HttpStep::Done)
        findings.ok("tls", name + " takes TLS 1.2");
}

struct Answer
{
    long code = -2; // of the JSON object; -2: it is none
    std::string message;
};

Answer read_answer(const std::string& body)
{
    const auto json = parse_json(body);
    if (!json || !json->isObject() || !(*json)["code"].isInt())
        return {};
    return {(*json)["code"].asInt(),
            (*json)["message"].isString() ? (*json)["message"].asString() : ""};
}

void judge_login(Findings& findings, const std::string& what, const HttpProbed& probed,
                 const NginxSeen& nginx)
{
    constexpr int code_refused = 40029;
    if (probed.failed_at != HttpStep::Done)
        return findings.bad("front", what + ": " + probed.failure,
                            !nginx.first.empty() ? nginx.first
                            : probed.failed_at == HttpStep::Connection
                                ? "nginx runs, and does not listen there: journalctl -u nginx and "
                                  "its error log say why; does a firewall of this host forbid it?"
                                : "look at nginx's error log");
    const auto answer = read_answer(probed.body);
    const auto said = what + ": HTTP " + std::to_string(probed.status);
    if (probed.status == 401 && answer.code == code_refused)
        return findings.ok("front", said + ", 40029, as a made-up code must be answered, by " +
                                        probed.version + " in " + std::to_string(probed.answer_ms) +
                                        " ms");
    if (answer.code == -2 && (probed.status == 401 || probed.status == 403))
        return findings.warn("front", said + ": nginx lets this host not in",
                             "if it is to be so, try a login from where users come from");
    if (answer.code == -2)
        return findings.bad("front", said + " and no JSON: something else answers here",
                            nginx.first.empty() ? "does another server block have the same name?"
                                                : nginx.first);
    const auto text = said +
                      (answer.code == probed.status ? "" : ", " + std::to_string(answer.code)) +
                      ", " + answer.message;
    if (probed.status == 502 && answer.message.find("worker") != std::string::npos)
        return findings.bad("front", text,
                            "systemctl status onlogin; what is said of the socket above");
    if (probed.status == 504 && answer.message.find("worker") != std::string::npos)
        return findings.bad("front", text,
                            "onlogin -t and journalctl -u onlogin say why it does not start; if it "
                            "runs, it hangs: systemctl restart onlogin");
    if (probed.status == 429)
        return findings.warn("front", text, "ask the doctor again in a minute");
    findings.bad("front", text,
                 "see what is said of WeChat below, and the worker's log: journalctl -u onlogin");
}

// As WeChat's servers ask before a mini program has loaded, but with a token that is none: WeChat
// is not asked about a code.
// https://developers.weixin.qq.com/miniprogram/dev/framework/ability/pre-fetch.html
void check_prefetch(Findings& findings, const Front& front, const std::string& name,
                    const Config& config)
{
    const auto address = site_of(front, name) + front.path;
    const auto probed =
        probe(request_to(front, name,
                         front.path + "?appid=" + config.apps.front()->appid +
                             "&token=none&timestamp=" + std::to_string(std::time(nullptr)) +
                             "&path=&query=&scene=1001"));
    if (probed.failed_at != HttpStep::Done)
        return; // judge_login() has said why
    if (probed.status == 401 && read_answer(probed.body).code == 401)
        return findings.ok("prefetch",
                           "WeChat may log users in before the first page: set " + address +
                               " as 数据下载地址 (mp.weixin.qq.com, 开发设置 → 数据预加载)");
    findings.warn("prefetch",
                  address + " answers WeChat's prefetch with HTTP " + std::to_string(probed.status),
                  "it is a GET with appid, code or token, timestamp, path, query and scene: let "
                  "nginx hand it to the worker as it is");
}

} // namespace

void check_front(Findings& findings, const Front& front, const Config& config,
                 const NginxSeen& nginx)
{
    std::string path = front.path + "?code=";
    append_percent_encoded(path, made_up_code);
    if (config.apps.size() > 1)
        path += "&appid=" + config.apps.front()->appid;
    // Of several names the first that the certificate is for; if it is for none, the first.
    auto name = front.names.front();
    HttpProbed probed;
    for (const auto& candidate : front.names) {
        auto attempt = probe(request_to(front, candidate, path));
        if (candidate != name && attempt.failed_at == HttpStep::Certificate)
            continue;
        name = candidate;
        probed = std::move(attempt);
        if (probed.failed_at != HttpStep::Certificate)
            break;
    }
    check_name(findings, front, name);
    if (front.scheme == "https" && probed.failed_at == HttpStep::Certificate) {
        findings.bad("certificate", name + ": " + probed.failure, mend_of(probed.failure));
        auto request = request_to(front, name, path);
        request.trusting = true;
        probed = probe(request);
    } else if (probed.failed_at == HttpStep::Done) {
        check_certificate_end(findings, name, probed.certificate_end);
    }
    judge_login(findings, site_of(front, name) + front.path, probed, nginx);
    const bool is_nginx = nginx.first.empty(); // as it is configured, and not somebody else
    if (is_nginx && front.scheme == "https" && probed.failed_at > HttpStep::Connection)
        check_tls12(findings, front, name);
    if (is_nginx && front.scheme == "https" && probed.failed_at == HttpStep::Done)
        check_prefetch(findings, front, name, config);
}

} // namespace onlogin
