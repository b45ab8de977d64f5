// fake-wechat: a FastCGI responder that answers like WeChat. onlogin-fake-wechat starts it behind
// nginx; by hand: spawn-fcgi -n -s SOCKET -- fake-wechat

#include "fake_wechat.hh"
#include "gateway/gateway.hh"
#include "process.hh"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

namespace onlogin::fake {

namespace {

void print_usage(std::FILE* to)
{
    std::fprintf(to,
                 "usage: spawn-fcgi -n -s SOCKET -- fake-wechat\n"
                 "\n"
                 "A FastCGI responder that answers like WeChat, on descriptor 0. Its apps are in\n"
                 "FAKE_WECHAT_APPS=appid:secret,appid:secret; SIGTERM ends it.\n"
                 "\n%s",
                 help_text().c_str());
}

// Images are uploaded, too.
constexpr std::size_t most_body_bytes = std::size_t{4} << 20;

int serve()
{
    const char* const apps = std::getenv("FAKE_WECHAT_APPS");
    Loop loop;
    Log log{Level::Warn};
    FakeWechat wechat{loop, read_apps(apps ? apps : default_apps)};
    FcgiGateway gateway{loop,
                        Fd{0},
                        {.body_bytes = most_body_bytes, .drain = milliseconds{1000}},
                        [&](Request& request) { return wechat.answer(request); },
                        log,
                        [&] { loop.stop(); }};
    SignalWatch terminate{loop, SIGTERM, [&] { gateway.drain(); }};
    SignalWatch interrupt{loop, SIGINT, [&] { gateway.drain(); }};
    loop.run();
    return 0;
}

} // namespace
} // namespace onlogin::fake

int main(int argc, char** argv)
{
    if (argc == 2 && std::string_view{argv[1]} == "-h") {
        onlogin::fake::print_usage(stdout);
        return 0;
    }
    if (argc > 1 || !onlogin::is_listening_socket(0)) {
        onlogin::fake::print_usage(stderr);
        return 2;
    }
    try {
        return onlogin::fake::serve();
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "fake-wechat: %s\n", failed.what());
        return 1;
    }
}
