#include "config/file_language.hh"

#include "base/errors.hh"
#include "base/json.hh"
#include "base/odd_text.hh"
#include "base/private_file.hh"
#include "base/secret.hh"

#include <algorithm>
#include <string_view>

namespace onlogin {

namespace {

constexpr std::string_view blanks = " \t\r\n";

// Whether a member of that name stands in what is no JSON, with "zh" as its value.
bool seems_chinese(std::string_view text)
{
    constexpr std::string_view name = "\"language\"";
    const auto skip_to = [&](std::string_view wanted) {
        text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
        const bool found = text.starts_with(wanted);
        text.remove_prefix(found ? wanted.size() : 0);
        return found;
    };
    const auto at = text.find(name);
    if (at == text.npos)
        return false;
    text.remove_prefix(at + name.size());
    return skip_to(":") && skip_to("\"zh\"");
}

} // namespace

Language language_of_file(const std::string& file)
{
    try {
        const Secret text{
            std::string{without_byte_order_mark(read_file(file, Readers::Anybody).text)}};
        const auto parsed = parse_commented_json(text.reveal());
        const bool good = parsed.error.empty() && parsed.value.isObject();
        const bool chinese = good ? parsed.value["language"] == "zh" : seems_chinese(text.reveal());
        return chinese ? Language::Chinese : Language::English;
    } catch (const ConfigError&) {
        return language_of_environment();
    }
}

} // namespace onlogin
