#pragma once

// Accounts of this host, and what they may do with files.

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace onlogin {

struct Account
{
    std::string name; // or the number, if it has none
    uid_t uid = 0;
    std::vector<gid_t> groups;
};

// The account `name` with all its groups. A `group` takes the place of its main one, as in programs
// that are configured with a user and a group. Absent if there is no such account or group.
std::optional<Account> find_account(const std::string& name, const std::string& group = {});
Account account_of(uid_t uid);
// Or the number, if it has none.
std::string group_name(gid_t gid);

// What keeps `account` from using `path` as `wanted` says (R_OK, W_OK, X_OK as in access(2)): the
// path itself, or a directory above it that the account may not pass. Empty: nothing, as far as
// modes tell; access control lists are not looked at. `path` is absolute and exists. Where links
// are in it, the directories above the link and those above its target are looked at.
std::string what_denies(const Account& account, const std::string& path, int wanted);

} // namespace onlogin
