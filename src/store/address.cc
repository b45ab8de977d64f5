#include "store/address.hh"

#include "base/encode.hh"
#include "base/errors.hh"

#include <algorithm>
#include <filesystem>

namespace onlogin {

namespace {

constexpr auto forms = "must be \"off\", sqlite:PATH, redis://HOST:PORT/DB, rediss://HOST:PORT/DB "
                       "or redis+unix:///PATH";

struct Scheme
{
    std::string_view prefix;
    StoreAddress::Kind kind;
    bool tls;
    bool unix_socket;
};

constexpr Scheme schemes[] = {
    {"sqlite:", StoreAddress::Kind::Sqlite, false, false},
    {"redis://", StoreAddress::Kind::Redis, false, false},
    {"rediss://", StoreAddress::Kind::Redis, true, false},
    {"redis+unix://", StoreAddress::Kind::Redis, false, true},
};

// Percent-encoded, where a plus is a plus.
std::string decoded(std::string_view text)
{
    std::string form;
    for (const char c : text)
        c == '+' ? form.append("%2B") : form.append(1, c);
    auto plain = form_decode(form);
    if (!plain)
        throw ConfigError{"% must be followed by two hexadecimal digits: write a % as %25"};
    return std::move(*plain);
}

class Parser
{
public:
    Parser(const std::string& value, std::string directory)
        : rest_{value}
        , directory_{std::move(directory)}
    {
    }

    StoreAddress parse()
    {
        if (rest_ == "off") {
            address_.shown = "off";
            return std::move(address_);
        }
        const auto* const scheme =
            std::find_if(std::begin(schemes), std::end(schemes),
                         [&](const Scheme& known) { return rest_.starts_with(known.prefix); });
        if (scheme == std::end(schemes))
            throw ConfigError{forms};
        rest_.remove_prefix(scheme->prefix.size());
        address_.kind = scheme->kind;
        address_.tls = scheme->tls;
        if (scheme->kind == StoreAddress::Kind::Sqlite) {
            address_.path = completed(rest_, "sqlite:PATH needs a path");
            address_.shown = "sqlite:" + address_.path;
        } else {
            refuse_mark_in_password();
            take_query();
            take_user();
            scheme->unix_socket ? take_socket() : take_endpoint();
        }
        return std::move(address_);
    }

private:
    [[nodiscard]] std::string completed(std::string_view path, const char* if_empty) const
    {
        if (path.empty() || path.ends_with('/'))
            throw ConfigError{if_empty};
        const std::filesystem::path whole = std::filesystem::path{directory_} / path;
        return std::filesystem::absolute(whole).lexically_normal().string();
    }

    // A ? ends what names the server, and no parameter's value begins with a password.
    void refuse_mark_in_password() const
    {
        const auto mark = rest_.find('?');
        if (mark == rest_.npos || rest_.find('@', mark) == rest_.npos)
            return;
        const auto rest = rest_.substr(mark + 1);
        for (const std::string_view name : {"db=", "ca_file=", "cert_file=", "key_file="})
            if (rest.starts_with(name))
                return;
        throw ConfigError{"a ? in user or password must be written %3F"};
    }

    void take_query()
    {
        const auto mark = rest_.find('?');
        if (mark == rest_.npos)
            return;
        auto query = rest_.substr(mark + 1);
        rest_ = rest_.substr(0, mark);
        while (!query.empty()) {
            const auto pair = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(query.size(), pair.size() + 1));
            const auto equals = pair.find('=');
            const auto name = pair.substr(0, equals);
            const auto value = equals == pair.npos ? "" : decoded(pair.substr(equals + 1));
            set(name, value);
        }
        if (address_.cert_file.empty() != address_.key_file.empty())
            throw ConfigError{"cert_file and key_file go together"};
    }

    void set(std::string_view name, const std::string& value)
    {
        if (name == "db")
            return take_db(value);
        const std::pair<std::string_view, std::string*> files[] = {
            {"ca_file", &address_.ca_file},
            {"cert_file", &address_.cert_file},
            {"key_file", &address_.key_file}};
        for (const auto& [known, target] : files)
            if (name == known && address_.tls) {
                *target = completed(value, "ca_file, cert_file and key_file need a path");
                return;
            }
        throw ConfigError{address_.tls
                              ? "what follows the ? must be db, ca_file, cert_file or key_file"
                              : "what follows the ? must be db; files are for rediss://"};
    }

    void take_user()
    {
        const auto at = rest_.rfind('@');
        if (at == rest_.npos)
            return;
        const auto user = rest_.substr(0, at);
        const auto colon = user.find(':');
        if (colon == user.npos || colon + 1 == user.size())
            throw ConfigError{"before the @ must stand USER:PASSWORD, or :PASSWORD"};
        address_.user = decoded(user.substr(0, colon));
        address_.password = Secret{decoded(user.substr(colon + 1))};
        rest_.remove_prefix(at + 1);
    }

    void take_socket()
    {
        if (!rest_.starts_with('/'))
            throw ConfigError{"redis+unix:// needs an absolute path: redis+unix:///run/redis.sock"};
        address_.path = decoded(rest_);
        if (address_.path.size() > 107)
            throw ConfigError{"the path of a unix socket has at most 107 bytes"};
        show("redis+unix://" + address_.path);
    }

    void take_endpoint()
    {
        if (const auto slash = rest_.find('/'); slash != rest_.npos) {
            if (slash + 1 < rest_.size())
                take_db(rest_.substr(slash + 1));
            rest_ = rest_.substr(0, slash);
        }
        address_.endpoint = read_endpoint(rest_, "6379");
        if (!is_valid(address_.endpoint))
            throw ConfigError{"must name a host and, if it is not 6379, a port: redis://HOST:PORT"};
        show((address_.tls ? "rediss://" : "redis://") + address_.endpoint.host + ':' +
             address_.endpoint.port);
    }

    void take_db(std::string_view text)
    {
        if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != text.npos)
            throw ConfigError{"the database must be a number, as 0 in redis://HOST:PORT/0"};
        address_.db = std::stol(std::string{text});
    }

    void show(const std::string& place)
    {
        address_.shown = place;
        if (address_.db != 0)
            address_.shown += (address_.path.empty() ? "/" : "?db=") + std::to_string(address_.db);
    }

    std::string_view rest_;
    std::string directory_;
    StoreAddress address_;
};

} // namespace

StoreAddress parse_store_address(const std::string& value, const std::string& directory)
{
    return Parser{value, directory}.parse();
}

} // namespace onlogin
