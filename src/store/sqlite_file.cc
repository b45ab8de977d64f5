#include "store/sqlite_file.hh"

#include "base/fd.hh"
#include "base/rfc3339.hh"
#include "store/errors.hh"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

namespace {

// For rows that a worker has written which did not know how long they are to stay: what
// session.max_age_s is, unless somebody has raised it.
constexpr std::chrono::milliseconds usual_stay = std::chrono::hours{24 * 31};

std::string directory_of(const std::string& path)
{
    return std::filesystem::path{path}.parent_path().string();
}

std::string this_user()
{
    return "user " + std::to_string(geteuid());
}

// `reason` is the errno of who has tried to make it.
[[noreturn]] void cannot_make(const std::string& path, int reason)
{
    const auto directory = directory_of(path);
    if (reason == ENOENT || reason == ENOTDIR)
        throw StoreUnreachable{"there is no directory " + directory +
                               ": make it, for the worker's user: install -d -m 700 -o USER " +
                               directory};
    throw StoreUnreachable{"cannot make " + path + " as " + this_user() + ": " + strerror(reason) +
                           (reason == EACCES ? "; chown the directory to that user" : "")};
}

void check_rights(const std::string& path)
{
    struct stat found
    {};
    if (stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode))
        throw StoreUnreachable{path +
                               (S_ISDIR(found.st_mode) ? ": Is a directory" : " is no file") +
                               "; name a file in session.revocations"};
    if (faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) != 0)
        throw StoreUnreachable{path + " cannot be written by " + this_user() + ": " +
                               strerror(errno) +
                               (errno == EACCES ? "; chown it to that user" : "")};
    const auto directory = directory_of(path);
    if (faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
        throw StoreUnreachable{directory + " cannot be written by " + this_user() + ": " +
                               strerror(errno) + "; SQLite keeps its log there"};
}

} // namespace

void prepare_sqlite_file(const std::string& path)
{
    // O_EXCL, because to close a file that is there would end SQLite's locks on it.
    const Fd made{open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (made)
        return;
    if (errno != EEXIST)
        cannot_make(path, errno);
    check_rights(path);
}

void look_at_sqlite_file(const std::string& path)
{
    struct stat found
    {};
    if (lstat(path.c_str(), &found) != 0) {
        if (errno != ENOENT ||
            faccessat(AT_FDCWD, directory_of(path).c_str(), W_OK | X_OK, AT_EACCESS) != 0)
            cannot_make(path, errno);
        return;
    }
    check_rights(path);
    try {
        const auto glimpse = glimpse_of_sqlite(path);
        if (glimpse.version != version_of_tables && (glimpse.version != 0 || glimpse.tables != 0))
            throw StoreUnreachable{of_another_program};
        struct stat log
        {};
        // What is in a log would be read, too: this is for a file that no worker has open.
        if (glimpse.tables != 0 && (stat((path + "-wal").c_str(), &log) != 0 || log.st_size == 0))
            glimpse_of_sqlite(path, "SELECT sum(until) FROM ended");
    } catch (const SqliteError& error) {
        throw StoreUnreachable{explain(path, error)};
    }
}

void make_sqlite_tables(Sqlite& db)
{
    constexpr auto complete = "SELECT (SELECT count(*) FROM pragma_table_info('ended') "
                              "WHERE name = 'stay') + (SELECT count(*) FROM sqlite_schema "
                              "WHERE name = 'age') = 2";
    constexpr auto unknown = "SELECT EXISTS (SELECT 1 FROM ended WHERE stay IS NULL)";
    if (db.number("PRAGMA user_version") == version_of_tables && db.number(complete) == 1 &&
        db.number(unknown) == 0)
        return;
    SqliteTransaction transaction{db};
    const auto found = db.number("PRAGMA user_version");
    if (found != version_of_tables &&
        (found != 0 || db.number("SELECT count(*) FROM sqlite_schema") != 0))
        throw StoreUnreachable{of_another_program};
    db.run("CREATE TABLE IF NOT EXISTS ended (seq INTEGER PRIMARY KEY AUTOINCREMENT,"
           " key TEXT NOT NULL, until INTEGER NOT NULL, forget INTEGER NOT NULL);"
           "CREATE TABLE IF NOT EXISTS age (ms INTEGER NOT NULL, running_time INTEGER NOT NULL);"
           "INSERT INTO age SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM age);"
           "PRAGMA user_version=1");
    if (db.number("SELECT count(*) FROM pragma_table_info('ended') WHERE name = 'stay'") == 0)
        db.run("ALTER TABLE ended ADD COLUMN stay INTEGER;"
               "CREATE INDEX ended_stay ON ended (stay);"
               "DROP INDEX IF EXISTS ended_forget");
    auto adopt = db.prepare("UPDATE ended SET stay = (SELECT ms FROM age) + max(forget - ?, ?) "
                            "WHERE stay IS NULL");
    adopt.bind(static_cast<long long>(wall_time().time_since_epoch().count()),
               static_cast<long long>(usual_stay.count()));
    adopt.step();
    transaction.commit();
}

std::string explain(const std::string& path, const SqliteError& error)
{
    auto what = path + ": " + error.what();
    if (error.locked())
        return what + ": another program holds it; end that";
    if (error.full())
        return what + ": make room on the disk";
    if (error.damaged())
        return what + ": put a good copy in its place, or move it away to begin anew";
    return what;
}

} // namespace onlogin
