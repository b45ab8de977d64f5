#include "query.hh"

#include "base/encode.hh"

#include <algorithm>

namespace onlogin::fake {

std::optional<Query> read_query(std::string_view text)
{
    Query query;
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(pair.size() + 1, text.size()));
        if (pair.empty())
            continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = form_decode(pair.substr(0, equals));
        auto value = form_decode(pair.substr(std::min(equals + 1, pair.size())));
        if (!name || !value)
            return std::nullopt;
        query.emplace_back(std::move(*name), std::move(*value));
    }
    return query;
}

std::string find(const Query& query, std::string_view name)
{
    for (const auto& [key, value] : query)
        if (key == name)
            return value;
    return {};
}

} // namespace onlogin::fake
