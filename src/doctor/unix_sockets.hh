#pragma once

// The unix sockets on which somebody listens, as the kernel knows them.

#include <cstdint>
#include <string>
#include <vector>

namespace onlogin {

struct ListeningSocket
{
    std::string inode; // as /proc/PID/fd has it
    std::string path;  // as who bound it wrote it: in which mount namespace, it does not say
    std::uint32_t file_inode = 0; // of the file that it was bound to; 0: not known
    std::uint32_t file_device = 0;
};

std::vector<ListeningSocket> listening_sockets();

// Whether it is the socket at `path`, as this process sees that.
bool is_at(const ListeningSocket& socket, const std::string& path);

} // namespace onlogin
