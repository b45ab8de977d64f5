// Ended sessions in an SQLite file, for all processes of one host.
//
// Each process mirrors the rows in memory and answers from there, as long as the file says that
// nothing has been written since; what has been is read from where it ended.
//
// The file may go back: somebody restores an old copy, deletes it, puts another in its place. The
// number of a row is larger than that of the row before by a random step, so no two histories have
// the same numbers. Where the last row that has been read is still there, what follows it is all
// that is new. Where it is not, everything is read, and rows that are in the mirror and no longer
// in the file are put back.
//
// No clock that is set decides what may be forgotten: it may be wrong, for a moment or for a year.
// The file counts its age, which grows by the time that the host has run between two writes, by
// Linux's CLOCK_BOOTTIME: it may fall behind, and never runs ahead.

#include "base/language.hh"
#include "store/errors.hh"
#include "store/revocations.hh"
#include "store/sqlite.hh"
#include "store/sqlite_file.hh"

#include <algorithm>
#include <ctime>
#include <optional>
#include <unordered_map>
#include <vector>

namespace onlogin {

namespace {

constexpr milliseconds patience_to_read{500};    // with a file that others have locked
constexpr milliseconds patience_to_write{1'000}; // likewise
constexpr milliseconds between_tries{5};         // of the same
constexpr milliseconds between_openings{200};    // of a file that cannot be used
constexpr milliseconds between_looks{1'000};     // at a file for which nobody asks

// By how much the age grows at most from one write to the next, for clocks that are wrong all the
// same. Where writes are rarer, rows stay longer, and they are few.
constexpr milliseconds largest_growth = std::chrono::hours{1};

// No row stays longer: so that ages can be added to each other.
constexpr long long longest_stay = 1LL << 60;

long long now()
{
    return wall_time().time_since_epoch().count();
}

// Since this host has been started, sleep included. Nobody can set it.
long long running_time()
{
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * 1'000LL + time.tv_nsec / 1'000'000;
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
                throw StoreUnreachable{explain(path_, error)};
            db_.reset(); // the first who asks tries again
        }
        watch_ = keep_looking();
        watch_.start();
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
        if (const auto known = mirror_.find(row.key);
            known != mirror_.end() && known->second.until >= row.until &&
            known->second.forget >= row.forget && known->second.stay >= age_ + stay_of(row))
            co_return;
        const auto deadline = Clock::now() + patience_to_write;
        while (!attempt([&] { write(row); }, deadline))
            co_await pause(loop_, between_tries);
    }

private:
    struct Ended
    {
        long long until;
        long long forget; // by the clock, and not before the file
        long long stay;   // has this age
    };
    using Mirror = std::unordered_map<std::string, Ended>;

    // The last row that is in a mirror; 0: it is empty, or its last rows have been forgotten.
    struct Last
    {
        long long number = 0;
        std::string key;
    };

    struct Open
    {
        explicit Open(const std::string& path, bool durable)
            : db{path, durable}
        {
        }
        Sqlite db;
        SqliteStatement select, key_of, insert, purge, age, grow;
        Sqlite::Mark mark{};
    };

    // How long a row is to stay from now on, by what its writer knows.
    static long long stay_of(const Row& row)
    {
        return std::max<long long>(row.forget - now(), row.at_least.count());
    }

    [[nodiscard]] bool unchanged() const
    {
        return db_ && db_->db.mark() == db_->mark && db_->db.untouched();
    }

    // So that what this process knows is put back also while nobody asks it.
    Task<> keep_looking()
    {
        for (;;) {
            co_await pause(loop_, between_looks);
            if (unchanged())
                continue;
            try {
                co_await refresh();
            } catch (const StoreUnreachable&) { // is in the log
            }
        }
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
            if (!error.locked() && !error.full() && db_) {
                db_->db.abandon();
                db_.reset();
            }
            fail(explain(path_, error));
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

    // What has been written since is read; what is not there any more is opened again.
    void refresh_now()
    {
        const bool in_place = db_ && db_->db.all_in_place();
        if (in_place && db_->db.untouched())
            return catch_up(*db_);
        if (db_ && !in_place) {
            try {
                read(*db_, mirror_, last_); // what came last into a file that has been deleted
            } catch (const SqliteError&) {  // is lost, with the file
            }
            db_->db.mend_missing_log();
            db_.reset();
        }
        prepare_sqlite_file(path_);
        try {
            auto fresh = std::make_unique<Open>(path_, durable_ == Durable::AtOnce);
            make_sqlite_tables(fresh->db);
            prepare(*fresh);
            catch_up(*fresh);
            // Only now the old connection goes: the last one of a file writes the log into it.
            db_ = std::move(fresh);
        } catch (const SqliteError& error) {
            // Where the file has been emptied, SQLite begins anew when nobody has it open.
            if (db_ && error.locked()) {
                db_->db.abandon();
                db_.reset();
            }
            throw;
        }
    }

    static void prepare(Open& open)
    {
        open.select = open.db.prepare("SELECT seq, key, until, forget, "
                                      "coalesce(stay, 1152921504606846976) "
                                      "FROM ended WHERE seq > ? ORDER BY seq");
        open.key_of = open.db.prepare("SELECT key FROM ended WHERE seq = ?");
        open.insert = open.db.prepare(
            "INSERT INTO ended (seq, key, until, forget, stay) VALUES (1 + (random() & 1073741823) "
            "+ (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'ended'), "
            "?, ?, ?, ?)");
        open.purge = open.db.prepare("DELETE FROM ended WHERE seq IN (SELECT seq FROM ended "
                                     "WHERE stay < ? AND forget < ? ORDER BY stay LIMIT 100)");
        open.age = open.db.prepare("SELECT ms, running_time FROM age");
        open.grow = open.db.prepare("UPDATE age SET ms = ?, running_time = ?");
    }

    // The mark is taken first: what is written meanwhile is read once more.
    void catch_up(Open& open)
    {
        const auto mark = open.db.mark();
        open.db.settle();
        if (holds(open, last_)) {
            read(open, mirror_, last_);
            age_ = age_of(open);
        } else {
            read_all(open);
        }
        open.mark = mark;
        if (mirror_.size() >= sweep_at_) {
            std::erase_if(mirror_, [&](const auto& row) { return is_over(row.second, age_); });
            sweep_at_ = std::max<std::size_t>(1024, 2 * mirror_.size());
        }
    }

    static bool is_over(const Ended& row, long long age)
    {
        return row.stay < age && row.forget < now();
    }

    // Whether the file still has what has been read from it.
    static bool holds(Open& open, const Last& last)
    {
        if (last.number == 0)
            return true;
        open.key_of.bind(last.number);
        const bool there = open.key_of.step() && open.key_of.text(0) == last.key;
        open.key_of.reset();
        return there;
    }

    // Adds the rows behind `last`.
    static void read(Open& open, Mirror& to, Last& last)
    {
        open.select.bind(last.number);
        while (open.select.step()) {
            last = {open.select.number(0), open.select.text(1)};
            add(to, last.key,
                {open.select.number(2), open.select.number(3), open.select.number(4)});
        }
    }

    static long long age_of(Open& open)
    {
        open.age.bind();
        const auto age = open.age.step() ? open.age.number(0) : 0;
        open.age.reset();
        return age;
    }

    void read_all(Open& open)
    {
        Mirror rows;
        Last last;
        read(open, rows, last);
        const auto age = age_of(open);
        put_back(open, rows, age);
        mirror_ = std::move(rows);
        last_ = std::move(last); // what has been put back is read once more
        age_ = age;
    }

    static bool add(Mirror& to, const std::string& key, const Ended& row)
    {
        const auto [entry, is_new] = to.try_emplace(key, row);
        auto& known = entry->second;
        const bool news = is_new || known.until < row.until || known.forget < row.forget;
        known.until = std::max(known.until, row.until);
        known.forget = std::max(known.forget, row.forget);
        known.stay = std::max(known.stay, row.stay);
        return news;
    }

    // `age` is that of the file, in which `rows` are all.
    void put_back(Open& open, Mirror& rows, long long age)
    {
        std::vector<std::pair<std::string, Ended>> lost;
        for (const auto& [key, row] : mirror_) {
            const auto left = std::max(0LL, std::min(row.stay, longest_stay) - age_);
            const Ended again{row.until, row.forget, age + left};
            // Who has grown older since may have forgotten it in order.
            if (!is_over(row, std::max(age, age_)) && add(rows, key, again))
                lost.emplace_back(key, again);
        }
        if (lost.empty())
            return;
        SqliteTransaction transaction{open.db};
        for (const auto& [key, row] : lost)
            insert(open, key, row);
        transaction.commit();
        log_.warn("revocations lost",
                  {{"store", "sqlite:" + path_},
                   {"reason", "the file lacks what this worker has read: somebody has restored, "
                              "exchanged, emptied or deleted it"},
                   {"put_back", static_cast<long long>(lost.size())},
                   {"advice",
                    translate("stop all workers before you restore it; what ended while no worker "
                              "ran that still knows lives again: onlogin revoke --all ends it")}});
    }

    static void insert(Open& open, const std::string& key, const Ended& row)
    {
        open.insert.bind(key, row.until, row.forget, row.stay);
        open.insert.step();
    }

    // The file's age, now. Belongs into a transaction that writes.
    static long long grow_older(Open& open)
    {
        open.age.bind();
        const bool known = open.age.step();
        const auto before = known ? open.age.number(0) : 0, then = known ? open.age.number(1) : 0;
        open.age.reset();
        const auto time = running_time();
        // After a restart of the host it has run for `time` at least since then.
        const auto passed = time >= then ? time - then : time;
        const auto age = before + std::min<long long>(passed, largest_growth.count());
        open.grow.bind(age, time);
        open.grow.step();
        return age;
    }

    void write(const Row& row)
    {
        if (!unchanged())
            refresh_now();
        {
            SqliteTransaction transaction{db_->db};
            const auto age = grow_older(*db_);
            insert(*db_, row.key, {row.until, row.forget, age + stay_of(row)});
            db_->purge.bind(age, now());
            db_->purge.step();
            transaction.commit();
        }
        // Who exchanges the file just now must not make a lie of the answer.
        if (!db_->db.all_in_place())
            throw StoreUnreachable{path_ + " was moved or deleted just now"};
        catch_up(*db_);
        const auto kept = mirror_.find(row.key);
        if (kept == mirror_.end() || kept->second.until < row.until)
            throw StoreUnreachable{path_ + " was overwritten just now"};
    }

    Loop& loop_;
    Log& log_;
    std::string path_;
    Durable durable_;
    std::unique_ptr<Open> db_; // null: it could not be used
    Mirror mirror_;
    Last last_;
    long long age_ = 0; // of the file, when it was read last
    std::size_t sweep_at_ = 1024;
    std::string trouble_; // the last time; empty: none
    Clock::time_point failed_;
    Task<> watch_;
};

} // namespace

std::unique_ptr<Revocations> open_sqlite_revocations(Loop& loop, Log& log, const std::string& path,
                                                     Durable durable)
{
    return std::make_unique<SqliteRevocations>(loop, log, path, durable);
}

} // namespace onlogin
