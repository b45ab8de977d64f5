// The last requests of WeChat's paths and what was answered, for who wants to see a login pass.

#include "base/encode.hh"
#include "base/json.hh"
#include "endpoints.hh"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace onlogin::fake {

namespace {

constexpr std::size_t longest = 200;

constexpr auto hidden = "(hidden)";

// What a page must not show.
constexpr std::string_view secrets[] = {"secret",      "session_key",     "access_token",
                                        "phoneNumber", "purePhoneNumber", "signature"};

bool is_secret(std::string_view name)
{
    return std::ranges::find(secrets, name) != std::end(secrets);
}

std::string without_secrets(const Query& query)
{
    std::string text;
    for (const auto& [name, value] : query) {
        text += text.empty() ? "" : "&";
        text += name + '=';
        if (is_secret(name))
            text += hidden;
        else
            append_percent_encoded(text, value);
    }
    return text;
}

void hide_secrets(Json::Value& value)
{
    if (!value.isObject())
        return;
    for (auto member = value.begin(); member != value.end(); ++member) {
        if (is_secret(member.name()))
            *member = hidden;
        else
            hide_secrets(*member);
    }
}

// Only JSON is shown: what is hidden in it is known.
std::string without_secrets(const std::string& body)
{
    auto value = parse_json(body);
    if (!value)
        return "";
    hide_secrets(*value);
    return write_json(*value);
}

} // namespace

void keep_in_journal(World& world, const Request& request, const Query& query, const Answer& answer)
{
    auto& journal = world.journal;
    journal.push_back({++world.journal_number, request.method, request.path, without_secrets(query),
                       answer.response.status, without_secrets(answer.response.body)});
    if (journal.size() > longest)
        journal.pop_front();
}

Answer show_journal(World& world, const Request& /*request*/, const Query& query)
{
    const auto since = find(query, "since");
    unsigned long after = 0;
    std::from_chars(since.data(), since.data() + since.size(), after);
    std::string text;
    for (const auto& entry : world.journal)
        if (entry.number > after)
            text += (text.empty() ? "" : ",\n") + write({{"number", std::to_string(entry.number)},
                                                         {"method", json_string(entry.method)},
                                                         {"path", json_string(entry.path)},
                                                         {"query", json_string(entry.query)},
                                                         {"status", std::to_string(entry.status)},
                                                         {"answer", json_string(entry.answer)}});
    return answer('[' + text + "]\n", json);
}

} // namespace onlogin::fake
