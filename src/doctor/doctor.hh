#pragma once

// `onlogin doctor`: goes through a deployment from the configuration to WeChat, as an experienced
// colleague would, and says what to mend.

#include <string>

namespace onlogin {

// Checks the deployment of `config_file` and prints what it finds on stdout, as lines or as JSON
// (finding.hh); no secret is in it. Sends a made-up login code through nginx and to WeChat. Takes
// seconds, and blocks. Returns the exit status: 1 if something is bad, else 0.
int run_doctor(const std::string& config_file, const std::string& credentials_directory, bool json);

} // namespace onlogin
