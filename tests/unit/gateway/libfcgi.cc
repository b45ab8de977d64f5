#include "libfcgi.hh"

#include "base/fd.hh"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fastcgi.h>
#include <fcgiapp.h>
#include <sys/mman.h>
#include <sys/socket.h>

// It leaks a part of each writer, as it says itself, and of each question that it does not know.
// NOLINTBEGIN(bugprone-reserved-identifier): LeakSanitizer calls them so
extern "C" const char* __lsan_default_suppressions()
{
    return "leak:libfcgi";
}

extern "C" const char* __lsan_default_options()
{
    return "print_suppressions=0";
}
// NOLINTEND(bugprone-reserved-identifier)

namespace onlogin {

namespace {

// FCGX_Init takes signals for itself: SIGPIPE, which it may have, and SIGTERM, which would then end
// nothing any more.
void initialise()
{
    static const bool done = [] {
        setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1);
        struct sigaction before;
        sigaction(SIGTERM, nullptr, &before);
        FCGX_Init();
        sigaction(SIGTERM, &before, nullptr);
        return true;
    }();
    static_cast<void>(done);
}

std::string read_all(int file)
{
    std::string text;
    char chunk[8192];
    for (ssize_t count; (count = read(file, chunk, sizeof chunk)) > 0;)
        text.append(chunk, static_cast<std::size_t>(count));
    return text;
}

// To the end of the body, or where the connection broke.
std::string read_body(FCGX_Stream* stream)
{
    std::string body;
    char chunk[8192];
    for (int count; (count = FCGX_GetStr(chunk, sizeof chunk, stream)) > 0;)
        body.append(chunk, static_cast<std::size_t>(count));
    return body;
}

} // namespace

LibfcgiRequest libfcgi_reads(std::string_view bytes, std::string_view answer)
{
    initialise();
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        throw std::runtime_error{"no pair of sockets"};
    const Fd peer{pair[0]};
    const timeval patience{10,
                           0}; // it blocks where it should not: an error, and no test that hangs
    setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(pair[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (send(peer.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) !=
        static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error{"too many bytes for a pair of sockets"};
    shutdown(peer.get(), SHUT_WR);

    FCGX_Request request;
    FCGX_InitRequest(&request, -1, 0);
    request.ipcFd = pair[1];    // closed by libfcgi
    request.keepConnection = 1; // or it would begin with closing it
    LibfcgiRequest result;
    result.accepted = FCGX_Accept_r(&request) == 0;
    if (result.accepted) {
        const bool params_whole = FCGX_GetError(request.in) == 0;
        result.id = request.requestId;
        result.role = request.role;
        result.keep = request.keepConnection != 0;
        for (char** param = request.envp + 1; *param; ++param)
            result.params.emplace_back(*param);
        if (params_whole)
            result.body = read_body(request.in);
        result.whole = params_whole && FCGX_GetError(request.in) == 0;
        FCGX_PutStr(answer.data(), static_cast<int>(answer.size()), request.out);
        request.keepConnection = 0;
        FCGX_Finish_r(&request);
    }
    result.written = read_all(peer.get());
    return result;
}

std::string libfcgi_writes(int type, int id, std::string_view content)
{
    initialise();
    const Fd file{memfd_create("records", MFD_CLOEXEC)};
    auto* writer = FCGX_CreateWriter(file.get(), id, FCGI_MAX_LENGTH + 1, type);
    FCGX_PutStr(content.data(), static_cast<int>(content.size()), writer);
    FCGX_FClose(writer);
    FCGX_FreeStream(&writer);
    lseek(file.get(), 0, SEEK_SET);
    return read_all(file.get());
}

} // namespace onlogin
