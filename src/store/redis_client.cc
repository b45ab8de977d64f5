#include "store/redis_client.hh"

#include "store/errors.hh"

#include <algorithm>
#include <utility>

#include <hiredis/hiredis.h>

namespace onlogin {

namespace {

// The first word of an error says which it is. The rest of it can repeat what was sent, the
// password for example.
std::string explain(const RedisWords& say, const std::string& error, const std::string& command)
{
    const auto code = error.substr(0, error.find(' '));
    auto text = "it refuses " + command + ": ";
    for (const auto& row : say.refusals)
        if (row.code == code)
            return text.append(code).append(": ").append(row.advice);
    return text += say.other_refusal;
}

RedisReply copy(const redisReply& from)
{
    RedisReply reply;
    switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        reply.kind = RedisReply::Kind::Text;
        reply.text.assign(from.str, from.len);
        break;
    case REDIS_REPLY_ERROR:
        reply.kind = RedisReply::Kind::Error;
        reply.text.assign(from.str, from.len);
        break;
    case REDIS_REPLY_INTEGER:
        reply.kind = RedisReply::Kind::Number;
        reply.number = from.integer;
        break;
    case REDIS_REPLY_ARRAY:
        reply.kind = RedisReply::Kind::List;
        for (std::size_t i = 0; i < from.elements; ++i)
            reply.list.push_back(copy(*from.element[i]));
        break;
    default:
        break;
    }
    return reply;
}

std::string command_text(const std::vector<std::string>& words)
{
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const auto& word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    char* formatted = nullptr;
    const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                            texts.data(), sizes.data());
    if (size < 0)
        throw std::bad_alloc{};
    const std::unique_ptr<char, decltype(&redisFreeCommand)> owner{formatted, redisFreeCommand};
    std::string text{formatted, static_cast<std::size_t>(size)};
    explicit_bzero(formatted, text.size());
    return text;
}

// The value of `name:VALUE` in the answer to INFO.
std::string value_of(const std::string& info, const std::string& name)
{
    const auto at = ('\n' + info).find('\n' + name + ':');
    if (at == info.npos)
        return {};
    const auto begin = at + name.size() + 1;
    return info.substr(begin, info.find('\r', begin) - begin);
}

} // namespace

struct RedisClient::Question
{
    Event over; // the reply has come, or the connection has gone
    RedisReply reply;
    std::string trouble; // why there is no reply; empty: there is one
};

void RedisClient::FreeReader::operator()(redisReader* reader) const
{
    redisReaderFree(reader);
}

RedisClient::RedisClient(Loop& loop, Log& log, Resolver& resolver, const StoreAddress& address,
                         const RedisWords& say, RedisTimes times)
    : loop_{loop}
    , log_{log}
    , resolver_{resolver}
    , address_{address}
    , say_{say}
    , times_{times}
    , tls_{address.tls
               ? std::make_unique<TlsContext>(address.ca_file, address.cert_file, address.key_file)
               : nullptr}
    , keeper_{keep_connected()}
{
    keeper_.start();
}

RedisClient::~RedisClient() = default;

Task<> RedisClient::keep_connected()
{
    auto pause_for = times_.first_pause;
    for (;;) {
        std::string failed;
        try {
            co_await with_deadline(loop_, Clock::now() + times_.connect, connect());
        } catch (const DeadlinePassed&) {
            failed = "no answer within " + std::to_string(times_.connect.count()) + " ms";
        } catch (const std::runtime_error& error) {
            failed = error.what();
        }
        if (failed.empty()) {
            if (hopeless_)
                log_.info(say_.back, {{"store", address_.shown}});
            hopeless_ = false;
            pause_for = times_.first_pause;
            ready_ = true;
            wake();
            co_await lost_;
            log_.warn(say_.disconnected, {{"store", address_.shown}, {"reason", trouble_}});
            co_await pause(loop_, times_.first_pause); // meanwhile, questions wait
        } else {
            if (!std::exchange(hopeless_, true) || trouble_ != failed)
                log_.error(say_.unreachable, {{"store", address_.shown}, {"reason", failed}});
            drop(failed);
            wake();
            co_await pause(loop_, pause_for);
            pause_for = std::min(2 * pause_for, times_.longest_pause);
        }
    }
}

Task<> RedisClient::connect()
{
    socket_ = std::make_unique<Stream>(loop_);
    reader_.reset(redisReaderCreate());
    if (address_.path.empty())
        co_await socket_->connect(resolver_, address_.endpoint, tls_.get());
    else
        co_await socket_->connect(address_.path);
    socket_->listen([this] { receive(); });
    co_await introduce();
}

Task<> RedisClient::introduce()
{
    if (!address_.password.empty()) {
        std::vector<std::string> words{"AUTH"};
        if (!address_.user.empty())
            words.push_back(address_.user);
        words.push_back(address_.password.reveal());
        co_await put(std::move(words));
    }
    if (address_.db != 0) {
        std::vector<std::string> words{"SELECT", std::to_string(address_.db)};
        co_await put(std::move(words));
    }
    std::string info;
    try {
        std::vector<std::string> words{"INFO"};
        const auto reply = co_await put(std::move(words));
        info = reply.text;
    } catch (const StoreUnreachable& error) {
        if (std::string_view{error.what()}.find("NOPERM") == std::string_view::npos)
            throw;
    }
    look_at(info);
}

// A replica may not know yet what the master was told; a server may forget what it was told.
void RedisClient::look_at(const std::string& info)
{
    if (value_of(info, "role") == "slave")
        throw StoreUnreachable{say_.replica};
    if (value_of(info, "loading") == "1")
        throw StoreUnreachable{say_.loading};
    if (std::exchange(warned_, true))
        return;
    if (const auto policy = value_of(info, "maxmemory_policy");
        !policy.empty() && policy != "noeviction")
        warn(say_.may_be_evicted, "maxmemory-policy " + policy, say_.evicted_advice);
    if (value_of(info, "aof_enabled") == "0")
        warn(say_.may_be_lost, "appendonly no", say_.lost_advice);
}

void RedisClient::warn(const char* event, const std::string& reason, const char* advice)
{
    log_.warn(event, {{"store", address_.shown}, {"reason", reason}, {"advice", advice}});
}

Task<RedisReply> RedisClient::ask(std::vector<std::string> words)
{
    bool late = false;
    try {
        auto reply = co_await with_deadline(loop_, Clock::now() + times_.answer,
                                            ask_when_connected(std::move(words)));
        co_return reply;
    } catch (const DeadlinePassed&) {
        late = true;
    } catch (const StoreUnreachable& error) {
        throw StoreUnreachable{address_.shown + ": " + error.what()};
    }
    const auto text = "no answer within " + std::to_string(times_.answer.count()) + " ms";
    if (late && ready_)
        drop(text); // what else is in flight waits in vain, too
    throw StoreUnreachable{address_.shown + ": " + text};
}

Task<RedisReply> RedisClient::ask_when_connected(std::vector<std::string> words)
{
    if (!ready_ && hopeless_)
        throw StoreUnreachable{trouble_};
    if (!ready_) {
        const auto tried = std::make_shared<Event>();
        waiting_.push_back(tried);
        co_await *tried;
        if (!ready_)
            throw StoreUnreachable{trouble_};
    }
    auto reply = co_await put(std::move(words));
    co_return reply;
}

Task<RedisReply> RedisClient::put(std::vector<std::string> words)
{
    auto text = command_text(words);
    const auto command = words.front();
    for (auto& word : words)
        wipe(word);
    if (!socket_)
        throw StoreUnreachable{trouble_};
    socket_->send(text);
    wipe(text);
    const auto question = std::make_shared<Question>();
    sent_.push_back(question);
    co_await question->over;
    if (!question->trouble.empty())
        throw StoreUnreachable{question->trouble};
    if (question->reply.kind == RedisReply::Kind::Error)
        throw StoreUnreachable{explain(say_, question->reply.text, command)};
    co_return std::move(question->reply);
}

// All answers are taken first, and then those who asked go on: they may change anything here.
void RedisClient::receive()
{
    std::string text;
    std::string trouble;
    if (!socket_->receive(text))
        trouble = socket_->trouble();
    std::vector<std::shared_ptr<Question>> answered;
    redisReaderFeed(reader_.get(), text.data(), text.size());
    for (;;) {
        void* taken = nullptr;
        if (redisReaderGetReply(reader_.get(), &taken) != REDIS_OK) {
            trouble = "it does not speak Redis's protocol";
            break;
        }
        if (!taken)
            break;
        const std::unique_ptr<void, decltype(&freeReplyObject)> owner{taken, freeReplyObject};
        if (sent_.empty()) {
            trouble = "it answers what was not asked";
            break;
        }
        sent_.front()->reply = copy(*static_cast<redisReply*>(taken));
        answered.push_back(std::move(sent_.front()));
        sent_.pop_front();
    }
    for (const auto& question : answered)
        question->over.set();
    if (!trouble.empty())
        drop(trouble);
}

void RedisClient::drop(const std::string& trouble)
{
    const bool was_ready = std::exchange(ready_, false);
    trouble_ = trouble;
    socket_.reset();
    for (const auto& question : std::exchange(sent_, {})) {
        question->trouble = trouble;
        question->over.set();
    }
    if (was_ready)
        lost_.set();
}

// Those who wait for a connection hear that there is one, or none.
void RedisClient::wake()
{
    for (const auto& tried : std::exchange(waiting_, {}))
        tried->set();
}

std::string redis_library()
{
    return "hiredis " + std::to_string(HIREDIS_MAJOR) + '.' + std::to_string(HIREDIS_MINOR) + '.' +
           std::to_string(HIREDIS_PATCH) + '\n';
}

} // namespace onlogin
