// What the page says, in both languages. {places} are filled by say().

const words = {
  en: {
    tagline: 'A login on this machine, the whole way: press a button and see what was really sent.',
    phone: 'Mini program', wechat: 'WeChat', backend: 'your backend',
    break: 'Break something',
    way: 'The way of a code', sent: 'What was sent',
    empty: 'Nothing yet. Press “wx.login”: the code goes from the mini program through nginx to onlogin, which alone knows the AppSecret and asks WeChat.',
    footer: 'nginx runs with the files that ship, the worker is the one that you have built, the client is onlogin.js as it is. WeChat is a fake on this machine. AppSecret and session_key never reach this page.',
    nobody: 'nobody', out: 'not logged in', kept: 'known from storage, no request', in: 'logged in',
    login: 'wx.login', backendAsk: 'Ask the backend', logout: 'Log out',
    used: 'Send a code twice', forged: 'Forge X-WX-OPENID', stale: 'End the session behind its back',
    busy: 'Let WeChat be busy', hundred: 'A hundred at once',
    saidLogin: 'The code was good once. onlogin traded it for the openid; the session_key stays inside the token that only the server can open.',
    saidKnown: 'No request: the session is in storage. Log out to see a login again.',
    saidBackend: 'nginx asked onlogin who this is, and told the backend by X-WX-OPENID. The backend knows nothing of WeChat.',
    saidLogout: 'The token is dead on every worker that shares the store.',
    saidUsed: 'WeChat takes a code once. The second time the answer says so, and what helps: a fresh one.',
    saidForged: 'Without a token nobody is let in, whoever he says he is. With one, the backend hears the true openid: what a client sends under that name never arrives.',
    saidStale: 'The client was told 401, dropped that very session, logged in once and sent the request again. Whoever called it noticed nothing.',
    saidBusy: 'WeChat said -1 twice. onlogin tried once more by itself, then told the client to come back later; the client waited and took a fresh code.',
    saidHundred: '{requests} requests with a dead session: {logins}, {answers} answers, all for the same user.',
    oneLogin: 'one login', logins: '{count} logins',
    failed: 'This did not work: {message}', recover: 'What helps: {recover}.',
    hopPhone: 'The mini program sent', hopNginx: 'nginx noted', hopOnlogin: 'onlogin noted',
    hopWechat: 'onlogin asked WeChat', hopAnswer: 'The answer', hidden: 'hidden',
    codeFrom: 'WeChat gave a login code', more: '{count} more like this',
    unreachable: 'The demo does not answer. Is it still running?'
  },
  zh: {
    tagline: '在本机走完一次完整的登录：点一个按钮，看到真实发出的请求和响应。',
    phone: '小程序', wechat: '微信', backend: '你的后端',
    break: '故意出错',
    way: 'code 的旅程', sent: '发出了什么',
    empty: '还没有请求。点「wx.login」：code 从小程序经过 nginx 到达 onlogin，只有它知道 AppSecret，由它去问微信。',
    footer: 'nginx 用的是随项目发布的配置文件，onlogin 是刚刚编译出来的那个，客户端就是 onlogin.js 本身。微信是本机上的模拟服务。AppSecret 和 session_key 不会出现在本页。',
    nobody: '未知用户', out: '未登录', kept: '来自本地缓存，没有请求', in: '已登录',
    login: 'wx.login', backendAsk: '请求后端', logout: '退出登录',
    used: '同一个 code 用两次', forged: '伪造 X-WX-OPENID', stale: '悄悄结束会话',
    busy: '让微信系统繁忙', hundred: '一百个请求同时发出',
    saidLogin: 'code 只能用一次。onlogin 用它换来了 openid；session_key 封在 token 里，只有服务器能打开。',
    saidKnown: '没有发请求：会话在本地缓存里。退出登录后可以再看一次登录。',
    saidBackend: 'nginx 先问 onlogin 这是谁，再用 X-WX-OPENID 告诉后端。后端不需要了解微信。',
    saidLogout: '这个 token 在共用存储的所有 onlogin 进程上都已失效。',
    saidUsed: '微信只接受一次。第二次的响应会说明原因和办法：换一个新的 code。',
    saidForged: '没有 token，自称是谁都进不来。有 token 时，后端得到的是真实的 openid：客户端以这个名字发送的内容不会到达后端。',
    saidStale: '客户端收到 401，只丢弃那一个会话，登录一次，再把请求重发一遍。调用者毫无察觉。',
    saidBusy: '微信两次返回 -1。onlogin 自己重试了一次，然后让客户端稍后再来；客户端等了一下，换了新的 code。',
    saidHundred: '{requests} 个请求带着已失效的会话：{logins}，{answers} 个响应，全部属于同一个用户。',
    oneLogin: '只登录一次', logins: '登录 {count} 次',
    failed: '没有成功：{message}', recover: '办法：{recover}。',
    hopPhone: '小程序发出', hopNginx: 'nginx 的记录', hopOnlogin: 'onlogin 的记录',
    hopWechat: 'onlogin 向微信请求', hopAnswer: '响应', hidden: '已隐藏',
    codeFrom: '微信给出登录 code', more: '还有 {count} 个同样的',
    unreachable: '演示服务没有响应，它还在运行吗？'
  }
}

let language = (() => {
  const chosen = localStorage.getItem('language')
  return chosen in words ? chosen : /^zh/.test(navigator.language) ? 'zh' : 'en'
})()

function say(name, places = {}) {
  return words[language][name].replace(/\{(\w+)\}/g, (whole, place) => place in places ? places[place] : whole)
}
