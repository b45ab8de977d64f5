#include "fake_wechat.hh"

#include "endpoints.hh"
#include "gateway/errors.hh"

#include <algorithm>

namespace onlogin::fake {

namespace {

Endpoint list_apps, help;

struct Place
{
    std::string_view path;
    std::string_view parameters;
    std::string_view help;
    Endpoint* answer;
};

constexpr Place places[] = {
    {"/sns/jscode2session", "?appid=&secret=&js_code=&grant_type=authorization_code", "as WeChat",
     jscode2session},
    {"/cgi-bin/stable_token", "", "as WeChat", stable_token},
    {"/wxa/business/getuserphonenumber", "?access_token=", "as WeChat", get_phone_number},
    {"/wxa/checksession", "?access_token=&openid=&signature=&sig_method=hmac_sha256", "as WeChat",
     check_session},
    {"/wxa/msg_sec_check", "?access_token=", "as WeChat; content with \"risky\" in it is risky",
     msg_sec_check},
    {"/wxa/img_sec_check", "?access_token=", "as WeChat; an image with \"risky\" in it is risky",
     img_sec_check},
    {"/wxa/getwxacodeunlimit", "?access_token=", "as WeChat; a JPEG of 60 kB, always the same",
     get_unlimited_code},
    {"/cgi-bin/get_api_domain_ip", "?access_token=", "as WeChat", get_api_domain_ip},
    {"/fake/code", "?appid=", "a fresh login code; options may follow", issue_code},
    {"/fake/phone-code", "?appid=", "a fresh phone code; options may follow", issue_phone_code},
    {"/fake/exchanges", "?code=", "how many exchanges that code has seen", count_exchanges},
    {"/fake/user-data", "?appid=&user=",
     "encryptedData, iv, rawData and signature as wx.getUserProfile has them, for the last "
     "session_key of that user (alice); openid=, unionid=1, timestamp=, watermark_appid=, "
     "session_key= are others than the real ones; plain= is encrypted instead",
     user_data},
    {"/fake/access-token", "?appid=",
     "the access token and how often it was fetched; options say how the coming fetches go, and "
     "replace earlier ones; renewals=N: as if renewed by force N times today",
     show_access_token},
    {"/fake/spoil-token", "?appid=&how=",
     "dead: APIs refuse the token, normal mode goes on giving it out; replaced: somebody else has "
     "renewed it; expired: so it has; errcode=N is the refusal; all renewals by force are "
     "forgotten",
     spoil_access_token},
    {"/fake/seen", "?path=",
     "how many requests a path of WeChat has seen, and of the last one access_token, method, "
     "query, content_type, body_bytes",
     show_seen},
    {"/fake/journal", "?since=",
     "the last requests of WeChat's paths and their answers, after that number, as JSON; what is "
     "secret in them is hidden",
     show_journal},
    {"/fake/apps", "", "the apps: appid and secret", list_apps},
    {"/fake/help", "", "this", help},
};

Answer list_apps(World& world, const Request& /*request*/, const Query& /*query*/)
{
    std::string text;
    for (const auto& app : world.apps)
        text += app.appid + ' ' + app.secret + '\n';
    return answer(text);
}

Answer help(World& /*world*/, const Request& /*request*/, const Query& /*query*/)
{
    return answer(help_text());
}

Answer decide(World& world, const Request& request)
try {
    const auto query = read_query(request.query);
    if (!query)
        throw BadRequest{untranslated("a parameter is not percent-encoded")};
    const auto place = std::ranges::find(places, request.path, &Place::path);
    if (place == std::end(places))
        throw BadRequest{untranslated("nothing here: see /fake/help"), 404};
    if (request.path.starts_with("/fake/"))
        return place->answer(world, request, *query);
    note(world, request, *query);
    auto made = place->answer(world, request, *query);
    keep_in_journal(world, request, *query, made);
    return made;
} catch (const BadRequest& wrong) {
    return answer(wrong.what(), plain, wrong.status);
}

// Lines of up to 80 characters, behind 24 blanks.
std::string indented(std::string_view text)
{
    constexpr std::size_t indent = 24, width = 56;
    std::string result;
    while (!text.empty()) {
        const auto fits = text.size() <= width;
        const auto end = fits ? text.size() : text.rfind(' ', width);
        result += std::string(indent, ' ') + std::string{text.substr(0, end)} + '\n';
        text.remove_prefix(fits ? end : end + 1);
    }
    return result;
}

std::string describe_places()
{
    std::string text;
    for (const auto& place : places) {
        std::string left = "  " + std::string{place.path} + std::string{place.parameters};
        auto help_lines = indented(place.help);
        if (left.size() < 24)
            help_lines.replace(0, left.size(), left);
        else
            left += '\n';
        text += left.size() > 24 ? left + help_lines : help_lines;
    }
    return text;
}

} // namespace

FakeWechat::FakeWechat(Loop& loop, std::vector<KnownApp> apps)
    : loop_{loop}
    , world_{std::make_unique<World>()}
{
    world_->apps = std::move(apps);
}

FakeWechat::~FakeWechat() = default;

Task<Response> FakeWechat::answer(Request& request)
{
    auto later = decide(*world_, request);
    if (later.delay > milliseconds{0})
        co_await pause(loop_, later.delay);
    co_return std::move(later.response);
}

std::string help_text()
{
    return "Endpoints:\n" + describe_places() + R"(
Options of login codes (c), of phone codes (p), of the fetches of tokens (t):
)" + describe_options() +
           R"(
Magic codes need no asking, are login codes and phone codes, suit every app and
are never used up. They are such options, with a dash for =, joined by dots:
  errcode-40029         always refused with 40029
  errcode--1.times-1    "system error" once, then a login
  delay-1500            a login, answered after 1.5 seconds
  user-bob.unionid-1    a login of bob, with a unionid
  status-502.body-html  an error page
  ok-1, ok-2, ok-...    a login; as many codes as one needs
)";
}

} // namespace onlogin::fake
