// A phone for tests: `wx` by WeChat's documented rules, in front of real servers.
//
// https://developers.weixin.qq.com/miniprogram/dev/api/network/request/wx.request.html
// https://developers.weixin.qq.com/miniprogram/dev/framework/ability/network.html

const fs = require('node:fs')
const http = require('node:http')
const https = require('node:https')

const { ORIGIN, ORIGIN_CA, FAKE, FAKE_CA } = process.env
const trusted = [ORIGIN_CA, FAKE_CA].map(file => fs.readFileSync(file))
const agent = new https.Agent({ ca: trusted, keepAlive: true, maxSockets: 200 })
const plainAgent = new http.Agent({ keepAlive: true })
const appid = 'wx0123456789abcdef'

const MOST_AT_ONCE = 10

// An exchange over the network: { status, headers, bytes }.
function exchange(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const plain = url.startsWith('http:')
    const outgoing = (plain ? http : https).request(
      url, { method, headers, agent: plain ? plainAgent : agent }, response => {
        const parts = []
        response.on('data', part => parts.push(part))
        response.on('end', () => resolve({
          status: response.statusCode, headers: response.headers, bytes: Buffer.concat(parts)
        }))
      })
    outgoing.on('error', reject)
    outgoing.end(body)
    return outgoing
  })
}

// The fake WeChat's own interface: fake('/fake/code', { user: 'alice' }).
async function fake(path, options = {}) {
  const { status, bytes } = await exchange(`${FAKE}${path}?${new URLSearchParams({ appid, ...options })}`)
  if (status !== 200) throw new Error(`${path}: ${bytes}`)
  return bytes.toString()
}

const pairs = data => Object.entries(data)
  .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')

// What wx.request makes of `data`.
function encoded({ url, method, type, data }) {
  if (data === undefined) return { url }
  if (method === 'GET' && typeof data === 'object')
    return { url: `${url}${url.includes('?') ? '&' : '?'}${pairs(data)}` }
  if (typeof data !== 'object' || data instanceof ArrayBuffer)
    return { url, body: Buffer.from(data) }
  return { url, body: type.startsWith('application/x-www-form-urlencoded') ? pairs(data) : JSON.stringify(data) }
}

class Phone {
  constructor({ user = `user-${Math.random()}`, spelling = name => name } = {}) {
    this.user = user // who holds it
    this.storage = new Map()
    this.online = true
    this.storageFull = false
    this.spelling = spelling // of the names of headers in answers
    this.logins = 0
    this.requests = [] // what went out: { url, method, header }
    this.codeOptions = {} // of the fake: what becomes of the next codes
    this.next = {} // what comes in place of an answer, once: { request, login: { errMsg } }
    this.prefetch = null
    this.files = new Map()
    this.atOnce = this.most = 0
    this.queue = []
    this.listeners = { show: [], hide: [] }
    this.sockets = []
  }

  hide() { this.listeners.hide.forEach(tell => tell()) }
  show() { this.listeners.show.forEach(tell => tell()) }

  paths() { return this.requests.map(({ url }) => new URL(url).pathname) }

  // What a mini program finds as `wx`, and another as `uni` or `Taro`.
  get wx() {
    const phone = this
    const sent = name => options => phone.send(name, options)
    return {
      login: options => phone.login(options),
      request: sent('request'),
      uploadFile: sent('uploadFile'),
      downloadFile: sent('downloadFile'),
      connectSocket: options => phone.connectSocket(options),
      getAccountInfoSync: () => ({ miniProgram: { appId: appid, envVersion: 'release' } }),
      getStorageSync: key => structuredClone(phone.storage.get(key) ?? ''),
      setStorageSync(key, value) {
        if (phone.storageFull) throw new Error('setStorageSync:fail exceed storage max size 10MB')
        phone.storage.set(key, structuredClone(value))
      },
      removeStorageSync: key => { phone.storage.delete(key) },
      getFileSystemManager: () => ({
        readFileSync: path => phone.files.get(path).toString()
      }),
      onAppShow: tell => phone.listeners.show.push(tell),
      onAppHide: tell => phone.listeners.hide.push(tell),
      getBackgroundFetchData({ success, fail }) {
        if (!phone.prefetch) return fail({ errMsg: 'getBackgroundFetchData:fail record is null' })
        return success(phone.prefetch)
      }
    }
  }

  async login({ success, fail }) {
    this.logins += 1
    if (!this.online) return fail({ errMsg: 'login:fail request:fail network error', errno: 600001 })
    const code = await fake('/fake/code', { user: this.user, ...this.codeOptions })
    this.codeOptions = {}
    return success({ errMsg: 'login:ok', code })
  }

  // Ten at once; the others wait. `success` for every status.
  send(name, options) {
    const state = { aborted: false }
    const begin = () => {
      this.atOnce += 1
      this.most = Math.max(this.most, this.atOnce)
      this.deliver(name, options, state).finally(() => {
        this.atOnce -= 1
        const next = this.queue.shift()
        if (next) next()
      })
    }
    if (this.atOnce < MOST_AT_ONCE) begin()
    else this.queue.push(begin)
    return { abort: () => { state.abort?.(); state.aborted = true } }
  }

  async deliver(name, options, state) {
    const { method = name === 'uploadFile' ? 'POST' : 'GET', header = {}, data, formData, success, fail, complete } = options
    const over = (tell, result) => {
      tell?.(result)
      complete?.(result)
    }
    const broken = new Promise(resolve => { state.abort = () => resolve('abort') })
    const trouble = !this.online ? 'network error' : this.next[name]
    delete this.next[name]
    if (state.aborted) return over(fail, { errMsg: `${name}:fail abort` })
    if (typeof trouble === 'string') return over(fail, { errMsg: `${name}:fail ${trouble}` })
    const type = Object.entries(header).find(([one]) => /^content-type$/i.test(one))?.[1] ?? 'application/json'
    const { url, body } = name === 'uploadFile'
      ? { url: options.url, body: pairs(formData ?? {}) }
      : encoded({ url: options.url, method, type, data })
    this.requests.push({ url, method, header })
    const headers = {
      'content-type': name === 'uploadFile' ? 'application/x-www-form-urlencoded' : type,
      Referer: `https://servicewechat.com/${appid}/1/page-frame.html`,
      ...header,
      'content-length': body === undefined ? 0 : Buffer.byteLength(body)
    }
    if (body === undefined && method === 'GET') delete headers['content-length']
    let got
    try {
      got = trouble ? await trouble() : await Promise.race([exchange(url, { method, headers, body }), broken])
    } catch (error) {
      return over(fail, { errMsg: `${name}:fail ${error.message}`, errno: 600001 })
    }
    if (got === 'abort') return over(fail, { errMsg: `${name}:fail abort` })
    const text = got.bytes.toString().replace(/^\ufeff/, '')
    const answer = { errMsg: `${name}:ok`, statusCode: got.status, header: {} }
    for (const [one, value] of Object.entries(got.headers)) answer.header[this.spelling(one)] = value
    if (name === 'downloadFile') {
      answer.tempFilePath = `wxfile://tmp_${this.files.size}`
      this.files.set(answer.tempFilePath, got.bytes)
    } else if (options.responseType === 'arraybuffer') {
      answer.data = got.bytes.buffer.slice(got.bytes.byteOffset, got.bytes.byteOffset + got.bytes.length)
    } else {
      answer.data = text
      if (name === 'request' && options.dataType !== 'text') try { answer.data = JSON.parse(text) } catch { /* text */ }
    }
    if (name === 'uploadFile') delete answer.header
    return over(success, answer)
  }

  // A handshake as a phone makes it, as far as the answer's status.
  connectSocket({ url, header = {}, success, fail }) {
    this.requests.push({ url, method: 'GET', header })
    const on = { open: [], error: [] }
    const task = {
      onOpen: tell => on.open.push(tell), onError: tell => on.error.push(tell),
      onMessage() {}, onClose() {}, send() {}, close() {}
    }
    success?.({ errMsg: 'connectSocket:ok' })
    exchange(url.replace(/^ws/, 'http'), { headers: header }).then(
      ({ status }) => status < 400 ? on.open.forEach(tell => tell({}))
        : on.error.forEach(tell => tell({ errMsg: `Error during WebSocket handshake: Unexpected response code: ${status}` })),
      error => fail?.({ errMsg: error.message }))
    this.sockets.push(task)
    return task
  }
}

// A mini program that has just been started on `phone`.
function start(phone, options = {}) {
  const file = require.resolve('../../src/miniprogram/onlogin.js')
  delete require.cache[file]
  const found = { wx: phone.wx, uni: undefined, Taro: undefined, ...options.globals }
  Object.assign(globalThis, found)
  return require(file)({ url: `${ORIGIN}/onLogin`, ...options.onlogin })
}

const answering = (status, body, headers = {}) => async () =>
  ({ status, headers, bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) })

module.exports = { Phone, start, fake, exchange, answering, appid, ORIGIN }
