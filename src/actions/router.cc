#include "actions/router.hh"

#include "actions/actions.hh"
#include "actions/errors.hh"
#include "base/crypto.hh"
#include "gateway/errors.hh"
#include "https/errors.hh"
#include "net/errors.hh"
#include "store/errors.hh"
#include "wechat/errcodes.hh"
#include "wechat/errors.hh"

namespace onlogin {

namespace {

enum class Kind
{
    Public,
    Internal, // reachable by ONLOGIN_ACTION alone
};

// Which methods an action takes, as a set; the words are in the order of the Allow header. HEAD is
// taken wherever GET is, and by the same code (RFC 9110, section 9.3.2).
constexpr unsigned Get = 1, Post = 2, Any = ~0U;

struct Method
{
    unsigned bit;
    std::string_view word;
};
constexpr Method methods[] = {{Get, "GET"}, {Get, "HEAD"}, {Post, "POST"}};

struct Route
{
    std::string_view action;
    Kind kind;
    unsigned methods;
    bool ends;   // refused once the worker stops
    bool logged; // at level info
    Task<Response> (*answer)(App&, Request&);
};

constexpr Route routes[] = {
    {"login", Kind::Public, Get | Post, true, true, login}, // code -> identity and session
    {"logout", Kind::Public, Post, true, true, logout},
    {"decrypt", Kind::Public, Post, true, true, decrypt}, // what WeChat has encrypted for us
    {"phone", Kind::Public, Post, true, true, phone},     // code of getPhoneNumber -> phone number
    {"health", Kind::Public, Get, false, false, health},
    {"auth", Kind::Internal, Any, true, false, auth}, // nginx's auth_request: 204 or 401
    {"access_token", Kind::Internal, Any, true, false, access_token}, // the same: 204
    {"sign", Kind::Internal, Post, true, true, sign},
    {"check_session", Kind::Internal, Post, true, true, check_session},
};

constexpr const Route* find_route(std::string_view action)
{
    for (const auto& route : routes)
        if (route.action == action)
            return &route;
    return nullptr;
}

// For a path that names no public action, as /onLogin itself.
constexpr const Route& fallback = *find_route("login");

const Route& choose_route(const Request& request)
{
    if (!request.action.empty()) {
        if (const auto* route = find_route(request.action))
            return *route;
        throw BadRequest{phrase("there is no such action"), 404};
    }
    const auto slash = request.path.rfind('/');
    const auto* route = find_route(
        std::string_view{request.path}.substr(slash == request.path.npos ? 0 : slash + 1));
    return route && route->kind == Kind::Public ? *route : fallback;
}

// Of a HEAD that the action is asked by. Where any method is taken, it is that of a request that
// the server in front asks about, and an answer to the server's own question keeps its body.
bool is_head(const Route* route, const Request& request)
{
    return request.method == "HEAD" && !(route && route->methods == Any);
}

void check_method(const Route& route, const std::string& method)
{
    if (route.methods == Any)
        return;
    std::string allow;
    for (const auto& known : methods) {
        if (!(route.methods & known.bit))
            continue;
        if (known.word == method)
            return;
        allow += allow.empty() ? "" : ", ";
        allow += known.word;
    }
    throw MethodNotAllowed{allow};
}

// An internal action is for who knows the key, where there is one: others may open the socket, too.
// Without the key there is no such action, to them.
void check_key(App& app, const Route& route, const Request& request)
{
    const auto& key = app.config->internal_key;
    if (route.kind == Kind::Public || key.empty() ||
        equal_in_constant_time(key.reveal(), request.internal_key.reveal()))
        return;
    if (app.keyless.is_time())
        app.log.warn(
            "internal action refused",
            {{"action", route.action},
             {"reason", request.internal_key.empty() ? "no ONLOGIN_KEY" : "a wrong ONLOGIN_KEY"},
             {"advice",
              translate("if it was nginx that asked: `onlogin doctor` says what its locations "
                        "lack")}});
    throw BadRequest{phrase("there is no such action"), 404};
}

// Counts an action while it lasts, and tells when it does not come to an answer: the client has
// left, or the time for a stop is over.
struct Running
{
    App& app;
    const Request& request;
    bool answered = false;

    Running(App& counted, const Request& counted_request)
        : app{counted}
        , request{counted_request}
    {
        ++app.in_flight;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running()
    {
        --app.in_flight;
        if (!answered)
            app.log.info("cancelled", {{"request", request.id}, {"app", request.trace.app}});
    }
};

struct Answer
{
    Response response;
    std::string outcome; // for the log
};

// One row of the answers' table an exception type.
Answer explain(App& app, const std::exception_ptr& failure, Trace& trace)
{
    const auto fail = [](int http_status, int code, Marked message, Recover recover, int retry_s) {
        return Response::failure(http_status, code, translate(message), recover, retry_s);
    };
    constexpr auto log_in = marked("there is no session, or it is over: log in");
    try {
        std::rethrow_exception(failure);
    } catch (const BadRequest& e) {
        return {Response::failure(e.status, e.status, e.spoken, Recover::Never), e.what()};
    } catch (const BadUserData& e) {
        return {Response::failure(400, 400, e.spoken, Recover::Never), e.what()};
    } catch (const MethodNotAllowed& e) {
        auto response = fail(405, 405, e.message, Recover::Never, 0);
        response.headers.emplace_back("Allow", e.allow);
        return {std::move(response), e.what()};
    } catch (const MockCode& e) {
        return {fail(401, 40029, e.message, Recover::Login, 0), e.what()};
    } catch (const Undecided& e) {
        if (app.undecided.is_time())
            app.log.error("undecided", {{"reason", e.what()}, {"advice", translate(e.advice)}});
        return {fail(401, 401, log_in, Recover::Login, 0), e.what()};
    } catch (const Unauthorized& e) {
        return {fail(401, 401, log_in, Recover::Login, 0), e.what()};
    } catch (const StaleSession& e) {
        return {fail(401, 401, e.message, Recover::Login, 0), e.cause};
    } catch (const Refused& e) {
        trace.errcode = e.errcode;
        trace.rid = e.rid;
        const auto& row = find_errcode(e.errcode, e.api);
        return {fail(row.status, e.errcode, row.message, row.recover, row.retry_after_s),
                "refused"};
    } catch (const Unreachable& e) {
        return {fail(502, 502, marked("WeChat cannot be reached"), Recover::Later, 5),
                std::string{"unreachable: "} + e.what()};
    } catch (const Unusable& e) {
        return {fail(502, 502, marked("WeChat's answer cannot be used"), Recover::Login, 0),
                std::string{"unusable: "} + e.what()};
    } catch (const TimedOut&) {
        return {fail(504, 504, marked("WeChat did not answer in time"), Recover::Login, 0),
                "timed out"};
    } catch (const StoreUnreachable& e) {
        return {
            fail(503, 503, marked("the login server cannot look sessions up"), Recover::Later, 2),
            std::string{"store unreachable: "} + e.what()};
    } catch (const Busy& e) {
        return {fail(503, 503, e.message, Recover::Later, 1), e.what()};
    } catch (const std::exception& e) { // out of memory and the like
        return {fail(500, 500, marked("the login server failed"), Recover::Later, 5), e.what()};
    }
}

void write_log(App& app, const Route* route, const Request& request, const Answer& answer)
{
    const int status = answer.response.status;
    const auto level = status >= 500             ? Level::Warn
                       : !route || route->logged ? Level::Info
                                                 : Level::Debug;
    if (!app.log.writes(level))
        return;
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - request.arrived);
    const auto& trace = request.trace;
    app.log.write(level, route ? route->action : "request",
                  {{"request", request.id},
                   {"app", trace.app},
                   {"status", status},
                   {"outcome", answer.outcome},
                   {"errcode", trace.errcode},
                   {"rid", trace.rid},
                   {"wechat_ms", trace.wechat_ms},
                   {"ms", took.count()}});
}

} // namespace

Task<Response> route(App& app, Request& request)
{
    Running running{app, request};
    const Route* route = nullptr;
    std::exception_ptr failure;
    Answer answer{{}, "ok"};
    try {
        route = &choose_route(request);
        check_key(app, *route, request);
        check_method(*route, request.method);
        if (route->ends && request.draining)
            throw Busy{marked("the login server is restarting")};
        answer.response = co_await route->answer(app, request);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure)
        answer = explain(app, failure, request.trace);
    write_log(app, route, request, answer);
    answer.response.head = is_head(route, request);
    running.answered = true;
    co_return std::move(answer.response);
}

} // namespace onlogin
