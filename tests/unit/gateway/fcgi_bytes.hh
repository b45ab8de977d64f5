#pragma once

// FastCGI's bytes as a web server writes them, well or badly.

#include <string>

#include <fastcgi.h>

namespace onlogin {

inline std::string record(int type, int id, const std::string& content, int padding = 0)
{
    const auto size = content.size();
    std::string bytes{FCGI_VERSION_1,
                      static_cast<char>(type),
                      static_cast<char>(id >> 8),
                      static_cast<char>(id & 0xff),
                      static_cast<char>(size >> 8),
                      static_cast<char>(size & 0xff),
                      static_cast<char>(padding),
                      '\0'};
    return bytes + content + std::string(static_cast<std::size_t>(padding), 'p');
}

inline std::string begin(int role = FCGI_RESPONDER, int flags = FCGI_KEEP_CONN, int id = 1)
{
    return record(FCGI_BEGIN_REQUEST, id,
                  std::string{'\0', static_cast<char>(role), static_cast<char>(flags)} +
                      std::string(5, '\0'));
}

// One byte for the length of the name, four for that of the value.
inline std::string pair(const std::string& name, const std::string& value)
{
    const auto size = value.size();
    return std::string{static_cast<char>(name.size()), static_cast<char>(0x80 | size >> 24),
                       static_cast<char>(size >> 16 & 0xff), static_cast<char>(size >> 8 & 0xff),
                       static_cast<char>(size & 0xff)} +
           name + value;
}

inline std::string request(const std::string& params, const std::string& body, int padding = 0)
{
    return begin() + (params.empty() ? "" : record(FCGI_PARAMS, 1, params, padding)) +
           record(FCGI_PARAMS, 1, "") + (body.empty() ? "" : record(FCGI_STDIN, 1, body, padding)) +
           record(FCGI_STDIN, 1, "", padding);
}

} // namespace onlogin
