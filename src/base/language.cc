#include "base/language.hh"

#include <algorithm>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <system_error>
#include <vector>

#include <libintl.h>
#include <locale.h> // NOLINT(modernize-deprecated-headers): newlocale(), of POSIX

namespace onlogin {

namespace {

constexpr auto domain = "onlogin";

Language spoken_language = Language::English;

// gettext reads no catalogue in the locale C, and C.UTF-8 is the one other that each system has. It
// is not made the locale of the process: what the system and its libraries say stays English.
locale_t with_catalogues()
{
    static const locale_t found = newlocale(LC_MESSAGES_MASK, "C.UTF-8", nullptr);
    return found;
}

bool find_catalogue()
{
    std::error_code none;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
    for (const auto* place : {"locale", "../share/locale"}) {
        const auto directory = program / place;
        if (std::filesystem::exists(directory / "zh_CN/LC_MESSAGES/onlogin.mo", none))
            return with_catalogues() && bindtextdomain(domain, directory.c_str()) &&
                   bind_textdomain_codeset(domain, "UTF-8") && setenv("LANGUAGE", "zh_CN", 1) == 0;
    }
    return false;
}

// `english`, or what stands for it in the catalogue where another language is spoken; the same for
// `many`, where there are several.
std::string_view looked_up(Marked english, Marked many = "", unsigned long count = 1)
{
    const bool several = !many.empty();
    // To an empty text gettext answers the catalogue's heading.
    if (spoken_language == Language::English || english.empty())
        return several && count != 1 ? many : english;
    const auto before = uselocale(with_catalogues());
    const char* const text = several ? dngettext(domain, english.data(), many.data(), count)
                                     : dgettext(domain, english.data());
    uselocale(before);
    return text;
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
    const auto found = [] {
        static const bool once = find_catalogue();
        return once;
    };
    const bool chinese = language == Language::Chinese && found();
    spoken_language = chinese ? Language::Chinese : Language::English;
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
