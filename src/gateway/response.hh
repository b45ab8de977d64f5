#pragma once

// The answer to a request, whichever way it goes: FastCGI or CGI.

#include "base/recover.hh"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <json/value.h>

namespace onlogin {

struct Response
{
    int status = 200;
    std::string content_type = "application/json; charset=utf-8"; // empty: no body
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool head = false; // to a HEAD: the headers of the answer to a GET, and no body

    // 200 {"code":0,"message":"ok","data":…}, and the members of `beside`, an object, beside these.
    static Response ok(const Json::Value& data, const Json::Value& beside = {});
    // The same with `data` as JSON that is well-formed already: no character of it changes.
    static Response ok_verbatim(std::string_view data);
    // {"code":…,"message":…,"recover":…}; `retry_after_s` above 0 sets Retry-After.
    static Response failure(int status, int code, std::string_view message, Recover recover,
                            int retry_after_s = 0);
};

// The answer as CGI writes it: `Status: …`, headers, body (RFC 3875, section 6).
std::string to_cgi(const Response& response);

} // namespace onlogin
