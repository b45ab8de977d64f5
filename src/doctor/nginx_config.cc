#include "doctor/nginx_config.hh"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <utility>

#include <fnmatch.h>

namespace onlogin {

namespace {

struct File
{
    std::string name;
    std::string_view text;
};

// The files of a dump, in the order in which nginx read them.
std::vector<File> split_dump(std::string_view dump)
{
    constexpr std::string_view mark = "# configuration file ";
    std::vector<File> files;
    std::size_t begin = 0;
    const auto close = [&](std::size_t end) {
        if (!files.empty())
            files.back().text = dump.substr(begin, end - begin);
    };
    for (std::size_t at = 0; at < dump.size();) {
        const auto end = std::min(dump.find('\n', at), dump.size());
        const auto line = dump.substr(at, end - at);
        const auto next = std::min(end + 1, dump.size());
        if (line.starts_with(mark) && line.ends_with(':')) {
            close(at);
            files.push_back(
                {std::string{line.substr(mark.size(), line.size() - mark.size() - 1)}, {}});
            begin = next;
        }
        at = next;
    }
    close(dump.size());
    return files;
}

class Parser
{
public:
    explicit Parser(const std::vector<File>& files)
        : files_{files}
    {
    }

    std::vector<Directive> parse(const File& file, int depth)
    {
        Reader reader{file};
        return block(reader, depth);
    }

private:
    // One word, or one of ; { } as a word of its own.
    struct Token
    {
        std::string text;
        bool mark = false; // one of ; { }, or the end when `text` is empty
        int line = 0;
    };

    struct Reader
    {
        const File& file;
        std::size_t at = 0;
        int line = 1;

        [[nodiscard]] bool ended() const { return at >= file.text.size(); }
        [[nodiscard]] char peek() const { return file.text[at]; }
        char take()
        {
            const char c = file.text[at++];
            line += c == '\n';
            return c;
        }
    };

    static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

    static void skip_space(Reader& reader)
    {
        while (!reader.ended()) {
            if (reader.peek() == '#') {
                while (!reader.ended() && reader.peek() != '\n')
                    reader.take();
            } else if (is_space(reader.peek())) {
                reader.take();
            } else {
                break;
            }
        }
    }

    static Token next(Reader& reader)
    {
        skip_space(reader);
        Token token;
        token.line = reader.line;
        if (reader.ended()) {
            token.mark = true;
            return token;
        }
        const char first = reader.peek();
        if (first == ';' || first == '{' || first == '}') {
            token.text = reader.take();
            token.mark = true;
        } else if (first == '"' || first == '\'') {
            reader.take();
            while (!reader.ended() && reader.peek() != first)
                take_character(reader, token.text);
            if (!reader.ended())
                reader.take();
        } else {
            while (!reader.ended() && !is_space(reader.peek()) && reader.peek() != ';' &&
                   !(reader.peek() == '{' && !token.text.ends_with('$')))
                take_character(reader, token.text);
        }
        return token;
    }

    // A backslash goes away before a quote, a space or another one, and stays before all else, so
    // that regular expressions need no doubled ones.
    static void take_character(Reader& reader, std::string& to)
    {
        const char c = reader.take();
        if (c != '\\' || reader.ended()) {
            to += c;
            return;
        }
        const char escaped = reader.take();
        if (std::string_view{"\"' \\;{}"}.find(escaped) == std::string_view::npos)
            to += '\\';
        to += escaped;
    }

    // What stands between the braces of Lua is not nginx's syntax.
    static void skip_code(Reader& reader)
    {
        for (int open = 1; open > 0 && !reader.ended();) {
            const char c = reader.take();
            open += (c == '{') - (c == '}');
            if (c != '"' && c != '\'')
                continue;
            while (!reader.ended() && reader.peek() != c && reader.peek() != '\n')
                if (reader.take() == '\\' && !reader.ended())
                    reader.take();
            if (!reader.ended())
                reader.take();
        }
    }

    std::vector<Directive> block(Reader& reader, int depth)
    {
        std::vector<Directive> directives;
        std::optional<Directive> current;
        for (;;) {
            const auto token = next(reader);
            if (!token.mark) {
                if (current)
                    current->args.push_back(token.text);
                else
                    current = Directive{token.text, {}, {}, reader.file.name, token.line};
                continue;
            }
            if (token.text.empty() || token.text == "}")
                return directives;
            auto directive = std::exchange(current, std::nullopt).value_or(Directive{});
            if (token.text == "{") {
                if (depth >= deepest)
                    return directives;
                if (directive.name.ends_with("_by_lua_block"))
                    skip_code(reader);
                else
                    directive.block = block(reader, depth + 1);
            }
            if (directive.name == "include" && !directive.args.empty())
                include(directive.args[0], directives, depth);
            else if (!directive.name.empty())
                directives.push_back(std::move(directive));
        }
    }

    // Relative to the directory of the first file, as nginx does it.
    void include(const std::string& pattern, std::vector<Directive>& to, int depth)
    {
        const auto base = std::filesystem::path{files_.front().name}.parent_path();
        const auto full = (base / pattern).string();
        for (const auto& file : files_) {
            if (fnmatch(full.c_str(), file.name.c_str(), FNM_PATHNAME) != 0)
                continue;
            if (depth >= deepest || --includes_left_ < 0) // a file that includes itself
                return;
            auto included = parse(file, depth + 1);
            std::move(included.begin(), included.end(), std::back_inserter(to));
        }
    }

    static constexpr int deepest = 40;

    const std::vector<File>& files_;
    int includes_left_ = 10'000;
};

void visit_locations(const Directive& server, const Scope& server_scope, const Scope& scope,
                     const std::function<void(const VisitedLocation&)>& visit)
{
    for (const auto& directive : scope.own()) {
        if (directive.name != "location" && directive.name != "if" &&
            directive.name != "limit_except")
            continue;
        const auto inner = scope.inner(directive);
        visit({server, directive, server_scope, inner});
        visit_locations(server, server_scope, inner, visit);
    }
}

} // namespace

std::vector<Directive> parse_nginx_config(std::string_view dump)
{
    const auto files = split_dump(dump);
    if (files.empty())
        return {};
    return Parser{files}.parse(files.front(), 0);
}

Scope Scope::inner(const Directive& block) const
{
    Scope scope = *this;
    scope.levels_.push_back(&block.block);
    return scope;
}

std::vector<const Directive*> Scope::find(std::string_view name) const
{
    std::vector<const Directive*> found;
    for (auto level = levels_.rbegin(); level != levels_.rend() && found.empty(); ++level)
        for (const auto& directive : **level)
            if (directive.name == name)
                found.push_back(&directive);
    return found;
}

std::optional<std::string> Scope::value(std::string_view name) const
{
    const auto found = find(name);
    if (found.empty() || found.front()->args.empty())
        return std::nullopt;
    return found.front()->args.front();
}

void each_location(const std::vector<Directive>& main,
                   const std::function<void(const VisitedLocation&)>& visit)
{
    const Scope outermost{main};
    for (const auto& http : main) {
        if (http.name != "http")
            continue;
        const auto http_scope = outermost.inner(http);
        for (const auto& server : http.block) {
            if (server.name != "server")
                continue;
            const auto scope = http_scope.inner(server);
            visit_locations(server, scope, scope, visit);
        }
    }
}

std::optional<long> nginx_time_ms(std::string_view text)
{
    static const std::map<std::string_view, long> units{
        {"", 1000},      {"ms", 1},        {"s", 1000},        {"m", 60'000},
        {"h", 3600'000}, {"d", 86400'000}, {"w", 604'800'000},
    };
    if (text.empty())
        return std::nullopt;
    long sum = 0;
    while (!text.empty()) {
        long number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || number < 0 || number > 1'000'000'000)
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto length = std::min(text.find_first_of("0123456789 "), text.size());
        const auto unit = units.find(text.substr(0, length));
        if (unit == units.end())
            return std::nullopt;
        sum += number * unit->second;
        text.remove_prefix(length);
        while (text.starts_with(' '))
            text.remove_prefix(1);
    }
    return sum;
}

} // namespace onlogin
