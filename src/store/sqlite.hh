#pragma once

// An SQLite database in WAL mode, shared by processes of one host. No other file includes
// sqlite3.h.
//
// Nothing here waits for another process: what is locked throws at once.

#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>

#include <sys/types.h>

struct sqlite3;
struct sqlite3_stmt;

namespace onlogin {

struct SqliteError : std::runtime_error
{
    SqliteError(int result, const std::string& text)
        : runtime_error{text}
        , code{result}
    {
    }
    [[nodiscard]] bool locked() const;  // by another process, for a moment as a rule
    [[nodiscard]] bool full() const;    // the disk
    [[nodiscard]] bool damaged() const; // or no database at all
    int code;                           // SQLite's, extended
};

class SqliteStatement
{
public:
    SqliteStatement() = default;
    SqliteStatement(sqlite3* database, const char* sql);

    // Values for the question marks, in order. Begins anew.
    template <class... Values>
    void bind(const Values&... values)
    {
        reset();
        int index = 0;
        (bind_value(++index, values), ...);
    }
    // Goes to the next row. False: there is none.
    bool step();
    // Ends the reading where rows are left: until then it keeps others from ending a checkpoint.
    // bind() begins with it, and step() does it behind the last row.
    void reset();
    // Of the row that step() went to.
    [[nodiscard]] long long number(int column) const;
    [[nodiscard]] std::string text(int column) const;

private:
    void bind_value(int index, long long value);
    void bind_value(int index, const std::string& value); // must stay until the next reset

    struct Finalize
    {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Sqlite
{
public:
    // Opens `path`, which must exist, and puts it into WAL mode. With `durable` each commit waits
    // for the disk. Without, only a checkpoint does: a power failure can undo the last commits, but
    // leaves the file in order.
    Sqlite(const std::string& path, bool durable);

    void run(const char* sql);
    [[nodiscard]] SqliteStatement prepare(const char* sql) const;
    long long number(const char* sql); // of the first row; 0 without one
    [[nodiscard]] bool in_transaction() const;

    // What changes with each commit, of whatever process. It is read without a system call: it is
    // the header of the wal-index, a file that all processes have mapped
    // (https://sqlite.org/walformat.html#the_wal_index_header).
    using Mark = std::array<std::uint32_t, 24>;
    [[nodiscard]] Mark mark() const;

    // Whether database and wal-index are still the files that were opened under these names: two
    // system calls. If somebody has moved, deleted or replaced one, other processes write where
    // this connection does not look.
    [[nodiscard]] bool in_place() const;
    // The same, and whether nobody has written to the database file since settle(): two calls, too.
    // False after a checkpoint of another process, and when somebody has copied another file over
    // this one. No mark tells of that, and this connection goes on with pages that it has read
    // before: only a new one sees what is there.
    [[nodiscard]] bool untouched() const;
    // Takes the database file as it is now for what has been read, or is about to be.
    void settle();
    // in_place() for the write-ahead log too: three calls, for when something has been written.
    [[nodiscard]] bool all_in_place() const;

    // When this connection closes, the log stays as it is. It would be written into the file
    // otherwise, which may be another one by now.
    void abandon();

    // Where somebody has deleted the write-ahead log alone, deletes the wal-index too. The
    // wal-index says where in the log each page stands: it would lead all who open the database to
    // what is not there. Without it, in_place() is false for every process, and all open it again.
    void mend_missing_log() const;

private:
    struct Close
    {
        void operator()(sqlite3* database) const;
    };
    struct File
    {
        std::string path;
        dev_t device = 0;
        ino_t inode = 0;
        off_t size = 0;
        timespec written{};

        void look();
        [[nodiscard]] bool in_place() const;
        [[nodiscard]] bool untouched() const;
    };

    std::unique_ptr<sqlite3, Close> database_;
    const volatile std::uint32_t* index_ = nullptr; // SQLite's, as long as the database is open
    std::array<File, 3> files_;                     // database, wal-index, log
};

// Ends without a change unless it has been committed.
class SqliteTransaction
{
public:
    explicit SqliteTransaction(Sqlite& db)
        : db_{db}
    {
        db_.run("BEGIN IMMEDIATE");
    }
    ~SqliteTransaction()
    {
        try {
            if (db_.in_transaction())
                db_.run("ROLLBACK");
        } catch (const SqliteError&) { // then SQLite does it when the file is closed
        }
    }
    SqliteTransaction(const SqliteTransaction&) = delete;
    SqliteTransaction& operator=(const SqliteTransaction&) = delete;

    void commit() { db_.run("COMMIT"); }

private:
    Sqlite& db_;
};

struct SqliteGlimpse
{
    long long version = 0; // PRAGMA user_version
    long long tables = 0;  // and what else is in the schema
};
// What it finds in the database file itself, read without a lock and without making a file beside
// it: the log does not count. Also runs `sql`, for what fails where the file is damaged. Throws
// SqliteError.
SqliteGlimpse glimpse_of_sqlite(const std::string& path, const char* sql = "");

// SQLite's name and version, as a line of -V.
std::string sqlite_library();

} // namespace onlogin
