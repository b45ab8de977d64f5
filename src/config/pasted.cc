#include "config/pasted.hh"

#include "base/encode.hh"
#include "base/odd_text.hh"

#include <algorithm>

namespace onlogin {

namespace {

constexpr std::string_view small_hex = "0123456789abcdef";
constexpr std::string_view hex = "0123456789abcdefABCDEF";
constexpr std::string_view digits = "0123456789";
constexpr std::string_view words = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view base64url =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

constexpr std::size_t appid_size = 18;
constexpr std::size_t appsecret_size = 32;
constexpr std::size_t openid_size = 28;
constexpr std::size_t aes_key_size = 43;

bool consists_of(std::string_view text, std::string_view alphabet)
{
    return text.find_first_not_of(alphabet) == text.npos;
}

bool is_appid(std::string_view text)
{
    return text.size() == appid_size && text.starts_with("wx") &&
           consists_of(text.substr(2), small_hex);
}

bool is_appsecret(std::string_view text)
{
    return text.size() == appsecret_size && consists_of(text, small_hex);
}

bool is_path(std::string_view text)
{
    return text.starts_with('/') || text.starts_with("./") || text.starts_with("../") ||
           text.ends_with(".secret") || text.ends_with(".txt") || text.ends_with(".key") ||
           text.ends_with(".keys") || text.ends_with(".pem");
}

bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

// Where an AppSecret of WeChat's form is a part of `text`: secret=…, <…>.
bool contains_appsecret(std::string_view text)
{
    for (std::size_t at = 0; (at = text.find_first_of(hex, at)) != text.npos;) {
        const auto end = std::min(text.find_first_not_of(hex, at), text.size());
        if (is_appsecret(text.substr(at, end - at)))
            return true;
        at = end;
    }
    return false;
}

std::string count_fault(std::string_view text, std::size_t right)
{
    return "has " + std::to_string(text.size()) + " characters, and WeChat's have " +
           std::to_string(right);
}

} // namespace

std::string looks_like(std::string_view text)
{
    if (is_appid(text))
        return "an appid";
    if (text.starts_with("gh_"))
        return "the original id (原始ID) of the account";
    if (text.size() == openid_size && text.starts_with('o') && consists_of(text, base64url))
        return "an openid or a unionid";
    if (text.size() == appsecret_size && consists_of(text, hex))
        return "an AppSecret";
    if (text.starts_with("k3.") || text.starts_with("k4.") || text.starts_with("k2.") ||
        text.starts_with("k1."))
        return "a session key";
    if (text.starts_with("v3.local."))
        return "the token of a session";
    if (text.size() == aes_key_size && consists_of(text, words))
        return "an EncodingAESKey";
    if (text.starts_with("-----BEGIN"))
        return "a certificate or a key in PEM form";
    if (text.find("://") != text.npos)
        return "a URL";
    if (text.size() > 100 && consists_of(text, base64url))
        return "an access token";
    if (is_path(text))
        return "the name of a file";
    return {};
}

std::string appid_fault(std::string_view text, Vendor vendor)
{
    std::string must = "must be the appid of the mini program, like wx0123456789abcdef";
    if (const auto odd = find_odd_character(text))
        return must + ": " + odd->called + " is in it, at " + place_of(*odd, text);
    if (text.starts_with("gh_"))
        return std::string{text.substr(0, 20)} + " is the original id (原始ID) of the account; put "
                                                 "in its appid (AppID), which begins "
                                                 "with wx";
    if (const auto seems = looks_like(text);
        !seems.empty() && !is_appid(text) && (vendor != Vendor::Another || may_be_secret(text)))
        return must + ": this looks like " + seems;
    if (text.size() >= 2 && is_quote(text.front()) && is_quote(text.back()))
        return must + ", without quotes inside the quotes";
    if (!consists_of(text, base64url))
        return must;
    if (vendor == Vendor::Another)
        return {};
    const bool begins = text.starts_with("wx") || text.starts_with("WX") ||
                        text.starts_with("Wx") || text.starts_with("wX");
    constexpr std::size_t some = 10; // so many characters are no name that somebody made up
    if (begins && text.size() >= some && !is_appid(text)) {
        if (text.size() != appid_size)
            return must + ": this " + count_fault(text, appid_size);
        if (consists_of(text.substr(2), hex))
            return must + ": its letters are small ones";
        return must + ": behind wx there are 16 digits and letters from a to f";
    }
    if (vendor == Vendor::Wechat && text.size() >= some - 3 && consists_of(text, digits))
        return must + ": this looks like one of QQ, which needs \"url\": \"https://api.q.qq.com\" "
                      "beside it";
    if (vendor == Vendor::Wechat && text == "touristappid")
        return must + ": this is what the developer tools use where there is none";
    return {};
}

std::string appsecret_fault(std::string_view text, std::string_view appid, Vendor vendor)
{
    if (text.empty())
        return "is empty";
    if (const auto encoding = other_encoding(text); !encoding.empty())
        return "is in " + std::string{encoding} + ": save it as UTF-8";
    if (const auto odd = find_odd_character(text)) {
        const auto where = ": " + odd->called + " at " + place_of(*odd, text);
        return (odd->kind == OddCharacter::Kind::Blank ? "has a blank or a line break in it"
                                                       : "is no AppSecret") +
               where;
    }
    if (is_appsecret(text))
        return text == appid ? "is the appid" : "";
    constexpr std::size_t longest = 256;
    if (text == appid)
        return "is the appid";
    if (is_quote(text.front()) || is_quote(text.back()))
        return "stands in quotes: leave them out";
    const auto half = text.size() / 2;
    const bool hex_of_right_size = text.size() == appsecret_size && consists_of(text, hex);
    if (half >= appsecret_size / 2 && !hex_of_right_size &&
        text.substr(0, half) == text.substr(half))
        return "is the same text twice: pasted once too often?";
    if (const auto seems = looks_like(text); !seems.empty() && seems != "an AppSecret")
        if (vendor != Vendor::Another || may_be_secret(text) || is_path(text) || is_appid(text))
            return "looks like " + seems;
    if (contains_appsecret(text))
        return "holds more than the AppSecret";
    if (text.size() > longest)
        return "is no AppSecret: it is too long";
    if (vendor == Vendor::Another)
        return {};
    if (hex_of_right_size)
        return "has capital letters: those of WeChat's are small";
    if (text.find_first_of("*<>@") != text.npos || consists_of(text, "xX."))
        return "stands for an AppSecret, but is none";
    const bool strict = vendor == Vendor::Wechat;
    const std::size_t least = strict ? 4 : appsecret_size / 2;
    if (text.size() >= least && consists_of(text, hex))
        return count_fault(text, appsecret_size);
    constexpr std::size_t near = 20, far = 64; // what somebody cut or mistyped
    if (strict && text.size() >= near && text.size() <= far) {
        if (text.size() != appsecret_size)
            return count_fault(text, appsecret_size);
        return "has other characters than digits and letters from a to f";
    }
    return {};
}

bool may_be_secret(std::string_view text)
{
    const auto seems = looks_like(text);
    constexpr std::size_t longest_name = 255; // of a file
    if (text.size() > longest_name || text.find('\n') != text.npos)
        return true;
    constexpr std::size_t key_size = 32; // of what is made at random
    return seems == "an AppSecret" || seems == "a session key" || seems == "an EncodingAESKey" ||
           seems == "an access token" || seems == "the token of a session" ||
           seems == "a certificate or a key in PEM form" ||
           (text.size() >= key_size && is_visible_ascii(text) && !is_path(text) &&
            text.find('/') == text.npos && text.find('.') == text.npos) ||
           contains_appsecret(text);
}

std::string without_secrets(std::string_view said)
{
    std::string text;
    for (;;) {
        const auto begin = said.find('"');
        const auto end = begin == said.npos ? said.npos : said.find('"', begin + 1);
        if (end == said.npos)
            return text += said;
        const auto quoted = said.substr(begin + 1, end - begin - 1);
        text += said.substr(0, begin + 1);
        const bool password = quoted.find('@') != quoted.npos;
        text += password || may_be_secret(quoted) ? "…" : quoted;
        text += '"';
        said.remove_prefix(end + 1);
    }
}

} // namespace onlogin
