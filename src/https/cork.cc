#include "https/cork.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace onlogin {

Cork::Cork(std::vector<int> sockets)
    : sockets_{std::move(sockets)}
{
    set(1);
}

Cork::~Cork()
{
    set(0);
}

void Cork::set(int value) const
{
    for (const int socket : sockets_)
        setsockopt(socket, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

} // namespace onlogin
