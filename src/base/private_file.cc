#include "base/private_file.hh"

#include "base/errors.hh"
#include "base/fd.hh"
#include "base/unix_account.hh"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

namespace {

constexpr off_t largest_file = 1 << 20;

// Which directory on the way to `path` keeps us out; empty if none does.
std::string closed_directory(const std::string& path)
{
    const auto whole = std::filesystem::path{path};
    std::filesystem::path part = whole.is_absolute() ? "" : ".";
    for (const auto& name : whole.parent_path()) {
        part /= name;
        if (access(part.c_str(), X_OK) != 0 && errno == EACCES)
            return part.string();
    }
    return {};
}

bool below_one_of(const std::string& path, std::initializer_list<std::string_view> directories)
{
    return std::any_of(directories.begin(), directories.end(),
                       [&](std::string_view name) { return path.starts_with(name); });
}

bool is_own(const std::string& path)
{
    struct stat status
    {};
    return stat(path.c_str(), &status) == 0 && status.st_uid == geteuid();
}

// Of a file that its owner alone is to read. Most often another user than the worker's asks, by
// `onlogin -t`, and nothing needs mending.
std::string way_to_own(const std::string& path, const std::string& directory,
                       const std::string& name)
{
    if (directory.empty() && is_own(path))
        return "chmod u+r " + path;
    return "run it as root, or as the user that the worker runs as; if that is " + name +
           ", give it to that user: chown " + name + (directory.empty() ? "" : ' ' + directory) +
           ' ' + path;
}

// What mends that a secret cannot be read, without opening it to anybody else.
std::string way_to_secret(const std::string& path, const std::string& directory,
                          const std::string& name)
{
    constexpr std::string_view handed_over = "/etc/onlogin/secrets/";
    if (!getenv("CREDENTIALS_DIRECTORY"))
        return way_to_own(path, directory, name);
    if (path.starts_with(handed_over))
        return "and systemd handed the service no copy: if it is missing, put it there, and chmod "
               "600 " +
               path + "; then systemctl restart the service, which gets copies when it starts";
    return "systemd hands the service what is in /etc/onlogin/secrets (LoadCredential=): put it "
           "there, mode 600, name it so in the configuration, and systemctl restart the service";
}

// Why a file could not be opened, and what mends it.
std::string why_closed(const std::string& path, int error, Readers readers)
{
    const bool service = getenv("INVOCATION_ID"); // set by systemd
    if (error == ENOENT && service && below_one_of(path, {"/tmp/", "/var/tmp/"}))
        return path + ": " + strerror(error) +
               " (a service with PrivateTmp=yes has a /tmp of its own: keep the file in "
               "/etc/onlogin)";
    if (error != EACCES)
        return path + ": " + strerror(error);
    const auto name = account_of(geteuid()).name;
    const auto directory = closed_directory(path);
    const auto& closed = directory.empty() ? path : directory;
    auto text = closed + ": " + strerror(error) + " for user " + name + ": ";
    if (below_one_of(closed + '/', {"/home/", "/root/", "/run/user/"}))
        return text + "keep " + path +
               " in /etc/onlogin (a service with ProtectHome= sees no home)";
    if (readers == Readers::OwnerAndGroup)
        return text + "systemd made it for the user of the service alone (User= in the unit): run "
                      "it as that one";
    if (readers == Readers::Owner)
        return text + way_to_secret(path, directory, name);
    if (!directory.empty())
        return text + (readers == Readers::Public ? "chmod a+x " + directory
                                                  : "chgrp " + group_name(getegid()) + ' ' +
                                                        directory + " && chmod g+x " + directory);
    if (readers == Readers::Public && is_own(path))
        return text + "chmod u+r " + path;
    return text + (readers == Readers::Public ? "chmod a+r " + path : way_to_own(path, "", name));
}

} // namespace

FileContents read_file(const std::string& path, Readers readers)
{
    const auto fail = [&](const char* what) -> ConfigError {
        return ConfigError{path + ": " + what};
    };
    // Non-blocking: the open of a FIFO would wait for a writer.
    const Fd file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!file)
        throw ConfigError{why_closed(path, errno, readers)};
    struct stat status
    {};
    if (fstat(file.get(), &status) != 0)
        throw fail(strerror(errno));
    if (!S_ISREG(status.st_mode))
        throw fail("is not a regular file");
    if (status.st_size > largest_file)
        throw fail("is larger than 1 MiB");
    const mode_t forbidden = readers == Readers::Owner           ? 077
                             : readers == Readers::OwnerAndGroup ? 007
                                                                 : 0;
    if (status.st_mode & forbidden)
        throw ConfigError{open_to_others(path)};

    FileContents contents{std::string(static_cast<std::size_t>(status.st_size), '\0'),
                          status.st_mode};
    std::size_t length = 0;
    while (length < contents.text.size()) {
        const auto count =
            read(file.get(), contents.text.data() + length, contents.text.size() - length);
        if (count < 0)
            throw fail(strerror(errno));
        if (count == 0)
            break;
        length += static_cast<std::size_t>(count);
    }
    contents.text.resize(length);
    return contents;
}

std::string open_to_others(const std::string& path)
{
    return path + " holds a secret and others may read it: chmod 600 " + path;
}

} // namespace onlogin
