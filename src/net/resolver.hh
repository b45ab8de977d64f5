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
    milliseconds second_opinion{1'000};      // most that is waited for one, see doubt()
};

class Resolver
{
public:
    Resolver(Loop& loop, Log& log, ResolverTimes times = {});

    // The addresses of `host`. An answer is taken as it is while it is fresh; after that it still
    // serves while a new one is fetched, and for as long as the name server fails. Throws
    // Unreachable when there has never been an answer.
    Task<Addresses> resolve(std::string host);

    // The next resolve() of `host` asks the name server, however fresh the answer is that it has,
    // and waits for it for a second: for who has been to that address, and it was the wrong one.
    void doubt(const std::string& host);

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
        bool doubted = false;
    };

    Task<bool> look_up(std::string host);
    static Task<> ended(SharedTask<bool> lookup);

    Loop& loop_;
    Log& log_;
    ResolverTimes times_;
    std::map<std::string, Entry> entries_; // entries stay: hosts come from the configuration
};

} // namespace onlogin
