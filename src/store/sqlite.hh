#pragma once

// An SQLite database in WAL mode, shared by processes of one host. No other file includes
// sqlite3.h.
//
// Nothing here waits for another process: what is locked throws at once.

#include <array>
#include <cstdint>
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
    // The next row. False: there is none.
    bool step();
    // Ends it: until then a reader holds up others. Called by what begins anew.
    void reset();
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
    // Opens `path`, which must exist, and puts it into WAL mode. `durable`: a commit waits for the
    // disk. Else it does not, but at a checkpoint, and the file is in order after a power failure.
    Sqlite(const std::string& path, bool durable);

    void run(const char* sql);
    [[nodiscard]] SqliteStatement prepare(const char* sql) const;
    long long number(const char* sql); // of the first row; 0 without one
    [[nodiscard]] bool in_transaction() const;

    // Changes with each commit of anybody. It is the header of the wal-index, which all processes
    // map (https://sqlite.org/walformat.html#the_wal_index_header): no system call.
    using Mark = std::array<std::uint32_t, 24>;
    [[nodiscard]] Mark mark() const;

    // Whether the names of the files still lead to those that are open: two system calls. If not,
    // others write where this connection does not look.
    [[nodiscard]] bool in_place() const;
    // The same, of the log too: for when something has been written.
    [[nodiscard]] bool all_in_place() const;

    // Only the log has gone, and the wal-index, which is about it, has not: all who come are
    // misled. Takes the wal-index away, too, so that everybody opens the database again.
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

        void look();
        [[nodiscard]] bool in_place() const;
    };

    std::unique_ptr<sqlite3, Close> database_;
    const volatile std::uint32_t* index_ = nullptr; // SQLite's, as long as the database is open
    std::array<File, 3> files_;                     // database, wal-index, log
};

// SQLite's name and version, as a line of -V.
std::string sqlite_library();

} // namespace onlogin
