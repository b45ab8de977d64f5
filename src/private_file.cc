#include "private_file.hh"

#include "error.hh"
#include "fd.hh"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

namespace onlogin {

namespace {

constexpr off_t largest_file = 1 << 20;

} // namespace

FileContents read_file(const std::string& path, Readers readers)
{
    const auto fail = [&](const char* what) -> ConfigError {
        return ConfigError{path + ": " + what};
    };
    // Non-blocking: the open of a FIFO would wait for a writer.
    const Fd file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!file)
        throw fail(strerror(errno));
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
