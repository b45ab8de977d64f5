#pragma once

// What is wrong with a request that came.

#include "base/language.hh"

#include <stdexcept>
#include <string>
#include <utility>

namespace onlogin {

// The client's request makes no sense: 400, or another 4xx that says so. The text is for the
// client.
struct BadRequest : std::runtime_error
{
    explicit BadRequest(Phrase text, int http_status = 400)
        : runtime_error{text.english}
        , spoken{std::move(text.spoken)}
        , status{http_status}
    {
    }
    std::string spoken;
    int status;
};

} // namespace onlogin
