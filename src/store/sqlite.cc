#include "store/sqlite.hh"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace onlogin {

namespace {

// Of the regions by which SQLite maps the wal-index.
constexpr int region_bytes = 32'768;

void check(int result, sqlite3* database)
{
    if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE)
        return;
    const int code = database ? sqlite3_extended_errcode(database) : result;
    throw SqliteError{code == SQLITE_OK ? result : code,
                      database ? sqlite3_errmsg(database) : sqlite3_errstr(result)};
}

} // namespace

bool SqliteError::locked() const
{
    const int kind = code & 0xff;
    return kind == SQLITE_BUSY || kind == SQLITE_LOCKED || kind == SQLITE_PROTOCOL;
}

bool SqliteError::full() const
{
    return (code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_WRITE ||
           code == SQLITE_IOERR_SHMSIZE;
}

bool SqliteError::damaged() const
{
    const int kind = code & 0xff;
    return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const
{
    sqlite3_finalize(statement);
}

SqliteStatement::SqliteStatement(sqlite3* database, const char* sql)
{
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
          database);
    statement_.reset(statement);
}

void SqliteStatement::bind_value(int index, long long value)
{
    check(sqlite3_bind_int64(statement_.get(), index, value), nullptr);
}

void SqliteStatement::bind_value(int index, const std::string& value)
{
    check(sqlite3_bind_text(statement_.get(), index, value.data(), static_cast<int>(value.size()),
                            SQLITE_STATIC),
          nullptr);
}

bool SqliteStatement::step()
{
    const int result = sqlite3_step(statement_.get());
    if (result == SQLITE_ROW)
        return true;
    try {
        check(result, sqlite3_db_handle(statement_.get()));
    } catch (...) {
        reset();
        throw;
    }
    reset();
    return false;
}

void SqliteStatement::reset()
{
    sqlite3_reset(statement_.get());
}

long long SqliteStatement::number(int column) const
{
    return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const
{
    const auto* const text =
        reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return text ? text : "";
}

void Sqlite::Close::operator()(sqlite3* database) const
{
    sqlite3_close_v2(database);
}

void Sqlite::File::look()
{
    struct stat now
    {};
    if (stat(path.c_str(), &now) == 0) {
        device = now.st_dev;
        inode = now.st_ino;
        size = now.st_size;
        written = now.st_mtim;
    }
}

bool Sqlite::File::in_place() const
{
    struct stat now
    {};
    return stat(path.c_str(), &now) == 0 && now.st_dev == device && now.st_ino == inode &&
           now.st_nlink > 0;
}

bool Sqlite::File::untouched() const
{
    struct stat now
    {};
    return stat(path.c_str(), &now) == 0 && now.st_dev == device && now.st_ino == inode &&
           now.st_nlink > 0 && now.st_size == size && now.st_mtim.tv_sec == written.tv_sec &&
           now.st_mtim.tv_nsec == written.tv_nsec;
}

Sqlite::Sqlite(const std::string& path, bool durable)
    : files_{{{path}, {path + "-shm"}, {path + "-wal"}}}
{
    files_[0].look();
    sqlite3* database = nullptr;
    const int result = sqlite3_open_v2(
        path.c_str(), &database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nullptr);
    database_.reset(database);
    check(result, database);
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, 0);
    if (sqlite3_db_readonly(database, "main") == 1)
        throw SqliteError{SQLITE_READONLY, "the file cannot be written"};

    auto mode = prepare("PRAGMA journal_mode=WAL");
    mode.step();
    if (mode.text(0) != "wal")
        throw SqliteError{SQLITE_CANTOPEN, "no write-ahead log is possible on this file system"};
    mode.reset();
    run(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    number("SELECT count(*) FROM sqlite_schema"); // reads, so that the wal-index is mapped

    sqlite3_file* file = nullptr;
    check(sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file), database);
    volatile void* region = nullptr;
    check(file->pMethods->xShmMap(file, 0, region_bytes, 0, &region), nullptr);
    if (!region)
        throw SqliteError{SQLITE_CANTOPEN, "the wal-index cannot be mapped"};
    index_ = static_cast<const volatile std::uint32_t*>(region);
    files_[1].look();
    files_[2].look();
}

void Sqlite::run(const char* sql)
{
    check(sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr), database_.get());
}

SqliteStatement Sqlite::prepare(const char* sql) const
{
    return SqliteStatement{database_.get(), sql};
}

long long Sqlite::number(const char* sql)
{
    auto statement = prepare(sql);
    return statement.step() ? statement.number(0) : 0;
}

bool Sqlite::in_transaction() const
{
    return sqlite3_get_autocommit(database_.get()) == 0;
}

Sqlite::Mark Sqlite::mark() const
{
    Mark copy;
    for (std::size_t i = 0; i < copy.size(); ++i)
        copy[i] = index_[i];
    return copy;
}

bool Sqlite::in_place() const
{
    return files_[0].in_place() && files_[1].in_place();
}

bool Sqlite::untouched() const
{
    return files_[0].untouched() && files_[1].in_place();
}

void Sqlite::settle()
{
    if (files_[0].in_place())
        files_[0].look();
}

bool Sqlite::all_in_place() const
{
    return in_place() && files_[2].in_place();
}

void Sqlite::abandon()
{
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Sqlite::mend_missing_log() const
{
    if (in_place() && !files_[2].in_place())
        unlink(files_[1].path.c_str());
}

SqliteGlimpse glimpse_of_sqlite(const std::string& path, const char* sql)
{
    std::string uri = "file:";
    for (const char c : path)
        if (c == '%' || c == '?' || c == '#') // what a URI would take for its own
            uri += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
        else
            uri += c;
    uri += "?immutable=1";
    sqlite3* opened = nullptr;
    const int result =
        sqlite3_open_v2(uri.c_str(), &opened,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    const std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> database{opened, sqlite3_close_v2};
    check(result, opened);
    SqliteStatement version{opened, "PRAGMA user_version"};
    SqliteStatement tables{opened, "SELECT count(*) FROM sqlite_schema"};
    version.step();
    tables.step();
    check(sqlite3_exec(opened, sql, nullptr, nullptr, nullptr), opened);
    return {version.number(0), tables.number(0)};
}

std::string sqlite_library()
{
    return std::string{"SQLite "} + sqlite3_libversion() + '\n';
}

} // namespace onlogin
