#include "actions/actions.hh"
#include "actions/ask_wechat.hh"
#include "actions/choose_mini_program.hh"

#include <optional>

namespace onlogin {

// In a header, as nginx's auth_request hands on nothing else. The method and the body are those of
// the request that it asks for: they say nothing here.
Task<Response> access_token(App& app, Request& request)
{
    const auto params = Params::of_query(request);
    const auto mini = choose_mini_program(*app.config, request, params);
    request.trace.app = mini->appid;
    std::optional<WaitForWechat> wait; // not where the token is at hand
    const auto before_waiting = [&] {
        if (!wait)
            wait.emplace(app);
    };
    const auto deadline = deadline_of(request, *mini);
    auto question = !request.refused_token.empty()
                        ? app.tokens.renew(mini, request.refused_token, deadline, before_waiting)
                    : !request.suspected_token.empty()
                        ? app.tokens.check(mini, request.suspected_token, deadline, before_waiting)
                        : app.tokens.get(mini, deadline, before_waiting);
    const auto outcome = co_await timed(std::move(question));
    const auto& token = answer_to(request, outcome);
    Response response{204, {}, {}, {}};
    response.headers.emplace_back("Onlogin-Access-Token", token.reveal());
    co_return response;
}

} // namespace onlogin
