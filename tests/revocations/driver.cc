// revocations-driver STORE [at-once]: does to the store of ended sessions what the lines of its
// standard input say, and answers each with a line that begins with the same first word.
//
//   NAME ended JTI OPENID APPID BEGAN     yes, no
//   NAME end JTI EXPIRES [LONGEST_S]      done
//   NAME end_all OPENID APPID MOMENT LONGEST_S   done; - for no OPENID and no APPID
//   NAME repeat COUNT TOGETHER            asks COUNT times, TOGETHER at a time: microseconds each
//
// or with `unreachable REASON`. Lines do not wait for each other. Ends with its input, exit 0.

#include "process.hh"
#include "store/errors.hh"
#include "store/revocations.hh"

#include <cstdio>
#include <map>
#include <sstream>

#include <unistd.h>

using namespace onlogin;

namespace {

Time time_of(std::istream& words)
{
    long long ms = 0;
    words >> ms;
    return Time{milliseconds{ms}};
}

std::string optional(std::istream& words)
{
    std::string word;
    words >> word;
    return word == "-" ? "" : word;
}

class Driver
{
public:
    Driver(Loop& loop, Revocations& store)
        : loop_{loop}
        , store_{store}
        , input_{loop, STDIN_FILENO, [this](int) { read(); }}
    {
        input_.want(Watch::Readable);
    }

private:
    void read()
    {
        char buffer[65'536];
        const auto got = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (got <= 0)
            return loop_.stop();
        text_.append(buffer, static_cast<std::size_t>(got));
        for (std::size_t end = 0; (end = text_.find('\n')) != text_.npos;) {
            start(answer(text_.substr(0, end)));
            text_.erase(0, end + 1);
        }
    }

    void start(Task<> task)
    {
        const auto number = ++last_;
        tasks_[number] = run(std::move(task), number);
        tasks_[number].start();
    }

    Task<> run(Task<> task, long number)
    {
        co_await std::move(task);
        loop_.post([this, number] { tasks_.erase(number); });
    }

    Task<> answer(std::string line)
    {
        std::istringstream words{line};
        std::string name, verb, result;
        words >> name >> verb;
        try {
            result = co_await act(std::move(words), verb);
        } catch (const StoreUnreachable& error) {
            result = std::string{"unreachable "} + error.what();
        }
        printf("%s %s\n", name.c_str(), result.c_str());
        fflush(stdout);
    }

    Task<std::string> act(std::istringstream words, std::string verb)
    {
        if (verb == "ended") {
            Session session;
            words >> session.jti >> session.openid >> session.appid;
            session.began = time_of(words);
            const bool ended = co_await store_.ended(std::move(session));
            co_return ended ? "yes" : "no";
        }
        if (verb == "end") {
            const auto jti = optional(words);
            const auto expires = time_of(words);
            long longest = 0;
            words >> longest;
            co_await store_.end(jti, expires, std::chrono::seconds{longest});
            co_return "done";
        }
        if (verb == "end_all") {
            Scope scope{optional(words), optional(words)};
            const auto moment = time_of(words);
            long longest = 0;
            words >> longest;
            co_await store_.end_all(std::move(scope), moment, std::chrono::seconds{longest});
            co_return "done";
        }
        long count = 1, together = 1;
        words >> count >> together;
        auto repeated = co_await repeat(count, together);
        co_return repeated;
    }

    Task<std::string> repeat(long count, long together)
    {
        const auto began = Clock::now();
        std::vector<SharedTask<bool>> lanes;
        for (long lane = 0; lane < together; ++lane)
            lanes.push_back(SharedTask<bool>::start(loop_, ask_often(count / together)));
        for (const auto& lane : lanes)
            co_await lane.end();
        const std::chrono::duration<double, std::micro> took = Clock::now() - began;
        co_return std::to_string(took.count() / static_cast<double>(count));
    }

    Task<bool> ask_often(long count)
    {
        bool any = false;
        for (long i = 0; i < count; ++i) {
            Session session{"0123456789abcdef0123456789abcdef", "oGZUI0egBJY1zhBYw2KhdUfwVJJE",
                            "wx0123456789abcdef", wall_time()};
            any |= co_await store_.ended(std::move(session));
        }
        co_return any;
    }

    Loop& loop_;
    Revocations& store_;
    Watch input_;
    std::string text_;
    std::map<long, Task<>> tasks_;
    long last_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    prepare_process();
    if (argc < 2)
        return 2;
    try {
        Loop loop;
        Log log{Level::Debug};
        Resolver resolver{loop, log};
        const auto store = open_revocations(loop, log, resolver, parse_store_address(argv[1], ""),
                                            argc > 2 ? Durable::AtOnce : Durable::Soon);
        const Driver driver{loop, *store};
        puts("ready");
        fflush(stdout);
        loop.run();
    } catch (const std::exception& error) {
        printf("refused %s\n", error.what());
        return 1;
    }
    return 0;
}
