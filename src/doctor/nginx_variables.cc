#include "doctor/nginx_variables.hh"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace onlogin {

namespace {

// What nginx's own variables are for certain, where it helps to see the end of a host.
const std::map<std::string_view, std::vector<std::string>>& own_variables()
{
    static const std::string path{'/', unknown_part};
    static const std::map<std::string_view, std::vector<std::string>> table{
        {"request_uri", {path}},       {"uri", {path}},
        {"document_uri", {path}},      {"is_args", {"?"}},
        {"scheme", {"http", "https"}},
    };
    return table;
}

class Variables
{
public:
    Variables(const Directive& server, const std::vector<Directive>& main)
    {
        find_sets(server);
        for (const auto& context : main)
            for (const auto& block : context.block)
                if ((block.name == "map" || block.name == "geo" || block.name == "split_clients") &&
                    !block.args.empty() && block.args.back().starts_with('$'))
                    for (const auto& row : block.block)
                        if (!row.args.empty())
                            values_[block.args.back().substr(1)].push_back(row.args[0]);
    }

    // At most `most` of them, the rest is one that is not known.
    [[nodiscard]] std::set<std::string> expand(const std::string& text, int depth = 0) const
    {
        std::set<std::string> all{""};
        for (std::size_t at = 0; at < text.size();) {
            const auto variable = name_at(text, at);
            const auto end = variable.empty() ? std::min(text.find('$', at + 1), text.size()) : at;
            const auto parts =
                variable.empty() ? std::set{text.substr(at, end - at)} : values_of(variable, depth);
            if (variable.empty())
                at = end;
            else
                at += variable.size() + (text[at + 1] == '{' ? 3 : 1);
            std::set<std::string> longer;
            for (const auto& begin : all)
                for (const auto& part : parts)
                    if (longer.size() < most)
                        longer.insert(begin + part);
                    else
                        longer.insert(std::string(1, unknown_part));
            all = std::move(longer);
        }
        return all;
    }

private:
    static constexpr std::size_t most = 1000;
    static constexpr int deepest = 6;

    // Of the variable that begins there; empty if none does.
    static std::string name_at(const std::string& text, std::size_t at)
    {
        if (text[at] != '$' || at + 1 >= text.size())
            return {};
        const auto begin = at + (text[at + 1] == '{' ? 2 : 1);
        const auto end = text.find_first_not_of(
            "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", begin);
        return text.substr(begin, end == text.npos ? end : end - begin);
    }

    void find_sets(const Directive& block)
    {
        for (const auto& directive : block.block) {
            if (directive.name == "set" && directive.args.size() >= 2 &&
                directive.args[0].starts_with('$'))
                values_[directive.args[0].substr(1)].push_back(directive.args[1]);
            find_sets(directive);
        }
    }

    [[nodiscard]] std::set<std::string> values_of(const std::string& name, int depth) const
    {
        const auto& own = own_variables();
        if (const auto found = own.find(name); found != own.end())
            return {found->second.begin(), found->second.end()};
        const auto found = values_.find(name);
        if (found == values_.end() || depth >= deepest)
            return {std::string(1, unknown_part)};
        std::set<std::string> all;
        for (const auto& value : found->second)
            all.merge(expand(value, depth + 1));
        return all;
    }

    std::map<std::string, std::vector<std::string>> values_;
};

} // namespace

std::vector<std::string> possible_values(const std::string& text, const Directive& server,
                                         const std::vector<Directive>& main)
{
    const auto values = Variables{server, main}.expand(text);
    return {values.begin(), values.end()};
}

} // namespace onlogin
