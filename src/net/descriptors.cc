#include "net/descriptors.hh"

#include "base/errors.hh"
#include "base/fd.hh"
#include "base/language.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>

namespace onlogin {

namespace {

constexpr std::size_t least = 48;
constexpr std::size_t least_for_the_rest = 16;
constexpr std::size_t most_for_the_rest = 32;

struct Shortage
{
    int error;
    Marked advice;
};
constexpr std::array shortages{
    Shortage{EMFILE,
             marked("raise the limit of open files (LimitNOFILE= of the service, or ulimit -n), "
                    "or start more workers")},
    Shortage{ENFILE,
             marked("this host has too many open files: raise its limit (sysctl fs.file-max), or "
                    "see who holds them (lsof)")},
    Shortage{ENOBUFS,
             marked("this host or service is out of memory: see free(1) and MemoryMax= of the "
                    "service")},
    Shortage{ENOMEM,
             marked("this host or service is out of memory: see free(1) and MemoryMax= of the "
                    "service")},
};

} // namespace

std::size_t descriptor_limit()
{
    rlimit files{};
    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : 1024;
}

DescriptorShares share_descriptors(std::size_t limit, long wanted_to_wechat)
{
    if (limit < least)
        throw ConfigError{
            translate("the limit of open files is {limit}, too low: raise it to {least} "
                      "or more (LimitNOFILE= of the service, or ulimit -n)",
                      {{"limit", std::to_string(limit)}, {"least", std::to_string(least)}})};
    const auto rest = std::clamp(limit / 4, least_for_the_rest, most_for_the_rest);
    const auto to_wechat = std::min(static_cast<std::size_t>(wanted_to_wechat), limit / 2);
    return {static_cast<long>(to_wechat), limit - rest - to_wechat};
}

std::string advice_on(int error)
{
    const auto* const found =
        std::find_if(shortages.begin(), shortages.end(),
                     [&](const Shortage& shortage) { return shortage.error == error; });
    return found == shortages.end() ? "" : translate(found->advice);
}

int descriptor_shortage()
{
    const Fd probe{fcntl(0, F_DUPFD_CLOEXEC, 3)};
    return probe || advice_on(errno).empty() ? 0 : errno;
}

} // namespace onlogin
