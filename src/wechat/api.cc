#include "wechat/api.hh"

#include "base/encode.hh"
#include "base/json.hh"
#include "https/errors.hh"
#include "net/errors.hh"
#include "wechat/errcodes.hh"

#include <charconv>
#include <random>

namespace onlogin {

namespace {

// The word behind `label`, made of `alphabet`; empty if there is none.
std::string word_behind(std::string_view text, std::string_view label, std::string_view alphabet)
{
    const auto at = text.find(label);
    if (at == text.npos)
        return {};
    text.remove_prefix(at + label.size());
    return std::string{text.substr(0, std::min<std::size_t>(text.find_first_not_of(alphabet), 64))};
}

// WeChat's id of the call: "…, rid: 66c69111-4157f271-729ca238", or in older answers
// "…, hints: [ req_id: N37KMa0605th21 ]".
std::string rid_of(std::string_view errmsg)
{
    auto rid = word_behind(errmsg, " rid: ", "0123456789abcdef-");
    if (rid.empty())
        rid = word_behind(
            errmsg, "req_id: ", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    return rid;
}

int errcode_of(const Json::Value& value)
{
    if (value.isNull())
        return 0;
    if (value.isInt())
        return value.asInt();
    if (value.isString()) {
        const auto text = value.asString();
        int errcode = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), errcode);
        if (error == std::errc{} && end == text.data() + text.size())
            return errcode;
    }
    throw Unusable{"the errcode is no number"};
}

milliseconds retry_pause()
{
    static std::minstd_rand random{std::random_device{}()};
    return milliseconds{std::uniform_int_distribution<int>{100, 300}(random)};
}

} // namespace

std::string text_in(const Json::Value& answer, const char* name)
{
    const auto& value = answer[name];
    return value.isString() ? value.asString() : std::string{};
}

Json::Value read_answer(std::string_view body, Api api)
{
    auto answer = is_utf8(body) ? parse_json(body) : std::nullopt;
    if (!answer || !answer->isObject())
        throw Unusable{"the answer is not a JSON object"};
    if (const int errcode = errcode_of((*answer)["errcode"]); errcode != 0) {
        const auto errmsg = text_in(*answer, "errmsg");
        throw Refused{api, errcode, rid_of(errmsg),
                      word_behind(errmsg, "invalid ip ", "0123456789abcdefABCDEF.:")};
    }
    return *std::move(answer);
}

WechatApi::WechatApi(Loop& loop, HttpClient& http, Advisor& advisor)
    : loop_{loop}
    , http_{http}
    , advisor_{advisor}
{
}

Task<Json::Value> WechatApi::call(const MiniProgram& mini, Api api, const HttpRequest& request,
                                  Clock::time_point deadline)
{
    for (bool retried = false;; retried = true) {
        std::exception_ptr failure;
        std::optional<Unreachable> unreachable;
        bool again = false;
        try {
            auto reply = co_await http_.send(request, deadline);
            const Secret body{std::move(reply.body)};
            co_return read_answer(body.reveal(), api);
        } catch (const Refused& refused) {
            failure = std::current_exception();
            again = refused.errcode == -1;
            if (!refuses_access_token(refused))
                advisor_.refused(mini.appid, refused);
        } catch (const Unreachable& cause) {
            failure = std::current_exception();
            again = true;
            unreachable = cause;
        }
        const auto wait = retry_pause();
        if (!again || retried || Clock::now() + wait >= deadline) {
            if (unreachable)
                advisor_.unreachable(mini.appid, *unreachable);
            std::rethrow_exception(failure);
        }
        co_await pause(loop_, wait);
    }
}

} // namespace onlogin
