#pragma once

// Texts for people, in the language that they read: English as it stands in the source, and Chinese
// from src/zh_CN.po, which `make` compiles with gettext's msgfmt. One language for the whole
// process, since all that it says goes to its operator and to the users of one owner.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace onlogin {

enum class Language
{
    English,
    Chinese,
};

// From now on; English until then, and where the translations are not installed. They are looked
// for beside the program (`locale`) and where an installation has them (`../share/locale`).
void speak(Language language);

// What the environment asks for, as gettext reads it: the first of LC_ALL, LC_MESSAGES and LANG
// that says something; LANGUAGE goes before them, unless they say "C".
Language language_of_environment();

// An English text as the catalogue has it.
struct Marked : std::string_view
{
    constexpr Marked(const char* english) // NOLINT(google-explicit-constructor): it is one
        : basic_string_view{english}
    {
    }
};

// The same text in both languages: what the log has, which programs search, and what people read.
struct Phrase
{
    std::string english;
    std::string spoken; // in the language of the process
};

// A text that is in no catalogue: of a program for developers, or of somebody else.
inline Phrase untranslated(const std::string& text)
{
    return {text, text};
}

// What goes into the {places} of a text: a name and a value, which may be a phrase itself.
struct Filling
{
    std::string_view name;
    std::string_view english;
    std::string_view spoken;

    Filling(std::string_view place, std::string_view value)
        : name{place}
        , english{value}
        , spoken{value}
    {
    }
    Filling(std::string_view place, const Phrase& value)
        : name{place}
        , english{value.english}
        , spoken{value.spoken}
    {
    }
};
using Fillings = std::initializer_list<Filling>;

// A text in the language that is spoken, its {places} filled. A text is a whole sentence or clause:
// Chinese puts things in another order, so nothing is ever joined from halves. `english` is in the
// catalogue, and msgid there; a test looks for texts that are not. A value is never searched for
// places, and a place without a value stays as it is.
std::string translate(Marked english, Fillings places = {});
// The same of a number of things, which is {count}: `one` where English has the singular.
std::string translate_plural(Marked one, Marked many, long long count, Fillings places = {});
// The same in both languages.
Phrase phrase(Marked english, Fillings places = {});

// A text of a table, which translate() or phrase() is given later.
constexpr Marked marked(const char* english)
{
    return english;
}

} // namespace onlogin
