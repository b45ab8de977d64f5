#include "base/unix_account.hh"

#include <algorithm>
#include <filesystem>

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

namespace {

Account from_entry(const passwd& entry, gid_t group)
{
    Account account{entry.pw_name, entry.pw_uid, {}};
    int count = 64;
    account.groups.resize(static_cast<std::size_t>(count));
    while (getgrouplist(entry.pw_name, group, account.groups.data(), &count) < 0)
        account.groups.resize(static_cast<std::size_t>(count));
    account.groups.resize(static_cast<std::size_t>(count));
    return account;
}

// Owner, group and others each have three bits; only the first that fits counts.
bool may(const Account& account, const struct stat& status, mode_t wanted)
{
    if (account.uid == 0)
        return true;
    const auto& groups = account.groups;
    const bool in_group = std::find(groups.begin(), groups.end(), status.st_gid) != groups.end();
    const int shift = account.uid == status.st_uid ? 6 : in_group ? 3 : 0;
    return ((status.st_mode >> shift) & wanted) == wanted;
}

} // namespace

std::optional<Account> find_account(const std::string& name, const std::string& group)
{
    const auto* const entry = getpwnam(name.c_str());
    const auto* const named = group.empty() ? nullptr : getgrnam(group.c_str());
    if (!entry || (!group.empty() && !named))
        return std::nullopt;
    return from_entry(*entry, named ? named->gr_gid : entry->pw_gid);
}

Account account_of(uid_t uid)
{
    if (const auto* const entry = getpwuid(uid))
        return from_entry(*entry, entry->pw_gid);
    return {std::to_string(uid), uid, {}};
}

std::string group_name(gid_t gid)
{
    const auto* const entry = getgrgid(gid);
    return entry ? entry->gr_name : std::to_string(gid);
}

std::string what_denies(const Account& account, const std::string& path, int wanted)
{
    std::error_code error;
    if (const auto real = std::filesystem::canonical(path, error).string(); !error && real != path)
        if (auto obstacle = what_denies(account, real, wanted); !obstacle.empty())
            return obstacle;
    std::filesystem::path walked;
    const std::filesystem::path whole{path};
    for (const auto& part : whole) {
        walked /= part;
        struct stat status
        {};
        const bool last = walked == whole;
        if (stat(walked.c_str(), &status) != 0 ||
            !may(account, status, last ? static_cast<mode_t>(wanted) : X_OK))
            return walked.string();
    }
    return {};
}

} // namespace onlogin
