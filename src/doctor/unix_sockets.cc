#include "doctor/unix_sockets.hh"

#include "base/fd.hh"

#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace onlogin {

namespace {

using Files = std::map<std::string, unix_diag_vfs>; // by the socket's inode

void read_answer(const nlmsghdr& header, Files& files)
{
    const auto& message = *static_cast<const unix_diag_msg*>(NLMSG_DATA(&header));
    int left = static_cast<int>(header.nlmsg_len - NLMSG_LENGTH(sizeof message));
    for (const auto* attribute = reinterpret_cast<const rtattr*>(&message + 1);
         RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
        if (attribute->rta_type == UNIX_DIAG_VFS && RTA_PAYLOAD(attribute) >= sizeof(unix_diag_vfs))
            memcpy(&files[std::to_string(message.udiag_ino)], RTA_DATA(attribute),
                   sizeof(unix_diag_vfs));
}

// What unix sockets are bound to. A kernel may not tell: sock_diag(7).
Files bound_files()
{
    constexpr unsigned listening = 1U << 10; // TCP_LISTEN, for unix sockets too
    struct
    {
        nlmsghdr header;
        unix_diag_req request;
    } question{};
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.request.sdiag_family = AF_UNIX;
    question.request.udiag_states = listening;
    question.request.udiag_show = UDIAG_SHOW_VFS;
    Files files;
    const Fd kernel{socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
    if (send(kernel.get(), &question, sizeof question, 0) < 0)
        return files;
    alignas(nlmsghdr) std::array<char, 32768> buffer{};
    for (;;) {
        const auto count = recv(kernel.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0)
            return files;
        auto left = static_cast<unsigned>(count);
        for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
             header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) // NLMSG_DONE, NLMSG_ERROR
                return files;
            read_answer(*header, files);
        }
    }
}

} // namespace

std::vector<ListeningSocket> listening_sockets()
{
    constexpr std::string_view listening = "00010000"; // __SO_ACCEPTCON
    const auto files = bound_files();
    std::vector<ListeningSocket> sockets;
    std::ifstream lines{"/proc/net/unix"};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string number, references, protocol, flags, type, state, inode, path;
        words >> number >> references >> protocol >> flags >> type >> state >> inode >> path;
        if (flags != listening || !path.starts_with('/'))
            continue;
        ListeningSocket found{inode, path};
        if (const auto file = files.find(inode); file != files.end()) {
            found.file_inode = file->second.udiag_vfs_ino;
            found.file_device = file->second.udiag_vfs_dev;
        }
        sockets.push_back(std::move(found));
    }
    return sockets;
}

bool is_at(const ListeningSocket& socket, const std::string& path)
{
    struct stat status
    {};
    if (socket.file_inode == 0 || stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    // The kernel writes a device there as it has it itself: 12 bits and 20.
    return static_cast<std::uint32_t>(status.st_ino) == socket.file_inode &&
           (major(status.st_dev) << 20 | minor(status.st_dev)) == socket.file_device;
}

} // namespace onlogin
