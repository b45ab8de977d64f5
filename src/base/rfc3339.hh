#pragma once

// Points in time as text: RFC 3339, section 5.6.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace onlogin {

// A point in time as other hosts know it, to the millisecond.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// This moment, by the clock of this host.
Time wall_time();

// 2026-11-22T15:41:07.412Z
std::string write_rfc3339(Time time);

// Absent unless it is a date and a time of the calendar, with T between them and Z or an offset as
// +08:00 behind, in capital letters. What is behind the third digit of a second does not count; a
// leap second is not known.
std::optional<Time> read_rfc3339(std::string_view text);

} // namespace onlogin
