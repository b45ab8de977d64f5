#pragma once

// What libfcgi makes of the bytes of a connection, and what it writes itself.

#include <string>
#include <string_view>
#include <vector>

namespace onlogin {

// What FCGX_Accept_r and the streams of its request made of some bytes.
struct LibfcgiRequest
{
    bool accepted = false; // FCGX_Accept_r said 0
    bool whole = false;    // and parameters and body had an end, without an error
    int id = 0;
    int role = 0;
    bool keep = false;
    std::vector<std::string> params; // NAME=VALUE, without FCGI_ROLE, which is libfcgi's own
    std::string body;
    std::string written; // to the peer
};

// Lets libfcgi read what a peer sent who sends nothing more, and answer with `answer`. At most
// about 200,000 bytes in either direction.
LibfcgiRequest libfcgi_reads(std::string_view bytes, std::string_view answer = "");

// What libfcgi writes for a stream of `type` (FCGI_STDOUT, FCGI_PARAMS, …): `content` in records,
// and the end of the stream.
std::string libfcgi_writes(int type, int id, std::string_view content);

} // namespace onlogin
