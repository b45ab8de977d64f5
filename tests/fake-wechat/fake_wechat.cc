#include "fake_wechat.hh"

#include "encode.hh"
#include "error.hh"
#include "random_text.hh"
#include "wechat_text.hh"

namespace onlogin::fake {

namespace {

Response text_response(int status, std::string text)
{
    Response response;
    response.status = status;
    response.content_type = "text/plain";
    response.body = std::move(text);
    return response;
}

Response error_response(int errcode)
{
    return text_response(200, write(error_members(errcode)));
}

// The errcode of what is wrong with everything but the code, in WeChat's order; 0 if nothing is.
int check_caller(const Request& request, const Query& query, const std::vector<KnownApp>& apps,
                 const std::string& code)
{
    const auto appid = find(query, "appid");
    const auto secret = find(query, "secret");
    if (request.method != "GET" || appid.empty())
        return 41002; // WeChat does not see the parameters of a POST
    if (secret.empty())
        return 41004;
    if (code.empty())
        return 41008;
    if (find(query, "grant_type") != "authorization_code")
        return 40002;
    const auto* const app = find(apps, appid);
    if (!app)
        return 40013;
    if (app->secret != secret)
        return 40125;
    return app->errcode;
}

Members success_members(const Behaviour& behaviour, const std::string& appid)
{
    const auto or_made = [](const std::string& given, std::string made) {
        return quoted(given.empty() ? made : given);
    };
    Members members;
    members.emplace_back("session_key", or_made(behaviour.session_key, random_session_key()));
    if (behaviour.expires_in)
        members.emplace_back("expires_in", "7200");
    members.emplace_back("openid",
                         or_made(behaviour.openid, identifier(appid + '/' + behaviour.user)));
    if (behaviour.unionid) // the same in all apps
        members.emplace_back("unionid", quoted(identifier("unionid/" + behaviour.user)));
    if (behaviour.errcode_zero)
        for (auto& member : error_members(0, behaviour.errcode_as_string))
            members.push_back(std::move(member));
    return members;
}

} // namespace

const FakeWechat::Endpoint FakeWechat::endpoints[] = {
    {"/sns/jscode2session", &FakeWechat::exchange},
    {"/fake/code", &FakeWechat::issue},
    {"/fake/exchanges", &FakeWechat::count},
    {"/fake/apps", &FakeWechat::list_apps},
    {"/fake/help", &FakeWechat::help},
};

FakeWechat::FakeWechat(Loop& loop, std::vector<KnownApp> apps)
    : loop_{loop}
    , apps_{std::move(apps)}
{
}

Task<Response> FakeWechat::answer(Request& request)
{
    auto later = decide(request);
    if (later.delay > milliseconds{0})
        co_await pause(loop_, later.delay);
    co_return std::move(later.response);
}

FakeWechat::Later FakeWechat::decide(const Request& request)
try {
    const auto query = read_query(request.query);
    if (!query)
        throw BadRequest{"a parameter is not percent-encoded"};
    for (const auto& endpoint : endpoints)
        if (request.path == endpoint.path)
            return (this->*endpoint.answer)(request, *query);
    throw BadRequest{"nothing here: see /fake/help", 404};
} catch (const BadRequest& wrong) {
    return {text_response(wrong.status, wrong.what())};
}

FakeWechat::Later FakeWechat::exchange(const Request& request, const Query& query)
{
    const auto appid = find(query, "appid");
    const auto code = find(query, "js_code");
    auto& record = codes_.exchange(code);
    if (const int errcode = check_caller(request, query, apps_, code))
        return {error_response(errcode)};

    const auto magic = record.issued ? std::nullopt : read_magic_code(code);
    const bool alive = record.issued && record.appid == appid && Clock::now() < record.expires;
    if (!magic && !alive)
        return {error_response(40029)};
    if (record.used)
        return {error_response(40163)};

    const auto& behaviour = magic ? *magic : record.behaviour;
    const bool refused =
        behaviour.errcode && (!behaviour.times || record.exchanges <= *behaviour.times);
    record.used = !magic && !refused;
    auto members = refused ? error_members(*behaviour.errcode, behaviour.errcode_as_string)
                           : success_members(behaviour, appid);

    Later later{text_response(behaviour.status, write(members)), behaviour.delay};
    auto& response = later.response;
    if (behaviour.body) {
        response.content_type = behaviour.body->content_type;
        response.body = behaviour.body->make(std::move(members));
    }
    if (response.status / 100 == 3) { // who follows shows up as one exchange more
        std::string location = "/sns/jscode2session?js_code=";
        append_percent_encoded(location, code);
        response.headers.emplace_back("Location", std::move(location));
    }
    return later;
}

FakeWechat::Later FakeWechat::issue(const Request& /*request*/, const Query& query)
{
    const auto appid = find(query, "appid");
    if (!find(apps_, appid))
        throw BadRequest{"appid is missing or unknown: see /fake/apps"};
    Behaviour behaviour;
    for (const auto& [name, value] : query)
        if (name != "appid")
            set_option(behaviour, name, value);
    return {text_response(200, codes_.issue(appid, std::move(behaviour)))};
}

FakeWechat::Later FakeWechat::count(const Request& /*request*/, const Query& query)
{
    return {text_response(200, std::to_string(codes_.exchanges(find(query, "code"))))};
}

FakeWechat::Later FakeWechat::list_apps(const Request& /*request*/, const Query& /*query*/)
{
    std::string text;
    for (const auto& app : apps_)
        text += app.appid + ' ' + app.secret + '\n';
    return {text_response(200, text)};
}

FakeWechat::Later FakeWechat::help(const Request& /*request*/, const Query& /*query*/)
{
    return {text_response(200, help_text())};
}

std::string help_text()
{
    return R"(Endpoints:
  /sns/jscode2session?appid=&secret=&js_code=&grant_type=authorization_code
                        as WeChat
  /fake/code?appid=     a fresh login code; parameters from below may follow
  /fake/exchanges?code= how many exchanges that code has seen
  /fake/apps            the apps: appid and secret
  /fake/help            this

What the exchange of a code does:
)" + describe_options() +
           R"(
Magic codes need no asking, suit every app and are never used up. They are such
options, with a dash for =, joined by dots:
  errcode-40029         always refused with 40029
  errcode--1.times-1    "system error" once, then a login
  delay-1500            a login, answered after 1.5 seconds
  user-bob.unionid-1    a login of bob, with a unionid
  status-502.body-html  an error page
  ok-1, ok-2, ok-...    a login; as many codes as one needs
)";
}

} // namespace onlogin::fake
