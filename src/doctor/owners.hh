#pragma once

// Who decides what stands at a path.

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace onlogin {

// The place at which somebody else can put another file at a path.
struct Weakness
{
    std::string path;     // the file itself, a directory above it, or a link on the way
    bool by_owner = true; // its owner is none of the trusted; else others may write to it
    uid_t owner = 0;
    bool is_private = false; // nobody but owner and group may use it
    bool is_shared = false;  // it stands where all may add files, as in /tmp
};

// Whether others than root and `trusted` decide what stands at `path`: by its owner and mode, or by
// those of a directory or of a link on the way there. Follows no link that they made. Absent:
// nobody else, or nothing is there.
std::optional<Weakness> find_weakness(const std::string& path, const std::vector<uid_t>& trusted);

// The accounts of this host that distributions run web servers as. What a web server starts itself,
// by CGI for instance, is theirs, and so are the files that it reads.
std::vector<uid_t> web_server_users();

} // namespace onlogin
