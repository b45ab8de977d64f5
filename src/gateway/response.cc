#include "gateway/response.hh"

#include "base/encode.hh"
#include "base/json.hh"

namespace onlogin {

namespace {

struct Reason
{
    int status;
    std::string_view phrase;
};

constexpr Reason reasons[] = {
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

std::string_view phrase(int status)
{
    for (const auto& reason : reasons)
        if (reason.status == status)
            return reason.phrase;
    return "Unknown";
}

std::string_view word(Recover recover)
{
    switch (recover) {
    case Recover::Login:
        return "login";
    case Recover::Later:
        return "later";
    case Recover::Never:
        break;
    }
    return "never";
}

} // namespace

Response Response::ok(const Json::Value& data, const Json::Value& beside)
{
    auto response = ok_verbatim(write_json(data));
    response.body.pop_back(); // the brace at its end
    for (auto member = beside.begin(); member != beside.end(); ++member) {
        response.body += ',';
        append_json_string(response.body, member.name());
        response.body += ':' + write_json(*member);
    }
    response.body += '}';
    return response;
}

Response Response::ok_verbatim(std::string_view data)
{
    constexpr std::string_view before = "{\"code\":0,\"message\":\"ok\",\"data\":";
    Response response;
    response.body.reserve(before.size() + data.size() + 1);
    response.body += before;
    response.body += data;
    response.body += '}';
    return response;
}

Response Response::failure(int status, int code, std::string_view message, Recover recover,
                           int retry_after_s)
{
    Response response;
    response.status = status;
    response.body = "{\"code\":" + std::to_string(code) + ",\"message\":";
    append_json_string(response.body, message);
    response.body += ",\"recover\":";
    append_json_string(response.body, word(recover));
    response.body += '}';
    if (retry_after_s > 0)
        response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
    return response;
}

std::string to_cgi(const Response& response)
{
    std::string text = "Status: " + std::to_string(response.status) + ' ';
    text += phrase(response.status);
    text += "\r\n";
    if (!response.content_type.empty()) {
        text += "Content-Type: " + response.content_type + "\r\n";
        text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    }
    text += "Cache-Control: no-store\r\n";
    for (const auto& [name, value] : response.headers) {
        text += name;
        text += ": ";
        text += value;
        text += "\r\n";
    }
    text += "\r\n";
    if (!response.head)
        text += response.body;
    return text;
}

} // namespace onlogin
