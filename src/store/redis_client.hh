#pragma once

// Asks a Redis (or Valkey, or KeyDB) over one connection, which is kept, and made again when it is
// lost. A question does not wait for the answers to those before it. The protocol is the work of
// hiredis, which no other file includes.

#include "base/language.hh"
#include "net/event.hh"
#include "net/loop.hh"
#include "net/resolver.hh"
#include "net/stream.hh"
#include "store/address.hh"

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace onlogin {

struct RedisReply
{
    enum class Kind
    {
        Text,
        Number,
        Nothing,
        List,
        Error,
    };
    Kind kind = Kind::Nothing;
    std::string text; // of Text and Error
    long long number = 0;
    std::vector<RedisReply> list;
};

struct RedisTimes
{
    milliseconds answer{1'000};        // most that ask() takes, with waiting for a connection
    milliseconds connect{3'000};       // most that an attempt takes: name, TCP, TLS, password
    milliseconds first_pause{50};      // after the first attempt that failed, and doubled with each
    milliseconds longest_pause{1'000}; // until it is as long as this
    milliseconds look{100};            // how old may be what is known of the server's role
    milliseconds look_around{10'000};  // and of its settings
};

// What a server says of itself. What it does not say is empty.
struct RedisServer
{
    std::string eviction;    // its maxmemory-policy
    std::string append_only; // 1, or 0: it forgets what it was told when it restarts
    std::string evicted;     // how many keys
};

// What the log and the operator are told, in the words of what the client is used for.
struct RedisWords
{
    struct Refusal
    {
        std::string_view code;    // the first word of Redis's error
        std::string_view command; // what it answers; empty: any
        std::string_view holds;   // words of the rest of it; empty: any
        std::string_view advice;
    };
    std::span<const Refusal> refusals; // the first that fits counts
    const char* other_refusal;         // advice where none does
    const char* replica;               // why nothing is asked of a server that is a replica
    const char* loading;               // or of one that is still reading its data
    // What may be wrong with the address where a server does not answer as a Redis does.
    const char* no_tls;   // it speaks no TLS, it seems
    const char* only_tls; // it speaks nothing else, it seems
    // A command that changes nothing, and that a replica refuses.
    std::span<const std::string_view> probe;
    // Events of the log; what mends the last two.
    const char* back;
    const char* disconnected;
    const char* unreachable;
    const char* may_be_evicted;
    Marked evicted_advice;
    const char* may_be_lost;
    Marked lost_advice;
};

class RedisClient
{
public:
    // How old what is known of the server's role may be when something is asked: a server may be
    // made a replica while we are connected to it.
    enum class Look
    {
        Lately, // RedisTimes::look
        Now,
    };

    // Connects from now on. `say` outlives the client.
    RedisClient(Loop& loop, Log& log, Resolver& resolver, const StoreAddress& address,
                const RedisWords& say, RedisTimes times = {});
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;
    ~RedisClient();

    // Sends a command, word by word, and returns the reply to it. Throws StoreUnreachable: when the
    // reply is an Error, when none comes in time, at once while attempts to connect fail, and when
    // the server turns out to be a replica. Then it looks for another, under the same name.
    Task<RedisReply> ask(std::vector<std::string> words, Look look = Look::Lately);

    // How often a connection has been made; 0: not so far.
    [[nodiscard]] unsigned connections() const { return connections_; }

    // As of the last look.
    [[nodiscard]] const RedisServer& server() const { return server_; }

private:
    // A question that has been sent. Its asker may have gone before the answer comes.
    struct Question;

    // By which command the server tells its role: the first of these that it allows.
    enum class Means
    {
        Info,
        Role,
        Probe,
    };

    Task<> keep_connected();
    Task<> connect();
    Task<> introduce();
    Task<> find_means_by(std::shared_ptr<Question> question);
    std::vector<std::string> question_of_role();
    std::string judge(const RedisReply& reply);
    void look_around(const std::string& info);
    Task<RedisReply> ask_when_connected(std::vector<std::string> words, Look look);
    std::shared_ptr<Question> send(std::vector<std::string> words);
    Task<RedisReply> reply_to(std::shared_ptr<Question> question);
    void receive();
    [[nodiscard]] std::string why_not_ready(const std::string& trouble) const;
    [[nodiscard]] std::string why_late() const;
    [[nodiscard]] bool overdue() const;
    void drop(const std::string& trouble);
    void wake();
    void warn(const char* event, const std::string& reason, Marked advice);

    Loop& loop_;
    Log& log_;
    Resolver& resolver_;
    StoreAddress address_;
    const RedisWords& say_;
    RedisTimes times_;
    std::unique_ptr<TlsContext> tls_;

    struct FreeReader
    {
        void operator()(redisReader* reader) const;
    };
    std::unique_ptr<redisReader, FreeReader> reader_;
    std::unique_ptr<Stream> socket_;
    std::deque<std::shared_ptr<Question>> sent_;
    std::vector<std::shared_ptr<Event>> waiting_; // for an attempt to connect to end
    std::string trouble_;                         // of the connection, the last time
    bool ready_ = false;
    bool tried_ = false;    // an attempt to connect has ended
    bool hopeless_ = false; // the last one has failed
    unsigned connections_ = 0;
    Clock::time_point heard_; // of the server, the last time on this connection
    Means means_ = Means::Info;
    Clock::time_point looked_;        // when its role was asked for
    Clock::time_point looked_around_; // and its settings
    RedisServer server_;
    std::string warned_of_eviction_; // as it was then
    std::string warned_of_loss_;
    Event lost_; // a connection that was ready
    Task<> keeper_;
};

// hiredis's name and version, as a line of -V.
std::string redis_library();

} // namespace onlogin
