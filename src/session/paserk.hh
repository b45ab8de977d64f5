#pragma once

// PASERK: keys of v3.local as text, and names of keys that give nothing away.
// https://github.com/paseto-standard/paserk, types/local.md and types/lid.md

#include "session/paseto.hh"

namespace onlogin {

// k3.local.…, as one line of a file of keys.
Secret write_k3_local(const LocalKey& key);

// Absent unless `text` is what write_k3_local() writes, character for character. Keys of other
// versions and purposes, wrapped keys and ids are none.
std::optional<LocalKey> read_k3_local(std::string_view text);

// The id of `key`, k3.lid.…: names it to others, who learn nothing of the key from it.
std::string k3_lid(const LocalKey& key);

} // namespace onlogin
