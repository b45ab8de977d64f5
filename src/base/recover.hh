#pragma once

namespace onlogin {

// What helps a client after a failure; the member `recover` of an answer has a word for each.
enum class Recover
{
    Login, // a fresh code from wx.login, once
    Later, // after Retry-After, with a fresh code
    Never, // nothing that the client can do
};

} // namespace onlogin
