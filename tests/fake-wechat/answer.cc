#include "answer.hh"

namespace onlogin::fake {

Answer answer(std::string text, std::string_view content_type, int status)
{
    Answer result;
    result.response.status = status;
    result.response.content_type = content_type;
    result.response.body = std::move(text);
    return result;
}

Answer refusal(int errcode, std::string_view content_type)
{
    return answer(write(error_members(errcode)), content_type);
}

Answer answer_as(const Behaviour& behaviour, Members members, std::string_view content_type,
                 std::string path)
{
    auto result = answer({}, content_type, behaviour.status);
    result.delay = behaviour.delay;
    auto& response = result.response;
    if (behaviour.body) {
        response.content_type = behaviour.body->content_type;
        response.body = behaviour.body->make(std::move(members));
    } else {
        response.body = write(members);
    }
    if (response.status / 100 == 3)
        response.headers.emplace_back("Location", std::move(path));
    return result;
}

} // namespace onlogin::fake
