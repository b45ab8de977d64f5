#pragma once

// Slips in JSON that people write: characters that look right and are not, for which a parser only
// says that it expected something else.

#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

struct JsonSlip
{
    int line = 0; // from 1
    std::string what;
};

// The first one in `text`, JSON with comments; absent where all that may be wrong is the order of
// what stands there. Names characters that JSON has no use for, and nothing that stands in quotes.
std::optional<JsonSlip> find_json_slip(std::string_view text);

} // namespace onlogin
