#pragma once

// Asks a Redis (or Valkey, or KeyDB) over one connection, which is kept, and made again when it is
// lost. A question does not wait for the answers to those before it. The protocol is the work of
// hiredis, which no other file includes.

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
    milliseconds answer{500};          // most that ask() takes, with waiting for a connection
    milliseconds connect{1'000};       // most that an attempt takes: name, TCP, TLS, password
    milliseconds first_pause{50};      // after the first attempt that failed, and doubled with each
    milliseconds longest_pause{1'000}; // until it is as long as this
};

// What the log and the operator are told, in the words of what the client is used for.
struct RedisWords
{
    struct Refusal
    {
        std::string_view code; // the first word of Redis's error
        std::string_view advice;
    };
    std::span<const Refusal> refusals;
    const char* other_refusal; // advice where no code fits
    const char* replica;       // why nothing is asked of a server that is a replica
    const char* loading;       // or of one that is still reading its data
    // Events of the log; what mends the last two.
    const char* back;
    const char* disconnected;
    const char* unreachable;
    const char* may_be_evicted;
    const char* evicted_advice;
    const char* may_be_lost;
    const char* lost_advice;
};

class RedisClient
{
public:
    // Connects from now on. `say` outlives the client.
    RedisClient(Loop& loop, Log& log, Resolver& resolver, const StoreAddress& address,
                const RedisWords& say, RedisTimes times = {});
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;
    ~RedisClient();

    // Sends a command, word by word, and returns the reply to it. Throws StoreUnreachable: when the
    // reply is an Error, when none comes in time, and at once while attempts to connect fail.
    Task<RedisReply> ask(std::vector<std::string> words);

private:
    // A question that has been sent. Its asker may have gone before the answer comes.
    struct Question;

    Task<> keep_connected();
    Task<> connect();
    Task<> introduce();
    void look_at(const std::string& info);
    Task<RedisReply> ask_when_connected(std::vector<std::string> words);
    Task<RedisReply> put(std::vector<std::string> words);
    void receive();
    void drop(const std::string& trouble);
    void wake();
    void warn(const char* event, const std::string& reason, const char* advice);

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
    bool hopeless_ = false; // the last attempt to connect has failed
    bool warned_ = false;   // of what is unsafe about the server
    Event lost_;            // a connection that was ready
    Task<> keeper_;
};

// hiredis's name and version, as a line of -V.
std::string redis_library();

} // namespace onlogin
