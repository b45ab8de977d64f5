#pragma once

// What the process as a whole needs before anything else runs.

#include "fd.hh"

namespace onlogin {

// No core dumps (they would hold secrets), no TLS keys to a file, no SIGPIPE, as many descriptors
// as the system allows.
void prepare_process();

// From now on further signals to stop or reload change nothing: the process is about to end, and
// their default would make that look like a failure.
void ignore_signals();

// The listening socket on descriptor 0, moved elsewhere; /dev/null takes its place, so that no
// later socket becomes anybody's standard input.
Fd take_listening_socket();

} // namespace onlogin
