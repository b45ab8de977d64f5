#include "session/token.hh"

#include "base/base64.hh"
#include "base/encode.hh"
#include "base/json.hh"

namespace onlogin {

namespace {

constexpr std::string_view issuer = "onlogin";
constexpr std::chrono::seconds early{60}; // how far clocks may differ
constexpr std::size_t longest_claim = 128;
constexpr std::size_t id_size = 16;

// Fit for a header: no space, control character or byte of anything but ASCII.
bool is_plain(std::string_view text)
{
    return text.size() <= longest_claim && is_visible_ascii(text);
}

std::string shortened(std::string_view bytes)
{
    std::string id;
    append_base64url(id, bytes.substr(0, id_size));
    return id;
}

void append_claim(std::string& json, std::string_view name, std::string_view value)
{
    json += json.empty() ? '{' : ',';
    append_json_string(json, name);
    json += ':';
    append_json_string(json, value);
}

// Reads claims one after the other. Once one is not as it must be, nothing counts.
class ClaimReader
{
public:
    explicit ClaimReader(const Json::Value& claims)
        : claims_{claims}
    {
        good_ = claims_.isObject();
    }

    // Empty where there is none.
    std::string optional(const char* name)
    {
        const auto* const value =
            good_ ? claims_.find(name, name + std::string_view{name}.size()) : nullptr;
        if (!value)
            return {};
        auto text = value->isString() ? value->asString() : "";
        require(value->isString() && is_plain(text));
        return text;
    }

    std::string required(const char* name)
    {
        auto text = optional(name);
        require(!text.empty());
        return text;
    }

    std::optional<Time> optional_time(const char* name)
    {
        const auto text = optional(name);
        if (text.empty()) {
            require(!good_ || !claims_.isMember(name));
            return std::nullopt;
        }
        const auto time = read_rfc3339(text);
        require(time.has_value());
        return time;
    }

    Time required_time(const char* name)
    {
        const auto time = optional_time(name);
        require(time.has_value());
        return time.value_or(Time{});
    }

    void require(bool condition) { good_ = good_ && condition; }

    [[nodiscard]] bool good() const { return good_; }

private:
    const Json::Value& claims_;
    bool good_;
};

// The footer names the key, but nobody vouches for it yet: it only saves trying the other ones.
std::optional<Unsealed> unseal(const SessionKeys& keys, std::string_view token)
{
    const auto footer = encoded_footer(token);
    for (const auto& key : keys.all())
        if (key.encoded_footer == footer)
            return paseto_open(key.key, token);
    for (const auto& key : keys.all())
        if (auto unsealed = paseto_open(key.key, token))
            return unsealed;
    return std::nullopt;
}

} // namespace

std::string seal_token(const SessionKeys& keys, const Claims& claims)
{
    for (const auto* text :
         {&claims.openid, &claims.appid, &claims.unionid, &claims.session_key.reveal(), &claims.id})
        if (!is_plain(*text))
            throw UnfitClaims{"the answer holds what no token may hold"};
    if (claims.openid.empty() || claims.appid.empty())
        throw UnfitClaims{"there is no openid or no appid to make a token for"};

    std::string json;
    json.reserve(2048); // grown, it would leave copies of the session_key behind
    append_claim(json, "iss", issuer);
    append_claim(json, "sub", claims.openid);
    append_claim(json, "aud", claims.appid);
    append_claim(json, "iat", write_rfc3339(claims.issued));
    append_claim(json, "exp", write_rfc3339(claims.expires));
    append_claim(json, "auth_time", write_rfc3339(claims.logged_in));
    append_claim(json, "jti", claims.id.empty() ? shortened(random_bytes(id_size)) : claims.id);
    if (!claims.unionid.empty())
        append_claim(json, "unionid", claims.unionid);
    if (!claims.session_key.empty())
        append_claim(json, "session_key", claims.session_key.reveal());
    json += '}';
    const Secret payload{std::move(json)};
    const auto& key = keys.sealing();
    return paseto_seal(key.key, payload.reveal(), key.footer);
}

std::optional<OpenedToken> open_token(const SessionKeys& keys, std::string_view token, Time now,
                                      const Audience& is_ours)
{
    const auto unsealed = unseal(keys, token);
    if (!unsealed)
        return std::nullopt;
    const auto json = parse_json(unsealed->payload.reveal());
    if (!json)
        return std::nullopt;

    ClaimReader reader{*json};
    reader.require(reader.required("iss") == issuer);
    Claims claims{reader.required("sub"),
                  reader.required("aud"),
                  reader.optional("unionid"),
                  Secret{reader.optional("session_key")},
                  reader.required_time("iat"),
                  reader.required_time("exp"),
                  Time{},
                  reader.optional("jti")};
    claims.logged_in = reader.optional_time("auth_time").value_or(claims.issued);
    const auto begins = reader.optional_time("nbf").value_or(claims.issued);
    for (const auto time : {claims.issued, claims.logged_in, begins})
        reader.require(time <= now + early);
    reader.require(now < claims.expires);
    if (!reader.good() || !is_ours(claims.appid))
        return std::nullopt;
    if (claims.id.empty())
        claims.id = shortened(sha384(token).view());
    return OpenedToken{std::move(claims)};
}

} // namespace onlogin
