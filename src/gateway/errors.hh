#pragma once

// What is wrong with a request that came.

#include <stdexcept>
#include <string>

namespace onlogin {

// The client's request makes no sense: 400, or another 4xx that says so. The text is for the
// client.
struct BadRequest : std::runtime_error
{
    explicit BadRequest(const std::string& text, int http_status = 400)
        : runtime_error{text}
        , status{http_status}
    {
    }
    int status;
};

} // namespace onlogin
