#pragma once

// nginx's configuration as a tree, from the output of `nginx -T`.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

// https://nginx.org/en/docs/beginners_guide.html#conf_structure
struct Directive
{
    std::string name;
    std::vector<std::string> args; // without their quotes
    std::vector<Directive> block;  // of `name args { … }`
    std::string file;
    int line = 0;

    // Where it stands, as FILE:LINE.
    [[nodiscard]] std::string place() const { return file + ":" + std::to_string(line); }
};

// Reads what `nginx -T` prints; each `include` is replaced by what it includes. nginx has checked
// the syntax already: what it would refuse is read somehow, but ends.
std::vector<Directive> parse_nginx_config(std::string_view dump);

// A block and all that enclose it, from the outermost in.
class Scope
{
public:
    explicit Scope(const std::vector<Directive>& main)
        : levels_{&main}
    {
    }

    [[nodiscard]] Scope inner(const Directive& block) const;

    // The directives of that name which are in force here. nginx takes those of the innermost level
    // that has any, and none from further out. Valid as long as the tree is.
    [[nodiscard]] std::vector<const Directive*> find(std::string_view name) const;

    // The first argument of the first of them; absent without one.
    [[nodiscard]] std::optional<std::string> value(std::string_view name) const;

    // The directives of the innermost level itself.
    [[nodiscard]] const std::vector<Directive>& own() const { return *levels_.back(); }

private:
    std::vector<const std::vector<Directive>*> levels_;
};

// Calls `visit` for each location of each HTTP server, for nested ones too, and for what stands in
// an `if` or `limit_except` of a location or server, as it were one.
struct VisitedLocation
{
    const Directive& server;
    const Directive& location;
    Scope server_scope;
    Scope scope;
};
void each_location(const std::vector<Directive>& main,
                   const std::function<void(const VisitedLocation&)>& visit);

// A time as nginx writes it (15s, 1m 30s, 500ms; a number alone is seconds) in milliseconds; absent
// if it is none. https://nginx.org/en/docs/syntax.html
std::optional<long> nginx_time_ms(std::string_view text);

} // namespace onlogin
