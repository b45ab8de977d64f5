#include "ca_store.hh"

#include <cerrno>
#include <cstring>

#include <curl/curl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

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

} // namespace onlogin
