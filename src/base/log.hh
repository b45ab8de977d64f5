#pragma once

// The log: one event a line, to stderr, as text or as JSON.
//
//   2026-11-22T15:41:07.412Z info login request=7f… app=wx… outcome=ok wechat_ms=31 ms=33
//   {"time":"2026-11-22T15:41:07.412Z","level":"info","event":"login","request":"7f…",…}
//
// What clients sent may stand in a value: control characters, quotes and bytes that are not UTF-8
// are escaped, and a line is cut at 4,000 bytes. Secrets, codes, tokens, session keys and phone
// numbers are never given to a log call.

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace onlogin {

enum class Level
{
    Debug,
    Info,
    Warn,
    Error,
};

// One `name=value` of a line. An empty text and an absent number are left out.
struct Field
{
    std::string_view name;
    std::variant<std::string_view, long long> value;

    Field(std::string_view field, std::string_view text)
        : name{field}
        , value{text}
    {
    }
    Field(std::string_view field, const std::string& text)
        : Field{field, std::string_view{text}}
    {
    }
    Field(std::string_view field, const char* text)
        : Field{field, std::string_view{text}}
    {
    }
    Field(std::string_view field, long long number)
        : name{field}
        , value{number}
    {
    }
    Field(std::string_view field, std::optional<long long> number)
        : name{field}
    {
        if (number)
            value = *number;
    }
};

class Log
{
public:
    // Writes events of `level` and above to `descriptor`, which stays the caller's.
    explicit Log(Level level = Level::Info, bool json = false, int descriptor = 2);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    // Takes effect with the next line.
    void configure(Level level, bool json);

    // From now on write() only collects lines. For the first line of a batch it calls `soon` with a
    // function that writes the whole batch, and `soon` has to call that in a moment. Many lines
    // then cost one system call instead of one each.
    void collect(std::function<void(std::function<void()> flush)> soon);

    // Writes what has been collected.
    void flush();

    [[nodiscard]] bool writes(Level level) const { return level >= level_; }

    // `event` is a word or two, always the same for the same kind of event. Never blocks and never
    // fails: when the reader of a pipe does not keep up or a disk is full, lines are lost, and a
    // later one says how many.
    void write(Level level, std::string_view event, std::initializer_list<Field> fields);

    void debug(std::string_view e, std::initializer_list<Field> f) { write(Level::Debug, e, f); }
    void info(std::string_view e, std::initializer_list<Field> f) { write(Level::Info, e, f); }
    void warn(std::string_view e, std::initializer_list<Field> f) { write(Level::Warn, e, f); }
    void error(std::string_view e, std::initializer_list<Field> f) { write(Level::Error, e, f); }

private:
    std::size_t put(std::string_view lines) const;

    Level level_;
    bool json_;
    int descriptor_;
    long long lost_ = 0;
    bool torn_ = false; // the last line was written in part, when the disk was full
    std::string collected_;
    std::function<void(std::function<void()>)> soon_;
};

} // namespace onlogin
