#include "net/ca_store.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include <curl/curl.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

namespace {

struct DirectoryClose
{
    void operator()(DIR* directory) const { closedir(directory); }
};

// 8 hex digits, a dot, and a number that tells subjects with one hash apart: 3513523f.0
bool is_hash(std::string_view name)
{
    constexpr std::size_t digits = 8;
    constexpr std::string_view hex = "0123456789abcdef";
    return name.size() == digits + 2 && name.substr(digits) == ".0" &&
           std::all_of(name.begin(), name.begin() + digits,
                       [hex](char c) { return hex.find(c) != hex.npos; });
}

} // namespace

std::string system_ca_trouble()
{
    const auto* const file = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (!file) // a libcurl with certificates of its own
        return {};
    struct stat status
    {};
    std::string reason;
    if (access(file, R_OK) != 0 || stat(file, &status) != 0)
        reason = strerror(errno);
    else if (status.st_size == 0)
        reason = "is empty";
    if (reason.empty())
        return {};
    return std::string{file} + ": " + reason +
           ": install the package ca-certificates (then run update-ca-certificates), or set "
           "wechat.ca_file; without CA certificates WeChat cannot be trusted";
}

bool has_hashed_certificates(const std::string& directory)
{
    const std::unique_ptr<DIR, DirectoryClose> open{opendir(directory.c_str())};
    if (!open)
        return false;
    while (const dirent* entry = readdir(open.get()))
        if (is_hash(static_cast<const char*>(entry->d_name)))
            return true;
    return false;
}

} // namespace onlogin
