#include "base/nearest.hh"

#include <algorithm>
#include <numeric>
#include <utility>

namespace onlogin {

// https://en.wikipedia.org/wiki/Levenshtein_distance, row by row
std::size_t edits_between(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replace = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = std::exchange(row[j + 1], std::min({replace, row[j] + 1, row[j + 1] + 1}));
        }
    }
    return row.back();
}

const std::string& nearest(std::string_view name, const std::vector<std::string>& known)
{
    return *std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
        return edits_between(name, a) < edits_between(name, b);
    });
}

} // namespace onlogin
