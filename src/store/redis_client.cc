#include "store/redis_client.hh"

#include "store/errors.hh"

#include <algorithm>
#include <utility>

#include <hiredis/hiredis.h>

namespace onlogin {

namespace {

std::string_view code_of(std::string_view error)
{
    return error.substr(0, error.find(' '));
}

// What an error says is looked for in what is known. It is not shown itself: it can repeat what was
// sent, the password for example.
std::string explain(const RedisWords& say, std::string_view error, std::string_view command)
{
    const auto code = code_of(error);
    auto text = "it refuses " + std::string{command} + ": ";
    for (const auto& row : say.refusals) {
        if (row.code != code || (!row.command.empty() && row.command != command) ||
            error.find(row.holds) == error.npos)
            continue;
        if (row.holds.empty())
            text.append(code).append(": ");
        return text.append(row.advice);
    }
    return text += say.other_refusal;
}

// Whether the error says that the server does not let us ask that at all.
bool is_forbidden(std::string_view error)
{
    return code_of(error) == "NOPERM" || error.find("unknown command") != error.npos;
}

// Whether the error says that this server is not the one to ask, or not yet.
bool is_elsewhere(std::string_view error)
{
    const auto code = code_of(error);
    return code == "READONLY" || code == "MASTERDOWN" || code == "LOADING";
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
    std::string command;
    Clock::time_point sent;
    bool of_role = false; // nobody waits for the reply: judge() takes it
    Event over;           // the reply has come, or the connection has gone
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
            failed = why_late();
        } catch (const std::runtime_error& error) {
            failed = why_not_ready(error.what());
        }
        tried_ = true;
        if (failed.empty()) {
            if (hopeless_)
                log_.info(say_.back, {{"store", address_.shown}});
            hopeless_ = false;
            pause_for = times_.first_pause;
            ready_ = true;
            ++connections_;
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
        if (address_.path.empty())
            resolver_.doubt(address_.endpoint.host); // another may have taken over its name
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
    heard_ = Clock::now();
    socket_->listen([this] { receive(); });
    co_await introduce();
}

// All in one piece, so that a server far away costs one round trip and not three.
Task<> RedisClient::introduce()
{
    std::vector<std::shared_ptr<Question>> asked;
    if (!address_.password.empty()) {
        std::vector<std::string> words{"AUTH"};
        if (!address_.user.empty())
            words.push_back(address_.user);
        words.push_back(address_.password.reveal());
        asked.push_back(send(std::move(words)));
    }
    if (address_.db != 0) {
        std::vector<std::string> words{"SELECT", std::to_string(address_.db)};
        asked.push_back(send(std::move(words)));
    }
    means_ = Means::Info;
    looked_around_ = {};
    const auto role = send(question_of_role());
    for (const auto& question : asked)
        co_await reply_to(question);
    co_await find_means_by(role);
}

// `question` has been asked; while its command is forbidden, the next one is tried.
Task<> RedisClient::find_means_by(std::shared_ptr<Question> question)
{
    for (;;) {
        const auto means = means_;
        co_await question->over;
        if (!question->trouble.empty())
            throw StoreUnreachable{question->trouble};
        const auto& reply = question->reply;
        if (const auto trouble = judge(reply); !trouble.empty())
            throw StoreUnreachable{trouble};
        if (means == means_)
            break;
        question = send(question_of_role());
    }
    // ROLE does not tell that a server still reads its data.
    if (means_ != Means::Role)
        co_return;
    question = send({say_.probe.begin(), say_.probe.end()});
    co_await question->over;
    if (!question->trouble.empty())
        throw StoreUnreachable{question->trouble};
    if (const auto& error = question->reply.text; is_elsewhere(error))
        throw StoreUnreachable{explain(say_, error, question->command)};
}

std::vector<std::string> RedisClient::question_of_role()
{
    looked_ = Clock::now();
    switch (means_) {
    case Means::Info:
        if (looked_ - looked_around_ < times_.look_around)
            return {"INFO", "replication"};
        looked_around_ = looked_;
        return {"INFO"};
    case Means::Role:
        return {"ROLE"};
    case Means::Probe:
        break;
    }
    return {say_.probe.begin(), say_.probe.end()};
}

// What keeps us from asking this server; empty: nothing.
//
// A replica may not know yet what the master was told; a server may forget what it was told.
std::string RedisClient::judge(const RedisReply& reply)
{
    if (reply.kind == RedisReply::Kind::Error) {
        if (means_ != Means::Probe && is_forbidden(reply.text)) {
            means_ = means_ == Means::Info ? Means::Role : Means::Probe;
            return {};
        }
        // That it cannot write just now is for those to hear who want it to.
        if (means_ == Means::Probe && !is_elsewhere(reply.text) && code_of(reply.text) != "NOAUTH")
            return {};
        return explain(say_, reply.text, means_ == Means::Info ? "INFO" : "ROLE");
    }
    if (means_ == Means::Role)
        return !reply.list.empty() && reply.list.front().text == "slave" ? say_.replica : "";
    if (means_ == Means::Probe)
        return {};
    if (value_of(reply.text, "role") == "slave")
        return say_.replica;
    if (value_of(reply.text, "loading") == "1")
        return say_.loading;
    look_around(reply.text);
    return {};
}

void RedisClient::look_around(const std::string& info)
{
    const auto policy = value_of(info, "maxmemory_policy");
    if (policy.empty())
        return; // the part about its role alone
    server_ = {policy, value_of(info, "aof_enabled"), value_of(info, "evicted_keys")};
    std::string eviction;
    if (policy != "noeviction")
        eviction = "maxmemory-policy " + policy;
    if (!server_.evicted.empty() && server_.evicted != "0")
        eviction += (eviction.empty() ? "" : "; ") + std::string{"it has evicted keys"};
    if (std::exchange(warned_of_eviction_, eviction) != eviction && !eviction.empty())
        warn(say_.may_be_evicted, eviction, say_.evicted_advice);
    const std::string loss = server_.append_only == "0" ? "appendonly no" : "";
    if (std::exchange(warned_of_loss_, loss) != loss && !loss.empty())
        warn(say_.may_be_lost, loss, say_.lost_advice);
}

void RedisClient::warn(const char* event, const std::string& reason, Marked advice)
{
    log_.warn(event,
              {{"store", address_.shown}, {"reason", reason}, {"advice", translate(advice)}});
}

Task<RedisReply> RedisClient::ask(std::vector<std::string> words, Look look)
{
    // The first ones wait for the first connection: who runs for one question alone has none.
    const auto patience = tried_ ? times_.answer : times_.connect + times_.answer;
    try {
        auto reply = co_await with_deadline(loop_, Clock::now() + patience,
                                            ask_when_connected(std::move(words), look));
        co_return reply;
    } catch (const DeadlinePassed&) {
    } catch (const StoreUnreachable& error) {
        throw StoreUnreachable{address_.shown + ": " + error.what()};
    }
    const auto text = "no answer within " + std::to_string(patience.count()) + " ms";
    if (ready_ && overdue())
        drop(text); // what else is in flight waits in vain, too
    throw StoreUnreachable{address_.shown + ": " + text};
}

// Whether the server has had a question that long, and said nothing since. That somebody's time has
// passed is no evidence: he may have waited for the connection, or for the way to a far server.
bool RedisClient::overdue() const
{
    constexpr milliseconds tick{20}; // timers are not exact
    return !sent_.empty() &&
           Clock::now() - std::max(sent_.front()->sent, heard_) >= times_.answer - tick;
}

Task<RedisReply> RedisClient::ask_when_connected(std::vector<std::string> words, Look look)
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
    // Answers come in the order of questions: this one's comes first.
    if (look == Look::Now || Clock::now() - looked_ > times_.look)
        send(question_of_role())->of_role = true;
    const auto question = send(std::move(words));
    auto reply = co_await reply_to(question);
    co_return reply;
}

std::shared_ptr<RedisClient::Question> RedisClient::send(std::vector<std::string> words)
{
    auto question = std::make_shared<Question>();
    question->command = words.front();
    question->sent = Clock::now();
    auto text = command_text(words);
    for (auto& word : words)
        wipe(word);
    if (!socket_) {
        question->trouble = trouble_;
        question->over.set();
        return question;
    }
    socket_->send(text);
    wipe(text);
    sent_.push_back(question);
    return question;
}

Task<RedisReply> RedisClient::reply_to(std::shared_ptr<Question> question)
{
    co_await question->over;
    if (!question->trouble.empty())
        throw StoreUnreachable{question->trouble};
    if (question->reply.kind == RedisReply::Kind::Error)
        throw StoreUnreachable{explain(say_, question->reply.text, question->command)};
    co_return std::move(question->reply);
}

// All answers are taken first, and then those who asked go on: they may change anything here.
void RedisClient::receive()
{
    std::string text;
    std::string trouble;
    bool no_redis = false;
    if (!socket_->receive(text)) {
        trouble = socket_->trouble();
        no_redis = text.empty();
    }
    if (!text.empty())
        heard_ = Clock::now();
    std::vector<std::shared_ptr<Question>> answered;
    redisReaderFeed(reader_.get(), text.data(), text.size());
    for (;;) {
        void* taken = nullptr;
        if (redisReaderGetReply(reader_.get(), &taken) != REDIS_OK) {
            trouble = "it does not speak Redis's protocol";
            no_redis = true;
            break;
        }
        if (!taken)
            break;
        const std::unique_ptr<void, decltype(&freeReplyObject)> owner{taken, freeReplyObject};
        auto reply = copy(*static_cast<redisReply*>(taken));
        if (sent_.empty()) {
            trouble = reply.kind == RedisReply::Kind::Error
                          ? explain(say_, reply.text, "the connection")
                          : "it answers what was not asked";
            break;
        }
        const auto question = std::move(sent_.front());
        sent_.pop_front();
        if (question->of_role) {
            trouble = judge(reply);
            if (!trouble.empty())
                break; // what it has answered after that does not count
            continue;
        }
        if (ready_ && reply.kind == RedisReply::Kind::Error && is_elsewhere(reply.text))
            trouble = explain(say_, reply.text, question->command);
        question->reply = std::move(reply);
        answered.push_back(question);
        if (!trouble.empty())
            break;
    }
    if (no_redis && !ready_ && !tls_)
        trouble.append("; ").append(say_.only_tls);
    for (const auto& question : answered)
        question->over.set();
    if (!trouble.empty())
        drop(trouble);
}

// Why an attempt to connect has failed, with what may be wrong with the address.
std::string RedisClient::why_not_ready(const std::string& trouble) const
{
    if (socket_ && socket_->stage() == Stream::Stage::ShakingHands &&
        trouble.find("certificate") == trouble.npos)
        return trouble + "; " + say_.no_tls;
    return trouble;
}

// The same where its time has passed.
std::string RedisClient::why_late() const
{
    const auto within = " within " + std::to_string(times_.connect.count()) + " ms";
    switch (socket_->stage()) {
    case Stream::Stage::Name:
        return "no answer of the name server" + within;
    case Stream::Stage::Connecting:
        return "no connection" + within + ": does it run, and lets a firewall this host through?";
    case Stream::Stage::ShakingHands:
        return "no answer to TLS" + within + "; " + say_.no_tls;
    case Stream::Stage::Connected:
        break;
    }
    const auto text = "connected, but no answer" + within + ": it hangs, or is no Redis";
    return tls_ ? text : text + "; " + say_.only_tls;
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
