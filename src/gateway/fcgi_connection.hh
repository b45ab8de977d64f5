#pragma once

// One connection of the server in front, for the gateway.

#include "base/fd.hh"
#include "gateway/fcgi_records.hh"
#include "net/loop.hh"
#include "net/task.hh"

#include <cstdint>
#include <memory>
#include <string>

#include <sys/socket.h>

namespace onlogin {

struct FcgiConnection
{
    enum class State
    {
        Idle,      // kept between two requests
        Gathering, // waiting for the rest of a request, or for the first
        Serving,   // the handler is at work
        Sending,   // the answer waits for the peer to read
        Lingering, // answered; what still comes is thrown away
        Closed,
    };

    Fd socket;
    std::unique_ptr<Watch> watch;
    State state = State::Gathering;
    Clock::time_point since;    // when it entered the state
    std::string input;          // read, but no whole request yet
    Gathering gathering;        // what is known of it
    std::string output;         // to be sent
    std::uint16_t id = 0;       // of the request that is being served
    bool head = false;          // it is a HEAD
    bool keep = false;          // leave it open after this request
    bool asked_to_keep = false; // the server has asked so, in this request or an earlier one
    int answers = 0;            // sent, or begun to be sent
    bool unread = false;        // the request was answered before its end, which still comes
    Task<> task;

    void enter(State next)
    {
        state = next;
        since = Clock::now();
    }

    // Whether a stop has to wait for it.
    [[nodiscard]] bool at_work() const
    {
        return state == State::Serving || state == State::Sending ||
               (state == State::Gathering && !input.empty());
    }

    // Whether it came through a unix socket.
    [[nodiscard]] bool is_local() const
    {
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        return getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
               address.ss_family == AF_UNIX;
    }
};

} // namespace onlogin
