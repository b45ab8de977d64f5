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

// The time that `text` says, as 2026-11-22T15:41:07Z or 2026-11-22T23:41:07.412+08:00: T and Z in
// capital letters, any number of digits behind the point, of which the first three count. Absent
// where the form is another or the calendar has no such day or time; a leap second (:60) is none.
std::optional<Time> read_rfc3339(std::string_view text);

} // namespace onlogin
