// Logs the users of a mini program in by an onlogin server, and sends their session along.
//
//     const onlogin = require('./onlogin.js')({ url: 'https://login.example.com/onLogin' })
//
//     const { openid } = await onlogin.user()
//     const answer = await onlogin.request({ url: '/api/orders' })
//
// onlogin.d.ts says what each function takes, gives and throws. From base library 2.10 on; ES2015, so
// that it runs as it is, also where a build leaves packages alone.

const LONGEST_WAIT = 10 // seconds in front of a screen; after that the user is told instead
const USUAL_WAIT = 1
const YEAR = 365 * 24 * 3600 * 1000

module.exports = function (options) {
  const settings = typeof options === 'string' ? { url: options } : options || {}
  const api = settings.platform || findPlatform()
  const url = settings.url
  const home = requireOrigin(url, 'url is missing or is no address, as https://login.example.com/onLogin')
  const hosts = [home].concat((settings.hosts || []).map(host =>
    requireOrigin(host, `hosts: ${host} is no address, as https://api.example.com`)))
  const timeout = settings.timeout || 10000
  const storage = openStorage(api, `onlogin:${appidOf(api)}:${url}`)
  const foreground = watchForeground(api)

  // { token, openid, unionid, life in ms, ends, begun }, times by this phone's own clock.
  let session = null
  // The last session that was over, and when that was noticed: what WeChat has prefetched may be of it.
  let dead = '', ended = 0
  let running = null
  restore()

  function restore() {
    const kept = storage.read()
    dead = kept.dead || ''
    ended = kept.ended || 0
    if (kept.session && typeof kept.session.openid === 'string') session = kept.session
  }

  function save() {
    storage.write({ session, dead, ended })
  }

  // The session of an answer to a login that came at `time`.
  function begin(data, time) {
    const life = (Number(data.expires_in) || 0) * 1000
    session = Object.assign({}, data, { life, begun: time, ends: time + life })
    save()
    return session
  }

  // Of several who find the same session over, the first one drops it; a newer one stays.
  function drop(token) {
    if (!session || session.token !== token) return
    session = null
    dead = tail(token)
    ended = Date.now()
    save()
  }

  function current() {
    const now = Date.now()
    // A clock that was put back says nothing about the end: the server will.
    return session && (now < session.ends || now < session.begun) ? session : null
  }

  // One login, however many ask while it runs.
  function ready() {
    const known = current()
    if (known) return Promise.resolve(known)
    if (!running) {
      const over = () => { running = null }
      running = prefetched().then(found => found || freshLogin())
      running.then(over, over)
    }
    return running
  }

  // A login that WeChat has made while the mini program was still being loaded: the worker's answer
  // to it, which may be an old one. Nothing where there is none, or where it is of no use. Old phones
  // tell its time wrongly; a session that is over after all is noticed when it is used.
  // https://developers.weixin.qq.com/miniprogram/dev/framework/ability/pre-fetch.html
  function prefetched() {
    if (settings.prefetch === false || !api.getBackgroundFetchData) return Promise.resolve(null)
    const got = call(api, 'getBackgroundFetchData', { fetchType: 'pre' })
    return Promise.race([got, pause(0.5)]).then(found => {
      const answer = parsed(found && found.fetchedData)
      const data = answer && answer.code === 0 && answer.data
      if (!data || typeof data.openid !== 'string' || (dead && tail(data.token) === dead)) return null
      const told = Number(found.timeStamp) || 0, now = Date.now()
      const time = told > now - YEAR && told <= now ? told : now
      return time > ended && now < time + data.expires_in * 1000 ? begin(data, time) : null
    }).catch(() => null)
  }

  function freshLogin() {
    return retried(() => call(api, 'login', { timeout, provider: 'weixin' })
      .then(({ code }) => ask({ url, data: { code } })))
      .then(data => {
        if (data && typeof data.openid === 'string') return begin(data, Date.now())
        throw failure({ message: `what answers at ${url} is no onlogin`, recover: 'never' })
      })
  }

  // The `data` of an answer of onlogin itself. Throws its error, or one in its form.
  function ask(request) {
    return call(api, 'request', Object.assign({ timeout }, request)).then(answer => {
      const body = parsed(answer.data)
      if (body && body.code === 0) return body.data
      if (body && typeof body.code === 'number') throw failure(body, header(answer, 'Retry-After'))
      // nginx's own page, a captive portal, another program.
      throw failure({ code: answer.statusCode, message: `HTTP ${answer.statusCode} without an answer of onlogin` })
    })
  }

  // Once again, where the error says that this helps; not while nobody is looking.
  function retried(attempt) {
    return attempt().catch(error => {
      if (!/^(login|later)$/.test(error.recover) || error.wait > LONGEST_WAIT) throw error
      const wait = error.recover === 'later' ? Math.min(error.wait * (1 + Math.random()), LONGEST_WAIT) : 0
      return pause(wait).then(foreground).then(attempt)
    })
  }

  // Sends with the session, and once more with a new one if that is over. `send` gets the token.
  function withSession(send, isOver) {
    const attempt = again => ready().then(({ token }) => send(token).then(answer => {
      const over = isOver(answer)
      if (!over) renew(token, header(answer, 'Onlogin-Token'))
      if (!over || !again) return answer
      drop(token)
      return foreground().then(() => attempt(false))
    }))
    return attempt(true)
  }

  function renew(old, fresh) {
    if (!fresh || !session || session.token !== old) return
    begin(Object.assign({}, session, { token: fresh, expires_in: session.life / 1000 }), Date.now())
  }

  // As `wx[name]`, with the session where the address is one of ours.
  function send(name, request) {
    let task = null, aborted = false
    const target = /^\//.test(request.url) ? home + request.url : request.url
    const once = token => new Promise((success, fail) => {
      if (aborted) return fail({ errMsg: `${name}:fail abort` })
      task = api[name](Object.assign({}, request, {
        url: target, header: withToken(request.header, token), success, fail, complete: undefined
      }))
      if (request.onTask) request.onTask(task)
    })
    const isOver = answer => answer.statusCode === 401 && (bodyOf(api, answer) || {}).code === 401
    const done = hosts.indexOf(originOf(target)) < 0 ? once() : withSession(once, isOver)
    done.abort = () => {
      aborted = true
      if (task && task.abort) task.abort()
    }
    return calledBack(done, request)
  }

  // To onlogin, as the user; `make` gives what is sent, and is asked again after a new login.
  function post(action, make) {
    const attempt = () => ready().then(({ token }) => make().then(data => ask({
      url: url.replace(/\/?$/, '/') + action, method: 'POST', data, header: withToken({}, token)
    })).catch(error => {
      if (error.code === 401 || (error.recover === 'login' && action === 'decrypt')) drop(token)
      throw error
    }))
    return attempt()
  }

  const client = {
    user: () => ready().then(({ openid, unionid, token }) =>
      Object.assign({ openid }, unionid && { unionid }, token && { token })),

    request: request => send('request', request),
    uploadFile: request => send('uploadFile', request),
    downloadFile: request => send('downloadFile', request),

    connectSocket(request) {
      const open = token => new Promise((resolve, reject) => {
        const task = api.connectSocket(Object.assign({}, request, {
          header: withToken(request.header, token), success: undefined, complete: undefined, fail: reject
        }))
        task.onOpen(() => resolve({ task }))
        task.onError(reject)
      }).catch(error => {
        // Phones say so in words of their own; the answer itself is not shown to anybody.
        if (token && /\b401\b/.test(error && error.errMsg)) return { over: true, error }
        throw error
      })
      const done = hosts.indexOf(originOf(request.url)) < 0 ? open() : withSession(open, answer => answer.over)
      return calledBack(done.then(answer => {
        if (answer.over) throw answer.error
        return answer.task
      }), request)
    },

    decrypt(get) {
      const make = () => Promise.resolve(get()).then(({ encryptedData, iv, rawData, signature }) =>
        Object.assign({ encryptedData, iv }, rawData && signature && { rawData, signature }))
      return retried(() => post('decrypt', make))
    },

    phone(detail) {
      const { code, errMsg, errno } = detail || {}
      if (!code) return Promise.reject(failure({ reason: phoneReason(errno, errMsg), message: errMsg || 'no phone code' }))
      const attempt = () => post('phone', () => Promise.resolve({ code }))
      // Before a session was looked up nobody has spent the code.
      return attempt().catch(error => {
        if (error.code === 401) return attempt()
        throw error
      }).catch(error => {
        error.reason = error.recover === 'never' ? 'failed' : 'again'
        throw error
      })
    },

    logout() {
      const settled = running ? running.catch(() => {}) : Promise.resolve()
      return settled.then(() => {
        const { token } = session || {}
        if (!token) return drop(token)
        return ask({ url: url.replace(/\/?$/, '/') + 'logout', method: 'POST', header: withToken({}, token) })
          .catch(error => {
            if (error.code !== 401) throw error // over already
          })
          .then(() => drop(token))
      })
    },

    getUserOpenInfo(callback) {
      client.user().then(callback, () => callback(false))
    }
  }
  return client
}

module.exports.default = module.exports

function findPlatform() {
  /* global wx, uni, Taro */
  const found = [typeof wx !== 'undefined' && wx, typeof uni !== 'undefined' && uni,
    typeof Taro !== 'undefined' && Taro].filter(one => one && one.login && one.request)[0]
  if (!found) throw new TypeError('onlogin: there is no wx here; hand it over as `platform`')
  return found
}

// A function of the platform that calls back, as a promise. What fails becomes an error of ours.
function call(api, name, options) {
  return new Promise((success, fail) => api[name](Object.assign({}, options, { success, fail })))
    .catch(error => {
      throw failure({ code: (error && error.errno) || 0, message: (error && error.errMsg) || `${name}:fail`, recover: 'later' })
    })
}

// What is thrown: an error with `code`, `recover` and, where there is one, `reason`.
function failure({ code = 0, message, recover, reason }, retryAfter) {
  const error = new Error(message)
  error.code = code
  error.errMsg = message // as what wx itself fails with
  error.recover = recover || (code >= 500 || code < 400 ? 'later' : 'never')
  error.wait = Number(retryAfter) || USUAL_WAIT
  if (reason) error.reason = reason
  return error
}

// https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/getPhoneNumber.html
function phoneReason(errno, message) {
  if (errno === 104 || /privacy/.test(message)) return 'privacy'
  if (errno === 1400001) return 'quota'
  return /deny|cancel/.test(message) ? 'refused' : 'again'
}

// As `fail`, `success` and `complete` of wx, for who gives them; a promise for who does not.
function calledBack(done, { success, fail, complete }) {
  if (success || fail || complete)
    done.then(answer => {
      if (success) success(answer)
      if (complete) complete(answer)
    }, error => {
      if (fail) fail(error)
      if (complete) complete(error)
    })
  return done
}

// Scheme, host and port, as one text; nothing for what is no plain address. wss is https's.
function originOf(address) {
  const parts = /^(https?|wss?):\/\/([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?(?=[/?#]|$)/i.exec(address)
  if (!parts) return ''
  const scheme = parts[1].toLowerCase().replace('ws', 'http')
  const port = parts[3] && Number(parts[3]) !== (scheme === 'https' ? 443 : 80) ? `:${Number(parts[3])}` : ''
  return `${scheme}://${parts[2].toLowerCase()}${port}`
}

// Of an address that the owner has given; throws `otherwise` where it is none. An empty origin would
// be that of each odd address of a request.
function requireOrigin(address, otherwise) {
  const origin = originOf(address)
  if (!origin) throw new TypeError(`onlogin: ${otherwise}`)
  return origin
}

// Where a caller has an Authorization of its own, the token goes under its other name.
function withToken(header, token) {
  if (!token) return Object.assign({}, header)
  const taken = Object.keys(header || {}).some(name => name.toLowerCase() === 'authorization')
  return Object.assign({}, header, taken ? { 'X-WX-Skey': token } : { Authorization: `Bearer ${token}` })
}

// Phones differ in how they spell the names of headers.
function header(answer, wanted) {
  const all = answer.header || {}
  const name = Object.keys(all).filter(one => one.toLowerCase() === wanted.toLowerCase())[0]
  return name && String(all[name])
}

function parsed(text) {
  if (typeof text !== 'string') return text && typeof text === 'object' ? text : null
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    return null
  }
}

// The JSON of an answer, in whichever form the caller wanted it; a download has it in a file.
function bodyOf(api, { data, tempFilePath }) {
  try {
    if (tempFilePath) return parsed(api.getFileSystemManager().readFileSync(tempFilePath, 'utf8'))
    if (!(data instanceof ArrayBuffer)) return parsed(data)
    return parsed(String.fromCharCode.apply(null, new Uint8Array(data.slice(0, 4096))))
  } catch (error) {
    return null
  }
}

// Enough to tell a session from others, and nothing that opens it.
function tail(token) {
  return String(token || '').slice(-16)
}

function pause(seconds) {
  return new Promise(done => setTimeout(done, seconds * 1000))
}

function appidOf(api) {
  try {
    return api.getAccountInfoSync().miniProgram.appId
  } catch (error) {
    return ''
  }
}

// Storage may be full, or off: then the session lasts as long as the mini program runs.
function openStorage(api, key) {
  return {
    read() {
      try {
        return api.getStorageSync(key) || {}
      } catch (error) {
        return {}
      }
    },
    write(value) {
      try {
        api.setStorageSync(key, value)
      } catch (error) {
        try {
          api.removeStorageSync(key) // better none than an old one
        } catch (none) {}
      }
    }
  }
}

// A function whose promise waits until the mini program is in front of the user.
function watchForeground(api) {
  let hidden = false, waiting = []
  if (api.onAppHide && api.onAppShow) {
    api.onAppHide(() => { hidden = true })
    api.onAppShow(() => {
      hidden = false
      waiting.splice(0).forEach(go => go())
    })
  }
  return () => hidden ? new Promise(go => waiting.push(go)) : Promise.resolve()
}
