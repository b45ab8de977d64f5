#include "store/look.hh"

#include "net/tls.hh"
#include "store/sqlite_file.hh"

#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

void look_at_store(const StoreAddress& address)
{
    if (address.kind == StoreAddress::Kind::Sqlite)
        look_at_sqlite_file(address.path);
    else if (address.tls)
        const TlsContext context{address.ca_file, address.cert_file, address.key_file};
}

bool is_made_by_unit(const StoreAddress& address, const std::string& config_file)
{
    struct stat config
    {};
    if (std::filesystem::path{address.path}.parent_path() != "/var/lib/onlogin" ||
        stat(config_file.c_str(), &config) != 0 || config.st_uid != 0)
        return false;
    for (const auto* const unit :
         {"/usr/lib/systemd/system/onlogin.service", "/lib/systemd/system/onlogin.service",
          "/etc/systemd/system/onlogin.service"})
        if (access(unit, F_OK) == 0)
            return true;
    return false;
}

} // namespace onlogin
