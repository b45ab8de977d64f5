#include "base/rfc3339.hh"

#include <cstdio>

namespace onlogin {

namespace {

namespace chrono = std::chrono;

// Takes a text from its beginning. Once something does not fit, nothing more does.
class Reader
{
public:
    explicit Reader(std::string_view text)
        : rest_{text}
    {
    }

    // So many digits, as a number of at most `most`.
    int number(std::size_t digits, int most)
    {
        int value = 0;
        for (; digits > 0; --digits)
            value = value * 10 + digit();
        good_ = good_ && value <= most;
        return value;
    }

    void character(char expected)
    {
        good_ = good_ && rest_.starts_with(expected);
        if (good_)
            rest_.remove_prefix(1);
    }

    bool if_character(char expected)
    {
        const bool there = good_ && rest_.starts_with(expected);
        if (there)
            rest_.remove_prefix(1);
        return there;
    }

    // All digits that follow, at least one, behind a decimal point.
    chrono::milliseconds fraction()
    {
        int value = digit();
        int digits = 1;
        while (good_ && !rest_.empty() && is_digit(rest_.front())) {
            const int next = digit();
            if (digits < 3) {
                value = value * 10 + next;
                ++digits;
            }
        }
        for (; digits < 3; ++digits)
            value *= 10;
        return chrono::milliseconds{value};
    }

    [[nodiscard]] bool ended_well() const { return good_ && rest_.empty(); }

private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    int digit()
    {
        good_ = good_ && !rest_.empty() && is_digit(rest_.front());
        if (!good_)
            return 0;
        const int value = rest_.front() - '0';
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
    bool good_ = true;
};

} // namespace

Time wall_time()
{
    return chrono::floor<chrono::milliseconds>(chrono::system_clock::now());
}

std::string write_rfc3339(Time time)
{
    const auto midnight = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date{midnight};
    const chrono::hh_mm_ss clock{time - midnight};
    char text[80];
    snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
             static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
             static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
             static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
             static_cast<int>(clock.subseconds().count()));
    return text;
}

std::optional<Time> read_rfc3339(std::string_view text)
{
    Reader reader{text};
    const chrono::year year{reader.number(4, 9999)};
    reader.character('-');
    const chrono::month month{static_cast<unsigned>(reader.number(2, 12))};
    reader.character('-');
    const chrono::day day{static_cast<unsigned>(reader.number(2, 31))};
    const chrono::year_month_day date{year, month, day};
    reader.character('T');
    chrono::milliseconds clock = chrono::hours{reader.number(2, 23)};
    reader.character(':');
    clock += chrono::minutes{reader.number(2, 59)};
    reader.character(':');
    clock += chrono::seconds{reader.number(2, 59)};
    if (reader.if_character('.'))
        clock += reader.fraction();

    chrono::minutes offset{0}; // of its place from UTC
    if (!reader.if_character('Z')) {
        const bool west = reader.if_character('-');
        if (!west)
            reader.character('+');
        offset = chrono::hours{reader.number(2, 23)};
        reader.character(':');
        offset += chrono::minutes{reader.number(2, 59)};
        if (west)
            offset = -offset;
    }
    if (!reader.ended_well() || !date.ok())
        return std::nullopt;
    return chrono::sys_days{date} + clock - offset;
}

} // namespace onlogin
