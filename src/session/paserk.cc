#include "session/paserk.hh"

#include "base/base64.hh"

namespace onlogin {

namespace {

constexpr std::string_view local = "k3.local.";
constexpr std::string_view id = "k3.lid.";
constexpr std::size_t id_size = 33;

} // namespace

Secret write_k3_local(const LocalKey& key)
{
    std::string text;
    text.reserve(64); // grown, it would leave copies behind
    text += local;
    append_base64url(text, key.bytes().reveal());
    return Secret{std::move(text)};
}

std::optional<LocalKey> read_k3_local(std::string_view text)
{
    if (!text.starts_with(local))
        return std::nullopt;
    auto bytes = base64url_decode(text.substr(local.size()));
    if (!bytes)
        return std::nullopt;
    Secret secret{std::move(*bytes)};
    if (secret.reveal().size() != LocalKey::size)
        return std::nullopt;
    return LocalKey{std::move(secret)};
}

std::string k3_lid(const LocalKey& key)
{
    std::string named{id};
    named.reserve(64);
    named += write_k3_local(key).reveal();
    const auto digest = sha384(named);
    wipe(named);
    named = id;
    append_base64url(named, digest.view().substr(0, id_size));
    return named;
}

} // namespace onlogin
