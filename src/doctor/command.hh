#pragma once

// Runs another program and waits for it.

#include <optional>
#include <string>
#include <vector>

namespace onlogin {

struct CommandResult
{
    int status = 0; // as the shell's $?: 128 and the signal's number if one ended it
    std::string output;
    std::string errors;
};

// Runs `words`, found by $PATH and in the directories of programs for administrators, without a
// shell and without input. Absent if there is no such program. What it prints is taken up to 16 MiB
// of each; after `timeout_ms` it is ended.
std::optional<CommandResult> run_command(const std::vector<std::string>& words, int timeout_ms);

} // namespace onlogin
