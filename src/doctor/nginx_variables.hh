#pragma once

// The variables of nginx's configuration, as far as it tells what is in them.

#include "doctor/nginx_config.hh"

#include <string>
#include <vector>

namespace onlogin {

// Stands for a part of a text that the configuration does not tell: it comes with the request.
inline constexpr char unknown_part = '\0';

// What `text` may become in a server, each once: a variable that `set` makes there, or a `map`,
// `geo` or `split_clients`, has all of its values, and any other is `unknown_part`. Where there are
// very many, the rest is one that is not known.
std::vector<std::string> possible_values(const std::string& text, const Directive& server,
                                         const std::vector<Directive>& main);

} // namespace onlogin
