#include "gateway/request.hh"

#include <algorithm>
#include <charconv>
#include <random>

namespace onlogin {

namespace {

// 16 hex digits: enough to find a request in the log, no secret.
std::string make_id()
{
    static std::mt19937_64 random{std::random_device{}()};
    char text[17];
    snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(random()));
    return text;
}

bool begins_with_word(std::string_view text, std::string_view word)
{
    return text.size() > word.size() && text[word.size()] == ' ' &&
           std::equal(word.begin(), word.end(), text.begin(),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

// RFC 6750, section 2.1; schemes are case-insensitive (RFC 9110, section 11.1).
std::string_view bearer(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer";
    if (!begins_with_word(authorization, scheme))
        return {};
    const auto begin = authorization.find_first_not_of(' ', scheme.size());
    return begin == authorization.npos ? std::string_view{} : authorization.substr(begin);
}

// Set in several places, the narrowest counts: a location may narrow what the whole site says, and
// an empty variable takes nothing back.
AppidChoice read_appid_choice(const Variables& variables)
{
    using Kind = AppidChoice::Kind;
    AppidChoice choice;
    const auto narrow = [&](Kind kind) { choice.kind = std::max(choice.kind, kind); };
    bool empty = false;
    for (std::size_t count = 0; const auto value = variables.find("ONLOGIN_APPID", count);
         ++count) {
        if (value->empty()) {
            empty = true;
        } else if (*value == "any") {
            narrow(Kind::Any);
        } else {
            narrow(choice.appid.empty() || choice.appid == *value ? Kind::One
                                                                  : Kind::Contradiction);
            choice.appid = *value;
        }
    }
    if (empty && choice.kind == Kind::None)
        choice.kind = Kind::Unsaid;
    return choice;
}

Secret read_token(const Variables& variables)
{
    constexpr std::size_t longest = 8192; // longer ones are none
    for (const auto* name : {"HTTP_AUTHORIZATION", "HTTP_X_WX_SKEY"})
        if (variables.has_two(name))
            return {};
    const auto token = bearer(variables("HTTP_AUTHORIZATION").value_or(""));
    const auto skey = variables("HTTP_X_WX_SKEY").value_or("");
    if (!token.empty() && !skey.empty() && token != skey)
        return {};
    const auto chosen = token.empty() ? skey : token;
    return chosen.size() > longest ? Secret{} : Secret{std::string{chosen}};
}

} // namespace

Request read_variables(const Variables& variables)
{
    const auto text = [&](std::string_view name) {
        return std::string{variables(name).value_or(std::string_view{})};
    };
    Request request;
    request.id = text("REQUEST_ID");
    if (request.id.empty())
        request.id = text("UNIQUE_ID"); // Apache's mod_unique_id
    if (request.id.empty())
        request.id = make_id();
    request.method = text("REQUEST_METHOD");
    request.path = text("SCRIPT_NAME") + text("PATH_INFO");
    request.action = text("ONLOGIN_ACTION");
    request.appid = read_appid_choice(variables);
    request.internal_key = Secret{text("ONLOGIN_KEY")};
    request.redirect = text("ONLOGIN_REDIRECT");
    request.refused_token = Secret{text("ONLOGIN_REFUSED_TOKEN")};
    request.suspected_token = Secret{text("ONLOGIN_SUSPECTED_TOKEN")};
    request.query = text("QUERY_STRING");
    request.content_type = text("CONTENT_TYPE");
    request.referer = text("HTTP_REFERER");
    request.token = read_token(variables);
    request.wafer2.code = Secret{text("HTTP_X_WX_CODE")};
    request.wafer2.encrypted_data = text("HTTP_X_WX_ENCRYPTED_DATA");
    request.wafer2.iv = text("HTTP_X_WX_IV");
    return request;
}

void check_length(Request& request, const Variables& variables, std::size_t limit)
{
    const auto text = variables("CONTENT_LENGTH").value_or(std::string_view{});
    if (text.empty() || text == "-1" || request.body_too_large)
        return;
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool whole = end == text.data() + text.size();
    if (whole && (error == std::errc::result_out_of_range || length > limit))
        request.body_too_large = true;
    else if (!whole || error != std::errc{} || length != request.body.size())
        request.body_mismatch = true;
}

} // namespace onlogin
