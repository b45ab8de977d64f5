#include "store/owner.hh"

#include "store/errors.hh"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

void become_owner(const std::string& file)
{
    if (geteuid() != 0)
        return;
    struct stat found
    {};
    if (stat(std::filesystem::path{file}.parent_path().c_str(), &found) != 0)
        return; // to open the file will fail, and say why
    if (found.st_uid == 0 && (lstat(file.c_str(), &found) != 0 || found.st_uid == 0))
        return;
    // The user last: it takes away the right to change the groups.
    if (setgroups(1, &found.st_gid) != 0 ||
        setresgid(found.st_gid, found.st_gid, found.st_gid) != 0 ||
        setresuid(found.st_uid, found.st_uid, found.st_uid) != 0)
        throw StoreUnreachable{"cannot become the owner of " + file + ": " + strerror(errno) +
                               "; run this as that user"};
    if (setuid(0) == 0)
        throw StoreUnreachable{"cannot give up root for " + file +
                               ": run this as the owner of its directory"};
}

} // namespace onlogin
