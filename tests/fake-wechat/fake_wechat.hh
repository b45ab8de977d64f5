#pragma once

// A WeChat to develop against: https://api.weixin.qq.com as far as logins and what belongs to them
// need it, and paths below /fake/ to ask for codes and to look behind the scene. WeChat's own paths
// answer as WeChat does: checks in its order, its wording, HTTP 200 for all. help_text() has the
// list.

#include "gateway/request.hh"
#include "gateway/response.hh"
#include "known_apps.hh"

#include <memory>
#include <string>
#include <vector>

namespace onlogin::fake {

struct World;

class FakeWechat
{
public:
    FakeWechat(Loop& loop, std::vector<KnownApp> apps);
    ~FakeWechat();
    FakeWechat(const FakeWechat&) = delete;
    FakeWechat& operator=(const FakeWechat&) = delete;

    // Never throws. What an exchange changes is changed before any delay: a client that loses
    // patience has used up its code, as it would with WeChat.
    Task<Response> answer(Request& request);

private:
    Loop& loop_;
    std::unique_ptr<World> world_;
};

// The endpoints, the options of a code and the magic codes, for people.
std::string help_text();

} // namespace onlogin::fake
