#pragma once

// What can go wrong, as types. Code throws the one that fits; the router alone turns them into
// answers (contract with clients: one row of its table each). No text here ever holds a secret.

#include <stdexcept>
#include <string>

namespace onlogin {

// The configuration or a file it names cannot be used. The text names file, line and key, and says
// what mends it.
struct ConfigError : std::runtime_error
{
    using runtime_error::runtime_error;
};

// The client's request makes no sense: 400, or another 4xx that says so.
struct BadRequest : std::runtime_error
{
    explicit BadRequest(const std::string& text, int http_status = 400)
        : runtime_error{text}
        , status{http_status}
    {
    }
    int status;
};

// The method is not one the action answers: 405. `allow` is the value of the Allow header.
struct MethodNotAllowed : std::runtime_error
{
    explicit MethodNotAllowed(std::string allowed)
        : runtime_error{"the method is not allowed here"}
        , allow{std::move(allowed)}
    {
    }
    std::string allow;
};

// The code came from the developer tools without a real appid (they hand out a fixed text).
struct MockCode : std::runtime_error
{
    MockCode()
        : runtime_error{"the developer tools made up this login code: "
                        "open the project with its real appid"}
    {
    }
};

// No session of whoever asks: 401. The text is the cause for the log, not for the client.
struct Unauthorized : std::runtime_error
{
    using runtime_error::runtime_error;
};

// There is a session, but only a newer one can do what is asked: its session_key is missing or was
// replaced by a later wx.login, or what was encrypted with it has grown old: 401. The text is for
// the client, `cause` for the log.
struct StaleSession : std::runtime_error
{
    StaleSession(const std::string& text, std::string why)
        : runtime_error{text}
        , cause{std::move(why)}
    {
    }
    std::string cause;
};

// More is in flight than the limits allow, or the worker is stopping: 503.
struct Busy : std::runtime_error
{
    using runtime_error::runtime_error;
};

// What WeChat was asked for: the same errcode means different things.
enum class Api
{
    Login,   // code2session
    Token,   // an access token
    Phone,   // the phone number behind a code
    Session, // whether a session_key holds
};

// WeChat answered with an errcode. `rid` is WeChat's id of the exchange, for its support; may be
// empty. `address` is our public address where WeChat named it (40164), for the log.
struct Refused : std::runtime_error
{
    Refused(Api asked, int code, std::string id, std::string own_address = {})
        : runtime_error{"WeChat refused"}
        , api{asked}
        , errcode{code}
        , rid{std::move(id)}
        , address{std::move(own_address)}
    {
    }
    Api api;
    int errcode;
    std::string rid;
    std::string address;
};

// WeChat cannot be reached and certainly never saw the request: 502, the same code may come again.
// The text is the cause (name, connection, TLS) for the log, not for the client.
struct Unreachable : std::runtime_error
{
    using runtime_error::runtime_error;
};

// WeChat may have seen the request, but what came back cannot be used: 502, the code may be spent.
// The text is for the log.
struct Unusable : std::runtime_error
{
    using runtime_error::runtime_error;
};

// The deadline passed after the request went out: 504, the code may be spent.
struct TimedOut : std::runtime_error
{
    using runtime_error::runtime_error;
};

// The store of ended sessions cannot be asked or told: 503, and nobody is let through. The text is
// the cause and what mends it, for the log and the operator, not for the client.
struct StoreUnreachable : std::runtime_error
{
    using runtime_error::runtime_error;
};

} // namespace onlogin
