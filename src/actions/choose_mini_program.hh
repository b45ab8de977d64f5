#pragma once

// Which of the configured mini programs a request is for.

#include "config/config.hh"
#include "gateway/params.hh"
#include "gateway/request.hh"

namespace onlogin {

// By ONLOGIN_APPID if the server in front names one; else the parameter `appid`; else the appid in
// the Referer, if it is configured; else the only one. Throws BadRequest if none fits.
//
// Mini programs cannot change their Referer,
// https://servicewechat.com/{appid}/{version}/page-frame.html
// (https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html).
std::shared_ptr<const MiniProgram> choose_mini_program(const Config& config, const Request& request,
                                                       const Params& params);

// Whether a token of `appid` is good for whoever asks: the mini program is configured, and it is
// the one that ONLOGIN_APPID names, if that names one. Where ONLOGIN_APPID is empty only the token
// of the only mini program is good. Throws Undecided where it is empty and there are several, or
// names two.
bool is_wanted(const Config& config, const AppidChoice& choice, std::string_view appid);

} // namespace onlogin
