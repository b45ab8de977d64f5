#pragma once

// libfcgi as the judge of our framing: gather() and answer_records() beside libfcgi, over the same
// bytes.

#include <string>
#include <string_view>

namespace onlogin {

// Why libfcgi's word on these bytes counts for nothing, or why they would even kill the process;
// empty: it is to be believed.
std::string_view libfcgi_is_wrong(std::string_view bytes);

// In what gather() and libfcgi differ over the same bytes, which libfcgi must be right about; empty
// where they mean the same.
std::string difference(std::string_view bytes, std::size_t body_limit);

// In what answer_records() and `written`, which libfcgi wrote to answer request `id` with `text`,
// differ; empty where they mean the same. Where a stream is cut into records is free: libfcgi cuts
// at the 8,192 bytes of its buffer, we at what a record holds.
std::string answer_difference(int id, std::string_view text, std::string_view written);

} // namespace onlogin
