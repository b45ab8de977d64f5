#pragma once

// Host names to addresses, off the loop's thread, with the last good answer kept.
//
// libcurl's own resolver starts a thread for each lookup and can freeze the loop when one hangs.

#include "base/log.hh"
#include "net/loop.hh"

#include <map>
#include <string>
#include <vector>

namespace onlogin {

// The addresses of one host.
struct Addresses
{
    std::vector<std::string> list;
    unsigned generation = 0; // grows when the list changes
};

struct ResolverTimes
{
    milliseconds fresh{60'000};              // how long an answer is used without asking again
    milliseconds pause_after_failure{1'000}; // before a name server that failed is asked again
};

class Resolver
{
public:
    Resolver(Loop& loop, Log& log, ResolverTimes times = {});

    // The addresses of `host`. An answer is taken as it is while it is fresh; after that it still
    // serves while a new one is fetched, and for as long as the name server fails. Throws
    // Unreachable when there has never been an answer.
    Task<Addresses> resolve(std::string host);

    // Whether a lookup is running. Nothing stops it, and a process that returns from main() waits
    // for the thread that it runs on, for as long as the name server hangs: see _exit(2).
    [[nodiscard]] bool looking() const;

private:
    struct Entry
    {
        Addresses addresses;
        Clock::time_point fetched;
        Clock::time_point failed;
        std::string reason; // of the failure
        SharedTask<bool> lookup;
        bool looking = false;
    };

    Task<bool> look_up(std::string host);

    Loop& loop_;
    Log& log_;
    ResolverTimes times_;
    std::map<std::string, Entry> entries_; // entries stay: hosts come from the configuration
};

} // namespace onlogin
