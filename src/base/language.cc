#include "base/language.hh"

#include "base/catalogue.hh"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include <cstdlib>

namespace onlogin {

namespace {

Language spoken_language = Language::English;

// Beside the program where it was built, and where an installation has it.
std::optional<Catalogue> read_catalogue()
{
    std::error_code none;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
    for (const auto* place : {"locale", "../share/locale"}) {
        std::ifstream file{program / place / "zh_CN/LC_MESSAGES/onlogin.mo", std::ios::binary};
        if (file)
            return Catalogue::parse({std::istreambuf_iterator{file}, {}});
    }
    return std::nullopt;
}

const std::optional<Catalogue>& chinese()
{
    static const auto catalogue = read_catalogue();
    return catalogue;
}

// `english`, or what stands for it in the catalogue where another language is spoken; the same for
// `many`, where there are several.
std::string_view looked_up(Marked english, Marked many = "", unsigned long count = 1)
{
    const std::string_view text = !many.empty() && count != 1 ? many : english;
    return spoken_language == Language::English ? text : chinese()->find(english).value_or(text);
}

std::span<const Filling> as_span(Fillings places)
{
    return {places.begin(), places.size()};
}

template <class Member>
std::string fill(std::string_view text, std::span<const Filling> places, Member value)
{
    std::string filled;
    while (true) {
        const auto open = text.find('{');
        const auto close = text.find('}', open);
        if (close == text.npos)
            return filled.append(text);
        const auto name = text.substr(open + 1, close - open - 1);
        const auto place = std::find_if(places.begin(), places.end(),
                                        [&](const Filling& one) { return one.name == name; });
        const bool known = place != places.end();
        filled += text.substr(0, known ? open : open + 1);
        if (known)
            filled += (*place).*value;
        text.remove_prefix(known ? close + 1 : open + 1);
    }
}

} // namespace

void speak(Language language)
{
    const bool can = language == Language::English || chinese();
    spoken_language = can ? language : Language::English;
}

Language language_of_environment()
{
    const auto says = [](const char* name) -> std::string_view {
        const char* const value = getenv(name);
        return value ? value : "";
    };
    std::string_view locale;
    for (const auto* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
        if (locale.empty())
            locale = says(name);
    const bool plain = locale.empty() || locale == "C" || locale == "POSIX";
    const auto list = plain ? std::string_view{} : says("LANGUAGE");
    return (list.empty() ? locale : list).starts_with("zh") ? Language::Chinese : Language::English;
}

std::string translate(Marked english, Fillings places)
{
    return fill(looked_up(english), as_span(places), &Filling::spoken);
}

std::string translate_plural(Marked one, Marked many, long long count, Fillings places)
{
    const auto number = std::to_string(count);
    std::vector<Filling> all{places};
    all.emplace_back("count", number);
    return fill(looked_up(one, many, static_cast<unsigned long>(count)), all, &Filling::spoken);
}

Phrase phrase(Marked english, Fillings places)
{
    return {fill(english, as_span(places), &Filling::english), translate(english, places)};
}

} // namespace onlogin
