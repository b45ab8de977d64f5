// The store of ended sessions, looked at as its owner would, who may be no friend of root's.

#include "base/errors.hh"
#include "base/fd.hh"
#include "doctor/checks.hh"
#include "store/errors.hh"
#include "store/look.hh"
#include "store/owner.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

namespace onlogin {

namespace {

constexpr unsigned long long too_little = 128ULL * 1024; // bytes: SQLite's log needs some pages
constexpr unsigned long long rather_little = 16 << 20;   // likewise

// The texts of the store end with what mends it.
void add_trouble(Findings& findings, const std::string& trouble, const char* otherwise)
{
    for (const std::string_view mark :
         {"; ", ": make ", ": put ", ": name ", ": raise ", ": give ", ": take "})
        if (const auto at = trouble.rfind(mark); at != trouble.npos)
            return findings.bad("store", trouble.substr(0, at), trouble.substr(at + 2));
    findings.bad("store", trouble, otherwise);
}

// What look_at_store() says, in a process of its own: it may have to give up root.
std::string look_as_owner(const StoreAddress& address)
{
    int ends[2];
    if (pipe(ends) != 0)
        return std::string{"pipe: "} + strerror(errno);
    const Fd from{ends[0]};
    Fd to{ends[1]};
    const auto child = fork();
    if (child < 0)
        return std::string{"fork: "} + strerror(errno);
    if (child == 0) {
        std::string trouble;
        try {
            become_owner(address.path);
            look_at_store(address);
        } catch (const std::exception& error) {
            trouble = error.what();
        }
        const auto written = write(to.get(), trouble.data(), trouble.size());
        _exit(written == static_cast<ssize_t>(trouble.size()) ? 0 : 1);
    }
    to = {};
    std::string trouble;
    char buffer[4096];
    for (ssize_t got = 0; (got = read(from.get(), buffer, sizeof buffer)) > 0;)
        trouble.append(buffer, static_cast<std::size_t>(got));
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0 && trouble.empty())
        return address.path + ": to read it ends the program that reads; put a good copy in its "
                              "place, or move it away to begin anew";
    return trouble;
}

// True: the worker may write there.
bool check_owner(Findings& findings, const std::string& directory, const struct stat& found,
                 const Workers& workers)
{
    const auto owner = account_of(found.st_uid);
    if (found.st_mode & S_IWOTH) {
        findings.bad("store",
                     directory + ": all of this host may write there, and let sessions live "
                                 "again",
                     "chmod 700 " + directory);
        return false;
    }
    for (const auto& worker : workers.ours) {
        if (worker.account.uid == 0 || what_denies(worker.account, directory, W_OK | X_OK).empty())
            continue;
        findings.bad("store",
                     directory + " belongs to " + owner.name + ": process " +
                         std::to_string(worker.pid) + " of " + worker.account.name +
                         " cannot write there",
                     "chown -R " + worker.account.name + ": " + directory);
        return false;
    }
    if (found.st_uid == 0 && workers.ours.empty() && find_account("onlogin")) {
        findings.warn("store", directory + " belongs to root",
                      "chown -R onlogin: " + directory + " (or to whom the worker runs as)");
        return false;
    }
    return true;
}

std::string in_words(unsigned long long bytes)
{
    return bytes < 10'000'000 ? std::to_string(bytes / 1'000) + " kB"
                              : std::to_string(bytes / 1'000'000) + " MB";
}

void check_sqlite(Findings& findings, const StoreAddress& address, const std::string& config_file,
                  const Workers& workers)
{
    const auto directory = std::filesystem::path{address.path}.parent_path().string();
    struct stat found
    {};
    const bool there = stat(directory.c_str(), &found) == 0;
    if (!there && errno == ENOENT && is_made_by_unit(address, config_file))
        return findings.ok("store", directory + " is made when the service starts");
    // Who is not root sees what is closed to him, and not what the worker sees.
    if (geteuid() != 0 && (there ? found.st_uid != geteuid() : errno == EACCES))
        return findings.warn("store", directory + " is somebody else's: nothing more can be seen",
                             "run the doctor as root");
    if (there && !check_owner(findings, directory, found, workers))
        return;
    if (const auto trouble = look_as_owner(address); !trouble.empty())
        return add_trouble(findings, trouble, "mend that");
    struct statvfs disk
    {};
    if (statvfs(directory.c_str(), &disk) != 0)
        return findings.bad("store", directory + ": " + strerror(errno), "mend that");
    const auto room = static_cast<unsigned long long>(disk.f_bavail) * disk.f_frsize;
    const auto text = address.shown + ": owner " + account_of(found.st_uid).name;
    if (room < too_little || (disk.f_files != 0 && disk.f_favail == 0))
        return findings.bad(
            "store", text + ": the disk is full: nobody can log out, and onlogin revoke fails",
            "make room on the disk of " + directory);
    if (room < rather_little)
        return findings.warn("store",
                             text + ", but only " + in_words(room) + " of the disk are left",
                             "make room on the disk of " + directory);
    findings.ok("store", text + ", " + in_words(room) + " left");
}

void check_redis(Findings& findings, const StoreAddress& address)
{
    RedisServer server;
    try {
        if (const auto trouble = ask_redis(address, server); !trouble.empty())
            return add_trouble(findings, trouble,
                               "start it, or put the right address, user and password into "
                               "session.revocations");
    } catch (const ConfigError& error) {
        return add_trouble(findings, error.what(), "mend that");
    }
    if (!server.eviction.empty() && server.eviction != "noeviction")
        return findings.warn("store",
                             address.shown + " has maxmemory-policy " + server.eviction +
                                 ": when it is full, ended sessions live again",
                             "maxmemory-policy noeviction in its configuration");
    if (server.append_only == "0")
        return findings.warn("store",
                             address.shown +
                                 " has appendonly no: when it restarts, ended sessions live again",
                             "appendonly yes in its configuration");
    findings.ok("store", address.shown + " answers, and may be written" +
                             (server.eviction.empty()
                                  ? "; its ACL hides by INFO whether it may forget anything"
                                  : ""));
}

} // namespace

void check_store(Findings& findings, const std::string& config_file, const Config& config,
                 const Workers& workers)
{
    if (!config.session.keys)
        return; // no sessions, no store
    const auto& address = config.session.store;
    switch (address.kind) {
    case StoreAddress::Kind::Sqlite:
        return check_sqlite(findings, address, config_file, workers);
    case StoreAddress::Kind::Redis:
        return check_redis(findings, address);
    case StoreAddress::Kind::Off:
        break;
    }
    findings.warn("store", "session.revocations is \"off\": nobody can log out",
                  "name a store there, as sqlite:/var/lib/onlogin/revocations.db");
}

} // namespace onlogin
