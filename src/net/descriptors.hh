#pragma once

// How the file descriptors of the process are shared out, and what to do when there are too few.

#include <cstddef>
#include <string_view>

namespace onlogin {

struct DescriptorShares
{
    long to_wechat = 0;          // connections
    std::size_t from_server = 0; // connections
};

// How many a process may open at once (RLIMIT_NOFILE).
std::size_t descriptor_limit();

// Shares `limit` descriptors out: WeChat gets as many as it is wanted to, but no more than half. A
// login in flight may need one on either side, and one without the other is of no use. Some stay
// back for the rest: loop, log, name server, files of the configuration. Throws ConfigError when
// there are too few to work with.
DescriptorShares share_descriptors(std::size_t limit, long wanted_to_wechat);

// What mends a failure with `error` (as in errno) to open one more; empty if it is no shortage.
std::string_view advice_on(int error);

// What a failed attempt to open one more says: 0 if it works, else as in errno.
int descriptor_shortage();

} // namespace onlogin
