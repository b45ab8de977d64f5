#pragma once

// What WeChat says no to, and what is wrong with what its client has encrypted or signed.

#include "base/language.hh"

#include <stdexcept>
#include <string>
#include <utility>

namespace onlogin {

// What WeChat was asked for: the same errcode means different things.
enum class Api
{
    Login,      // code2session
    Token,      // an access token
    Phone,      // the phone number behind a code
    SessionKey, // whether a session_key holds
    TokenCheck, // anything that takes an access token: whether it does take it
};

// WeChat answered with an errcode. `rid` is WeChat's id of the call, for its support; may be
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

// This is nothing that WeChat's client has made for this mini program, or it was damaged on its
// way: no login mends it. The text is for the client.
struct BadUserData : std::runtime_error
{
    explicit BadUserData(Phrase text)
        : runtime_error{text.english}
        , spoken{std::move(text.spoken)}
    {
    }
    std::string spoken;
};

// There is a session, but only a newer one can do what is asked: its session_key is missing or was
// replaced by a later wx.login, or what was encrypted with it has grown old. The text is for the
// client, `cause` for the log.
struct StaleSession : std::runtime_error
{
    StaleSession(Marked text, std::string why)
        : runtime_error{text.data()}
        , message{text}
        , cause{std::move(why)}
    {
    }
    Marked message;
    std::string cause;
};

} // namespace onlogin
