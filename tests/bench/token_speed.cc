// What it takes to seal and to open a session token, in microseconds of CPU: medians of rounds.

#include "session_token.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <time.h>

using namespace onlogin;

namespace {

constexpr int rounds = 21, turns = 2000;

double cpu_us()
{
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

template <class Work>
void measure(const char* name, Work&& work)
{
    std::array<double, rounds> took{};
    for (auto& each : took) {
        const auto began = cpu_us();
        for (int i = 0; i < turns; ++i)
            work();
        each = (cpu_us() - began) / turns;
    }
    std::sort(took.begin(), took.end());
    printf("%-38s %6.2f us\n", name, took[rounds / 2]);
}

void require(bool condition)
{
    if (!condition)
        abort();
}

std::string file_of(std::size_t count)
{
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
        text += new_session_key().reveal() + '\n';
    return text;
}

} // namespace

int main()
{
    const SessionKeys keys{file_of(1), "keys"}, many{file_of(SessionKeys::most), "keys"};
    const auto now = wall_time();
    const Claims claims{"oGZUI0egBJY1zhBYw2KhdUfwVJJE",
                        "wx0123456789abcdef",
                        "oUnionUnionUnionUnionUnionUn",
                        Secret{"tiihtNczf5v6AKRyjwEUhQ=="},
                        now,
                        now + std::chrono::hours{2},
                        now};
    const auto ours = [](std::string_view) { return true; };
    const auto token = seal_token(keys, claims);
    auto forged = token;
    forged[100] = forged[100] == 'A' ? 'B' : 'A';

    const auto nonce = random_bytes(32);

    printf("session tokens of %zu characters\n", token.size());
    measure("seal", [&] { require(!seal_token(keys, claims).empty()); });
    measure("open", [&] { require(open_token(keys, token, now, ours).has_value()); });
    measure("refuse one that was changed", [&] { require(!open_token(keys, forged, now, ours)); });
    measure("refuse one of an unknown key, 16 keys",
            [&] { require(!open_token(many, token, now, ours)); });
    measure("  of these: seal without claims",
            [&] { require(!paseto_seal(keys.sealing().key, token).empty()); });
    measure("  open without claims",
            [&] { require(paseto_open(keys.sealing().key, token).has_value()); });
    measure("  HKDF",
            [&] { require(!keys.sealing().key.derive().expand("a", nonce).view().empty()); });
    measure("  random bytes", [&] { require(!random_bytes(32).empty()); });
    return 0;
}
