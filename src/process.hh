#pragma once

// What the process as a whole needs before anything else runs.

#include "base/fd.hh"

#include <string>

namespace onlogin {

// No core dumps (they would hold secrets), no TLS keys to a file, no SIGPIPE, as many descriptors
// as the system allows, /dev/null for standard descriptors that are closed.
void prepare_process();

// Lets signals wait, until release_signals() or for good: while nobody listens for them yet, or no
// longer, the default of SIGTERM and SIGHUP would end the process as if it had failed.
void hold_signals();
void release_signals();

// Whether `descriptor` is a listening socket: then the program is a FastCGI responder.
bool is_listening_socket(int descriptor);

// What is wrong with a listening socket that lets in more than the web server of this host: the
// address that it listens on, and what mends it. Empty texts if it is a unix socket.
struct OpenDoor
{
    std::string address;
    std::string advice;
};
OpenDoor open_door(int listener);

// The listening socket on descriptor 0, moved elsewhere; /dev/null takes its place, so that no
// later socket becomes anybody's standard input.
Fd take_listening_socket();

} // namespace onlogin
