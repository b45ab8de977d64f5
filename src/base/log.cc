#include "base/log.hh"

#include "base/encode.hh"
#include "base/rfc3339.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include <poll.h>
#include <unistd.h>

namespace onlogin {

namespace {

constexpr std::array level_names{"debug", "info", "warn", "error"};

// A pipe that poll calls writable takes PIPE_BUF bytes without blocking, in one piece.
constexpr std::size_t most_at_once = PIPE_BUF;
constexpr std::size_t longest_line = 4000;

std::string timestamp()
{
    return write_rfc3339(wall_time());
}

// Plain where that is unambiguous, else in quotes with escapes.
void append_text_value(std::string& line, std::string_view value)
{
    bool plain = true;
    for (const char c : value)
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            plain = false;
    if (plain)
        line += value;
    else
        append_json_string(line, value);
}

} // namespace

Log::Log(Level level, bool json, int descriptor)
    : level_{level}
    , json_{json}
    , descriptor_{descriptor}
{
}

Log::~Log()
{
    flush();
}

void Log::configure(Level level, bool json)
{
    level_ = level;
    json_ = json;
}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields)
{
    if (!writes(level))
        return;
    const auto* const level_name = level_names[static_cast<std::size_t>(level)];
    std::string line;
    line.reserve(256);
    if (json_) {
        line += "{\"time\":\"" + timestamp() + "\",\"level\":\"" + level_name + "\",\"event\":";
        append_json_string(line, event);
    } else {
        line += timestamp() + ' ' + level_name + ' ';
        line += event;
    }
    for (const auto& field : fields) {
        const auto* const text = std::get_if<std::string_view>(&field.value);
        if (text && text->empty())
            continue;
        const auto before = line.size();
        if (json_) {
            line += ",\"";
            line += field.name;
            line += "\":";
        } else {
            line += ' ';
            line += field.name;
            line += '=';
        }
        if (!text)
            line += std::to_string(std::get<long long>(field.value));
        else if (json_)
            append_json_string(line, *text);
        else
            append_text_value(line, *text);
        if (line.size() > longest_line) { // a whole field goes, so that JSON stays JSON
            line.resize(before);
            break;
        }
    }
    line += json_ ? "}\n" : "\n";

    collected_ += line;
    if (!soon_)
        flush();
    else if (collected_.size() == line.size())
        soon_([this] { flush(); });
}

void Log::collect(std::function<void(std::function<void()>)> soon)
{
    soon_ = std::move(soon);
}

void Log::flush()
{
    if (torn_ && put("\n") == 1)
        torn_ = false;
    if (lost_ > 0 && !torn_) {
        const auto count = std::to_string(lost_);
        const auto news = json_ ? "{\"time\":\"" + timestamp() +
                                      "\",\"level\":\"warn\",\"event\":\"log lines lost\","
                                      "\"count\":" +
                                      count + "}\n"
                                : timestamp() + " warn log lines lost count=" + count + "\n";
        const auto written = put(news);
        if (written == news.size())
            lost_ = 0;
        torn_ = written > 0 && news[written - 1] != '\n';
    }
    const auto written = lost_ > 0 || torn_ ? 0 : put(collected_);
    torn_ |= written > 0 && collected_[written - 1] != '\n';
    lost_ += std::count(collected_.begin() + static_cast<std::ptrdiff_t>(written), collected_.end(),
                        '\n');
    collected_.clear();
}

// Returns how much was written: whole lines, unless the disk is full.
std::size_t Log::put(std::string_view lines) const
{
    std::size_t written = 0;
    while (written < lines.size()) {
        // As many whole lines as a pipe takes at once.
        auto piece = lines.substr(written, most_at_once);
        if (piece.size() < lines.size() - written)
            piece = piece.substr(0, piece.rfind('\n') + 1);
        pollfd room{descriptor_, POLLOUT, 0};
        if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
            break;
        const auto count = ::write(descriptor_, piece.data(), piece.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count > 0)
            written += static_cast<std::size_t>(count);
        if (count < std::ssize(piece))
            break;
    }
    return written;
}

} // namespace onlogin
