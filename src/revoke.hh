#pragma once

// `onlogin revoke`: ends sessions for an operator.

#include "options.hh"

#include <string>

namespace onlogin {

// Ends the sessions that the options name in the store that the configuration names, and prints a
// line that says which. They are over on every worker when it returns, and survive a power failure.
// Returns the exit status. Throws UsageError, ConfigError, StoreUnreachable.
int run_revoke(const Options& options, const std::string& credentials_directory);

} // namespace onlogin
