#pragma once

// Reads small files, and refuses those that hold secrets and are open to others.

#include <string>

#include <sys/types.h>

namespace onlogin {

// Whom the mode of a file may let read it.
enum class Readers
{
    Owner,
    OwnerAndGroup, // systemd's credentials: its ACL for the service shows as the group's bits
    Anybody,
    Public, // as Anybody, and it is known to hold no secret
};

struct FileContents
{
    std::string text;
    mode_t mode = 0; // as stat(2) tells
};

// The contents of a regular file of at most 1 MiB. Throws ConfigError, which names the file, and
// what mends it: the chmod when `readers` are not all who may, the chown or chmod when we may not.
FileContents read_file(const std::string& path, Readers readers);

// What is wrong with a secret in `path`, and the chmod that mends it.
std::string open_to_others(const std::string& path);

} // namespace onlogin
