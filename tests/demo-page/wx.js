// `wx` on fetch, for onlogin.js as it is; and what was sent, for the page to show.

const appid = 'wx0123456789abcdef'

const sent = [] // each exchange of the mini program: see record()
const listeners = []
let nextCode = {} // options of the fake WeChat for the next login code
let quietSince = -1 // from there on, exchanges that are alike are counted, not shown

function record(exchange) {
  const alike = quietSince >= 0 && sent.slice(quietSince).find(({ kind, status, url }) =>
    kind === exchange.kind && status === exchange.status && String(url) === String(exchange.url))
  if (alike) alike.more = (alike.more || 0) + 1
  else sent.push(exchange)
  listeners.forEach(tell => tell(exchange))
}

async function askFake(path, options = {}) {
  const answer = await fetch(`/fake/${path}?${new URLSearchParams({ appid, ...options })}`)
  if (!answer.ok) throw new Error(await answer.text())
  return answer.text()
}

// As the demo's page is the whole mini program, its storage is the browser's.
const wx = {
  async login({ success, fail }) {
    try {
      const code = await askFake('code', { user: 'you', ...nextCode })
      nextCode = {}
      record({ kind: 'code', code, time: performance.now() })
      success({ errMsg: 'login:ok', code })
    } catch (error) {
      fail({ errMsg: `login:fail ${error.message}` })
    }
  },

  request(options) {
    const { url, method = 'GET', header = {}, data, success, fail, complete = () => {} } = options
    const stop = new AbortController()
    const target = method === 'GET' && data ? `${url}?${new URLSearchParams(data)}` : url
    const body = method === 'GET' || data === undefined ? undefined : JSON.stringify(data)
    const headers = { 'content-type': 'application/json', ...header }
    const exchange = { kind: 'request', method, url: new URL(target), headers, body, began: performance.now() }
    fetch(target, { method, headers, body, signal: stop.signal, cache: 'no-store' }).then(async answer => {
      const text = await answer.text()
      const header = Object.fromEntries(answer.headers)
      let parsed = text
      try { parsed = JSON.parse(text) } catch { /* it stays text */ }
      record(Object.assign(exchange, { status: answer.status, header, text, ms: performance.now() - exchange.began }))
      const result = { errMsg: 'request:ok', statusCode: answer.status, header, data: parsed }
      if (success) success(result)
      complete(result)
    }, error => {
      record(Object.assign(exchange, { status: 0, text: error.message, header: {}, ms: performance.now() - exchange.began }))
      const result = { errMsg: `request:fail ${error.message}` }
      if (fail) fail(result)
      complete(result)
    })
    return { abort: () => stop.abort() }
  },

  getAccountInfoSync: () => ({ miniProgram: { appId: appid } }),
  getStorageSync: key => JSON.parse(localStorage.getItem(key) || '""'),
  setStorageSync: (key, value) => localStorage.setItem(key, JSON.stringify(value)),
  removeStorageSync: key => localStorage.removeItem(key)
}

// CommonJS, as far as one file needs it.
async function requireFrom(address) {
  const module = { exports: {} }
  const source = await (await fetch(address, { cache: 'no-store' })).text()
  new Function('module', 'exports', 'wx', source)(module, module.exports, wx)
  return module.exports
}
