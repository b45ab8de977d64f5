#pragma once

// Which of the configured mini programs a request is for.

#include "config/config.hh"
#include "gateway/params.hh"
#include "gateway/request.hh"

namespace onlogin {

// By ONLOGIN_APPID if the server in front sets it; else the parameter `appid`; else the appid in
// the Referer, if it is configured; else the only one. Throws BadRequest if none fits.
//
// Mini programs cannot change their Referer,
// https://servicewechat.com/{appid}/{version}/page-frame.html
// (https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html).
std::shared_ptr<const MiniProgram> choose_mini_program(const Config& config, const Request& request,
                                                       const Params& params);

} // namespace onlogin
