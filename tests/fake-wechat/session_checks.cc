// Whether a session_key is the user's last one, asked by who has it.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey

#include "digests.hh"
#include "endpoints.hh"

namespace onlogin::fake {

Answer check_session(World& world, const Request& request, const Query& query)
{
    const auto caller = world.tokens.caller(find(query, "access_token"));
    if (caller.errcode)
        return refusal(caller.errcode);
    if (request.method != "GET")
        return refusal(43001);
    if (find(query, "sig_method") != "hmac_sha256")
        return refusal(87008);
    const auto* const user = world.users.find(caller.appid, find(query, "openid"));
    if (!user)
        return refusal(40003);
    // The key is the text, not what it is the base64 of; a GET has no body to sign.
    const bool good = find(query, "signature") == hmac_sha256(user->session_key, "");
    return refusal(good ? 0 : 87009);
}

} // namespace onlogin::fake
