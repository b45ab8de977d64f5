// What it takes to seal and to open a session token, and to do what its session_key is for, in
// microseconds of CPU: medians of rounds.

#include "../encrypted.hh"
#include "base/base64.hh"
#include "base/crypto.hh"
#include "base/encode.hh"
#include "session/token.hh"
#include "wechat/errors.hh"
#include "wechat/user_data.hh"

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

// As long as what wx.getUserInfo gives, and of now.
std::string user_info(std::string_view appid, Time now)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    return R"({"openId":"oGZUI0egBJY1zhBYw2KhdUfwVJJE","nickName":"小明","gender":1,)"
           R"("language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN",)"
           R"("avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/)" +
           std::string(110, 'a') +
           R"(/0","unionId":"ocMvos6NjeKLIBqg5Mr9QjxrP1FA","watermark":{"timestamp":)" +
           std::to_string(seconds) + R"(,"appid":")" + std::string{appid} + R"("}})";
}

bool opens(const Secret& session_key, const std::string& data, const std::string& iv,
           std::string_view appid)
{
    try {
        return open_user_data(session_key, data, iv, appid).object.isObject();
    } catch (const StaleSession&) {
        return false;
    }
}

void measure_user_data(const Claims& claims, Time now)
{
    const auto& key = claims.session_key;
    const auto text = user_info(claims.appid, now);
    const std::string start(16, 'i'), iv = to_base64(start);
    const auto data =
        to_base64(aes_128_cbc_encrypted(base64_decode(key.reveal()).value_or(""), start, text));
    const std::string raw_data = text.substr(0, 200);
    const auto signature = to_hex(sha1({raw_data, key.reveal()}));
    const Secret replaced{"AAAAAAAAAAAAAAAAAAAAAA=="};

    printf("\nuser data of %zu bytes\n", text.size());
    measure("decrypt", [&] {
        check_age(open_user_data(key, data, iv, claims.appid), now, std::chrono::seconds{300});
    });
    measure("refuse, the key was replaced",
            [&] { require(!opens(replaced, data, iv, claims.appid)); });
    measure("check a signature of 200 bytes", [&] { check_raw_data(key, raw_data, signature); });
    measure("sign 200 bytes", [&] { require(!user_signature(key, raw_data).empty()); });
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
    measure_user_data(claims, now);
    return 0;
}
