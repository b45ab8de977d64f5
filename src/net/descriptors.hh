#pragma once

// How the file descriptors of the process are shared out, and what to do when there are too few.

#include <cstddef>
#include <string>

namespace onlogin {

// How many connections there may be at once, each of which takes a descriptor.
struct DescriptorShares
{
    long to_wechat = 0;
    std::size_t from_server = 0; // from the web server in front
};

// How many a process may open at once (RLIMIT_NOFILE).
std::size_t descriptor_limit();

// Shares `limit` descriptors out: `wanted_to_wechat` of them are for connections to WeChat, but no
// more than half. A login in flight may need one on either side, and one without the other is of no
// use. Some stay back for the rest: loop, log, name server, files of the configuration. Throws
// ConfigError when there are too few to work with.
DescriptorShares share_descriptors(std::size_t limit, long wanted_to_wechat);

// What the operator has to mend when a descriptor could not be opened because of `error` (as in
// errno); empty if the cause is no shortage.
std::string advice_on(int error);

// Opens a descriptor and closes it again, to see whether there is one left. Returns 0 if there is,
// else the error (as in errno) for which advice_on() has advice.
int descriptor_shortage();

} // namespace onlogin
