// No valid token, no claims: for libFuzzer, https://llvm.org/docs/LibFuzzer.html
//
// The first character chooses what the rest is: 0, a whole token; 1, changes to a good one; 2, the
// payload of one that our own key has sealed, to get at what is behind the seal; 3, a time or a
// key.

#include "session/token.hh"
#include "session/paserk.hh"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace onlogin;

namespace {

const Time now = read_rfc3339("2026-11-22T12:00:00Z").value();
constexpr std::string_view appid = "wx0123456789abcdef";

const SessionKeys& keys()
{
    static const SessionKeys read{"k3.local.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8\n"
                                  "k3.local.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
                                  "keys"};
    return read;
}

const std::string& good_token()
{
    static const auto sealed = [] {
        Claims claims{"o", std::string{appid}, "", Secret{}, now, now + std::chrono::hours{1}, now};
        return seal_token(keys(), claims);
    }();
    return sealed;
}

void require(bool condition)
{
    if (!condition)
        abort();
}

bool is_plain(const std::string& text)
{
    return text.size() <= 128 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::optional<OpenedToken> open(std::string_view token)
{
    return open_token(keys(), token, now, [](std::string_view app) { return app == appid; });
}

// Each pair of bytes is a place and what is added to the character there.
std::string changed(std::string token, std::string_view changes)
{
    for (std::size_t i = 0; i + 1 < changes.size(); i += 2) {
        auto& at = token[static_cast<unsigned char>(changes[i]) * token.size() / 256];
        at = static_cast<char>(at + changes[i + 1]);
    }
    return token;
}

void check_payload(std::string_view payload)
{
    if (payload.size() > 6000)
        return;
    const auto opened = open(paseto_seal(keys().all().back().key, payload));
    if (!opened)
        return;
    const auto& claims = opened->claims();
    require(claims.appid == appid && !claims.openid.empty() && !claims.id.empty());
    for (const auto* text : {&claims.openid, &claims.unionid, &claims.id})
        require(is_plain(*text));
    require(claims.issued <= now + std::chrono::seconds{60} && now < claims.expires);
    require(claims.logged_in <= now + std::chrono::seconds{60});
    for (const auto* name : {"iss", "sub", "aud", "iat", "exp"}) // or escaped
        require(payload.find(name) != payload.npos || payload.find('\\') != payload.npos);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    switch (*data % 4) {
    case 0:
        require(!open(rest));
        break;
    case 1: {
        const auto token = changed(good_token(), rest);
        require(open(token).has_value() == (token == good_token()));
        break;
    }
    case 2:
        check_payload(rest);
        break;
    case 3:
        if (const auto time = read_rfc3339(rest))
            require(read_rfc3339(write_rfc3339(*time)) == time ||
                    *time < read_rfc3339("0000-01-01T00:00:00Z") ||
                    *time > read_rfc3339("9999-12-31T23:59:59.999Z"));
        if (const auto key = read_k3_local(rest))
            require(write_k3_local(*key).reveal() == rest);
        break;
    default:
        break;
    }
    return 0;
}
