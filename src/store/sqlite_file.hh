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

// Makes the tables if they are not there, or not all that the rows need now: workers of the first
// release have neither the column `stay` nor the table `age`, and share the file during an upgrade.
// What they add is taken for a row that stays for long. Throws StoreUnreachable where the file is
// another program's, and SqliteError.
//
//   ended   seq      larger than that of the row before, by a random step
//           key, until, forget    see Revocations::Row
//           stay     the row stays until the file has this age
//   age     ms       how long the host has run since the file was made; may fall behind
//           running_time    of the host, when that was written
void make_sqlite_tables(Sqlite& db);

// Throws StoreUnreachable where this process could not use the file, or make it, as a store.
// Changes and makes nothing. What only writing shows, a lock or a full disk, it does not find.
void look_at_sqlite_file(const std::string& path);

// What SQLite said of `path`, with what mends it.
std::string explain(const std::string& path, const SqliteError& error);

} // namespace onlogin
