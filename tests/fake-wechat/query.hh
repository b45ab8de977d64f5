#pragma once

// The parameters of a query string.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onlogin::fake {

using Query = std::vector<std::pair<std::string, std::string>>;

// Decoded, in their order. Absent if one is damaged.
std::optional<Query> read_query(std::string_view text);

// The first value of `name`; empty if there is none.
std::string find(const Query& query, std::string_view name);

} // namespace onlogin::fake
