// Ended sessions in an SQLite file, for all processes of one host.
//
// Each process mirrors the rows in memory and answers from there, as long as the file says that
// nothing has been written since; what has been is read from where it ended. Rows that are in the
// mirror and no longer in the file, because somebody has deleted or replaced it, are put back.

#include "base/fd.hh"
#include "store/errors.hh"
#include "store/revocations.hh"
#include "store/sqlite.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <unordered_map>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace onlogin {

namespace {

constexpr milliseconds patience_to_read{500};    // with a file that others have locked
constexpr milliseconds patience_to_write{1'000}; // likewise
constexpr milliseconds between_tries{5};         // of the same
constexpr milliseconds between_openings{200};    // of a file that cannot be used
constexpr long long version = 1;                 // of the table

long long now()
{
    return wall_time().time_since_epoch().count();
}

// Throws StoreUnreachable if `path` cannot be used, for a reason that SQLite would not tell. Makes
// the file if there is none, for nobody else to read: SQLite gives its other files the same mode.
void make_file(const std::string& path)
{
    const auto directory = std::filesystem::path{path}.parent_path().string();
    const auto user = "user " + std::to_string(geteuid());
    // O_EXCL, because to close a file that is there would end SQLite's locks on it.
    const Fd made{open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (made)
        return;
    const int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR)
        throw StoreUnreachable{"there is no directory " + directory +
                               ": make it, for the worker's user: install -d -m 700 -o USER " +
                               directory};
    if (reason != EEXIST)
        throw StoreUnreachable{"cannot make " + path + " as " + user + ": " + strerror(reason) +
                               (reason == EACCES ? "; chown the directory to that user" : "")};
    if (faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) != 0)
        throw StoreUnreachable{path + " cannot be written by " + user + ": " + strerror(errno) +
                               (errno == EACCES ? "; chown it to that user" : "")};
    if (faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
        throw StoreUnreachable{directory + " cannot be written by " + user + ": " +
                               strerror(errno) + "; SQLite keeps its log there"};
}

class SqliteRevocations : public Revocations
{
public:
    SqliteRevocations(Loop& loop, Log& log, std::string path, Durable durable)
        : loop_{loop}
        , log_{log}
        , path_{std::move(path)}
        , durable_{durable}
    {
        try {
            refresh_now();
        } catch (const SqliteError& error) {
            if (!error.locked())
                throw StoreUnreachable{explain(error)};
            db_.reset(); // the first who asks tries again
        }
    }

protected:
    Task<long long> latest_until(Keys keys) override
    {
        if (!unchanged())
            co_await refresh();
        long long until = 0;
        for (const auto& key : keys)
            if (const auto row = mirror_.find(key); row != mirror_.end())
                until = std::max(until, row->second.until);
        co_return until;
    }

    Task<> keep(Row row) override
    {
        if (!unchanged())
            co_await refresh();
        if (const auto known = mirror_.find(row.key); known != mirror_.end() &&
                                                      known->second.until >= row.until &&
                                                      known->second.forget >= row.forget)
            co_return;
        const auto deadline = Clock::now() + patience_to_write;
        while (!attempt([&] { write(row); }, deadline))
            co_await pause(loop_, between_tries);
    }

private:
    struct Ended
    {
        long long until;
        long long forget;
    };

    struct Open
    {
        explicit Open(const std::string& path, bool durable)
            : db{path, durable}
        {
        }
        Sqlite db;
        SqliteStatement select, insert, purge;
        Sqlite::Mark mark{};
        long long last = 0; // the last row that is in the mirror
    };

    [[nodiscard]] bool unchanged() const
    {
        return db_ && db_->db.mark() == db_->mark && db_->db.in_place();
    }

    Task<> refresh()
    {
        const auto deadline = Clock::now() + patience_to_read;
        while (!attempt([&] { refresh_now(); }, deadline))
            co_await pause(loop_, between_tries);
    }

    // False: it is locked, try again. Throws StoreUnreachable.
    template <class Function>
    bool attempt(Function function, Clock::time_point deadline)
    {
        if (!db_ && !trouble_.empty() && Clock::now() - failed_ < between_openings)
            throw StoreUnreachable{trouble_};
        try {
            function();
        } catch (const SqliteError& error) {
            if (error.locked() && Clock::now() < deadline)
                return false;
            if (!error.locked() && !error.full())
                db_.reset();
            fail(explain(error));
        } catch (const StoreUnreachable& error) {
            fail(error.what());
        }
        if (!std::exchange(trouble_, {}).empty())
            log_.info("revocations back", {{"store", "sqlite:" + path_}});
        return true;
    }

    [[noreturn]] void fail(const std::string& trouble)
    {
        failed_ = Clock::now();
        if (std::exchange(trouble_, trouble) != trouble)
            log_.error("revocations unreachable", {{"reason", trouble}});
        throw StoreUnreachable{trouble};
    }

    [[nodiscard]] std::string explain(const SqliteError& error) const
    {
        auto what = path_ + ": " + error.what();
        if (error.locked())
            return what + ": another program holds it; end that";
        if (error.full())
            return what + ": make room on the disk";
        if (error.damaged())
            return what + ": put a good copy in its place, or move it away to begin anew";
        return what;
    }

    // What has been written since is read; what is not there any more is opened again.
    void refresh_now()
    {
        if (db_ && db_->db.all_in_place())
            return read(*db_, mirror_);
        if (db_) {
            try {
                read(*db_, mirror_);       // what came last into a file that has been deleted
            } catch (const SqliteError&) { // is lost, with the file
            }
            db_->db.mend_missing_log();
            db_.reset();
        }
        make_file(path_);
        auto fresh = std::make_unique<Open>(path_, durable_ == Durable::AtOnce);
        make_table(fresh->db);
        fresh->select = fresh->db.prepare(
            "SELECT seq, key, until, forget FROM ended WHERE seq > ? ORDER BY seq");
        fresh->insert =
            fresh->db.prepare("INSERT INTO ended (key, until, forget) VALUES (?, ?, ?)");
        fresh->purge = fresh->db.prepare("DELETE FROM ended WHERE seq IN (SELECT seq FROM ended "
                                         "WHERE forget < ? ORDER BY forget LIMIT 100)");
        Mirror rows;
        read(*fresh, rows);
        put_back(*fresh, rows);
        mirror_ = std::move(rows);
        db_ = std::move(fresh);
    }

    static void make_table(Sqlite& db)
    {
        if (db.number("PRAGMA user_version") == version)
            return;
        const Transaction transaction{db};
        const auto found = db.number("PRAGMA user_version");
        if (found == version)
            return;
        if (found != 0 || db.number("SELECT count(*) FROM sqlite_schema") != 0)
            throw StoreUnreachable{"the SQLite file belongs to another program, or to another "
                                   "version of this one: name another in session.revocations"};
        db.run("CREATE TABLE ended (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL,"
               " until INTEGER NOT NULL, forget INTEGER NOT NULL);"
               "CREATE INDEX ended_forget ON ended (forget);"
               "PRAGMA user_version=1;"
               "COMMIT");
    }

    using Mirror = std::unordered_map<std::string, Ended>;

    // The mark is taken first: what is written meanwhile is read once more.
    void read(Open& open, Mirror& into)
    {
        const auto mark = open.db.mark();
        open.select.bind(open.last);
        while (open.select.step()) {
            add(into, {open.select.text(1), open.select.number(2), open.select.number(3)});
            open.last = open.select.number(0);
        }
        open.mark = mark;
        if (into.size() >= sweep_at_) {
            const auto time = now();
            std::erase_if(into, [&](const auto& row) { return row.second.forget < time; });
            sweep_at_ = std::max<std::size_t>(1024, 2 * into.size());
        }
    }

    static bool add(Mirror& to, const Row& row)
    {
        const auto [entry, is_new] = to.try_emplace(row.key, Ended{row.until, row.forget});
        auto& known = entry->second;
        const bool news = is_new || known.until < row.until || known.forget < row.forget;
        known.until = std::max(known.until, row.until);
        known.forget = std::max(known.forget, row.forget);
        return news;
    }

    void put_back(Open& open, Mirror& rows)
    {
        std::vector<Row> lost;
        const auto time = now();
        for (const auto& [key, row] : mirror_) {
            Row known{key, row.until, row.forget};
            if (row.forget >= time && add(rows, known))
                lost.push_back(std::move(known));
        }
        if (lost.empty())
            return;
        const Transaction transaction{open.db};
        for (const auto& row : lost)
            insert(open, row);
        open.db.run("COMMIT");
        log_.warn("revocations put back",
                  {{"store", "sqlite:" + path_}, {"rows", static_cast<long long>(lost.size())}});
    }

    static void insert(Open& open, const Row& row)
    {
        open.insert.bind(row.key, row.until, row.forget);
        open.insert.step();
    }

    void write(const Row& row)
    {
        if (!unchanged())
            refresh_now();
        {
            const Transaction transaction{db_->db};
            insert(*db_, row);
            db_->purge.bind(now());
            db_->purge.step();
            db_->db.run("COMMIT");
        }
        if (!db_->db.all_in_place())
            throw StoreUnreachable{path_ + " was moved or deleted just now"};
        read(*db_, mirror_);
    }

    // Ends without a change unless it has been committed.
    class Transaction
    {
    public:
        explicit Transaction(Sqlite& db)
            : db_{db}
        {
            db_.run("BEGIN IMMEDIATE");
        }
        ~Transaction()
        {
            try {
                if (db_.in_transaction())
                    db_.run("ROLLBACK");
            } catch (const SqliteError&) { // then SQLite does it when the file is closed
            }
        }
        Transaction(const Transaction&) = delete;
        Transaction& operator=(const Transaction&) = delete;

    private:
        Sqlite& db_;
    };

    Loop& loop_;
    Log& log_;
    std::string path_;
    Durable durable_;
    std::unique_ptr<Open> db_; // null: it could not be used
    Mirror mirror_;
    std::size_t sweep_at_ = 1024;
    std::string trouble_; // the last time; empty: none
    Clock::time_point failed_;
};

} // namespace

std::unique_ptr<Revocations> open_sqlite_revocations(Loop& loop, Log& log, const std::string& path,
                                                     Durable durable)
{
    return std::make_unique<SqliteRevocations>(loop, log, path, durable);
}

} // namespace onlogin
