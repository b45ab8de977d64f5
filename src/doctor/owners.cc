#include "doctor/owners.hh"

#include "base/unix_account.hh"

#include <algorithm>
#include <deque>
#include <filesystem>

#include <sys/stat.h>

namespace onlogin {

namespace {

namespace fs = std::filesystem;

bool others_write(const struct stat& status)
{
    return (status.st_mode & S_IWOTH) || ((status.st_mode & S_IWGRP) && status.st_gid != 0);
}

} // namespace

std::optional<Weakness> find_weakness(const std::string& path, const std::vector<uid_t>& trusted)
{
    constexpr int most_links = 40; // as the kernel
    int links = 0;
    fs::path walked{"/"};
    const fs::path whole{path};
    std::deque<fs::path> left{whole.begin(), whole.end()};
    bool above_is_shared = false; // as /tmp: there, others can add files, and touch their own alone
    left.push_front("/");
    while (!left.empty()) {
        const auto part = left.front();
        left.pop_front();
        if (part.empty() || part == ".")
            continue;
        const auto next = part == ".." ? walked.parent_path() : walked / part;
        struct stat status
        {};
        if (lstat(next.c_str(), &status) != 0)
            return std::nullopt;
        const bool link = S_ISLNK(status.st_mode);
        const bool known = status.st_uid == 0 || std::find(trusted.begin(), trusted.end(),
                                                           status.st_uid) != trusted.end();
        // Whose link it is does not matter in a directory where nobody else can make one.
        if (!known && (!link || above_is_shared))
            return Weakness{next.string(), true, status.st_uid, !(status.st_mode & S_IRWXO),
                            above_is_shared};
        if (link) {
            std::error_code error;
            const auto target = fs::read_symlink(next, error);
            if (error || ++links > most_links)
                return std::nullopt;
            left.insert(left.begin(), target.begin(), target.end());
            if (target.is_absolute()) {
                walked = "/";
                above_is_shared = false;
            }
            continue;
        }
        const bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX);
        if (others_write(status) && !sticky)
            return Weakness{next.string(), false, status.st_uid, false, above_is_shared};
        above_is_shared = sticky && others_write(status);
        walked = next;
    }
    return std::nullopt;
}

std::vector<uid_t> web_server_users()
{
    constexpr const char* names[] = {
        "www-data",                      // Debian
        "apache",   "nginx", "lighttpd", // Fedora, Alpine
        "http",                          // Arch
        "wwwrun",                        // SUSE
    };
    std::vector<uid_t> users;
    for (const auto* name : names)
        if (const auto account = find_account(name))
            users.push_back(account->uid);
    return users;
}

} // namespace onlogin
