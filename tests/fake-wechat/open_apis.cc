// Some of WeChat's APIs that take an access token: with JSON, with an upload, with an image as the
// answer, and one that is a GET. Enough to try what passes them on.
//
// https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/
// https://developers.weixin.qq.com/miniprogram/dev/framework/security.imgSecCheck.html
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/qrcode-link/qr-code/getUnlimitedQRCode.html

#include "base/json.hh"
#include "endpoints.hh"
#include "picture.hh"

namespace onlogin::fake {

namespace {

constexpr std::size_t largest_image = std::size_t{1} << 20;

// The errcode of what is wrong with all but the parameters; 0 if nothing is.
int check(const World& world, const Request& request, const Query& query, std::string_view method)
{
    if (const int errcode = world.tokens.caller(find(query, "access_token")).errcode)
        return errcode;
    if (request.method != method)
        return method == "GET" ? 43001 : 43002;
    return method == "POST" && request.body.empty() ? 44002 : 0;
}

// The JSON object of the body; what it does not have is null.
struct Body
{
    int errcode = 0;
    Json::Value members{};

    explicit Body(const std::string& text)
    {
        auto parsed = parse_json(text);
        if (parsed && parsed->isObject())
            members = std::move(*parsed);
        else
            errcode = 47001;
    }
    [[nodiscard]] std::string text(const char* name) const
    {
        const auto& value = members[name];
        return value.isString() ? value.asString() : std::string{};
    }
    [[nodiscard]] int number(const char* name) const
    {
        const auto& value = members[name];
        return value.isInt() ? value.asInt() : 0;
    }
};

bool is_risky(std::string_view text)
{
    return text.find("risky") != text.npos;
}

// The content of the first part of a form-data body (RFC 2046, section 5.1.1). Absent if it is
// none.
std::optional<std::string_view> first_part(const Request& request)
{
    constexpr std::string_view blank_line = "\r\n\r\n";
    const auto at = request.content_type.find("boundary=");
    if (!request.content_type.starts_with("multipart/form-data") || at == std::string::npos)
        return std::nullopt;
    auto boundary = request.content_type.substr(at + 9);
    if (boundary.size() > 1 && boundary.front() == '"' && boundary.back() == '"')
        boundary = boundary.substr(1, boundary.size() - 2);
    const std::string_view body = request.body;
    const auto head = body.find(blank_line);
    if (!body.starts_with("--" + boundary) || head == body.npos)
        return std::nullopt;
    const auto begin = head + blank_line.size();
    const auto end = body.find("\r\n--" + boundary, begin);
    if (end == body.npos)
        return std::nullopt;
    return body.substr(begin, end - begin);
}

} // namespace

Answer msg_sec_check(World& world, const Request& request, const Query& query)
{
    if (const int errcode = check(world, request, query, "POST"))
        return refusal(errcode);
    const Body body{request.body};
    if (body.errcode)
        return refusal(body.errcode);
    const auto content = body.text("content");
    if (content.empty())
        return refusal(44004);
    if (body.number("version") != 2) // the first one knows no more
        return refusal(is_risky(content) ? 87014 : 0);
    if (body.text("openid").empty())
        return refusal(40003);
    if (body.number("scene") < 1 || body.number("scene") > 4)
        return refusal(40129);

    const Members result{{"suggest", json_string(is_risky(content) ? "risky" : "pass")},
                         {"label", is_risky(content) ? "20001" : "100"}};
    Members detail{{"strategy", json_string("content_model")}, {"errcode", "0"}};
    detail.insert(detail.end(), result.begin(), result.end());
    detail.emplace_back("prob", "90");
    auto members = error_members(0);
    members.emplace_back("detail", '[' + write(detail) + ']');
    members.emplace_back("trace_id", json_string(make_rid()));
    members.emplace_back("result", write(result));
    return answer(write(members));
}

Answer img_sec_check(World& world, const Request& request, const Query& query)
{
    if (const int errcode = check(world, request, query, "POST"))
        return refusal(errcode);
    const auto image = first_part(request);
    if (!image || image->empty())
        return refusal(41005);
    if (image->size() > largest_image)
        return refusal(40006);
    return refusal(is_risky(*image) ? 87014 : 0);
}

Answer get_unlimited_code(World& world, const Request& request, const Query& query)
{
    if (const int errcode = check(world, request, query, "POST"))
        return refusal(errcode, json);
    const Body body{request.body};
    if (body.errcode)
        return refusal(body.errcode, json);
    const auto scene = body.text("scene");
    if (scene.empty() || scene.size() > 32)
        return refusal(40169, json);
    return answer(jpeg(60'000), "image/jpeg");
}

Answer get_api_domain_ip(World& world, const Request& request, const Query& query)
{
    if (const int errcode = check(world, request, query, "GET"))
        return refusal(errcode);
    return answer(R"({"ip_list":["203.0.113.80","203.0.113.81"]})");
}

} // namespace onlogin::fake
