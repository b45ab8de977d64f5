#pragma once

// Why a file cannot be the store of ended sessions: the same words when a worker opens it and when
// somebody only looks.

#include "store/sqlite.hh"

#include <string>

namespace onlogin {

inline constexpr long long version_of_tables = 1;

inline constexpr auto of_another_program =
    "the SQLite file belongs to another program, or to another version of this one: name another "
    "in session.revocations";

// Makes `path` if there is no such file, for nobody else to read: SQLite gives its other files the
// same mode. Throws StoreUnreachable if it cannot be used, for a reason that SQLite would not tell.
void prepare_sqlite_file(const std::string& path);

// Throws StoreUnreachable where this process could not use the file, or make it, as a store.
// Changes and makes nothing. What only writing shows, a lock or a full disk, it does not find.
void look_at_sqlite_file(const std::string& path);

// What SQLite said of `path`, with what mends it.
std::string explain(const std::string& path, const SqliteError& error);

} // namespace onlogin
