const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Phone, start, fake, exchange, answering, ORIGIN } = require('./phone.js')

const told = answer => Object.fromEntries(answer.data.told.map(([name, value]) => [name.toLowerCase(), value]))
const openidOf = answer => told(answer)['x-wx-openid']
const stored = phone => [...phone.storage.values()][0]

// Ends the session of `user` behind the client's back.
async function end({ token }) {
  const { status } = await exchange(`${ORIGIN}/onLogin/logout`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}`, 'content-length': 0 } })
  assert.equal(status, 200)
}

test('a user is logged in once, and known from then on', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const { openid, token } = await onlogin.user()
  assert.match(openid, /^o/)
  assert.match(token, /^v3\.local\./)
  assert.equal((await onlogin.user()).openid, openid)
  assert.equal(phone.logins, 1)
})

test('a hundred who ask at once share one login', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const users = await Promise.all(Array.from({ length: 100 }, () => onlogin.user()))
  assert.equal(new Set(users.map(user => user.openid)).size, 1)
  assert.equal(phone.logins, 1)
})

test('a cold start asks nobody while the session lives', async () => {
  const phone = new Phone()
  const { openid } = await start(phone).user()
  phone.requests = []
  assert.equal((await start(phone).user()).openid, openid)
  assert.deepEqual([phone.logins, phone.requests.length], [1, 0])
})

test('a session that is over by its time is not used', async () => {
  const phone = new Phone()
  await start(phone).user()
  stored(phone).session.ends = Date.now() - 1
  stored(phone).session.begun = Date.now() - 2
  await start(phone).user()
  assert.equal(phone.logins, 2)
})

for (const hours of [-1, 1])
  test(`a clock ${hours} hour off lets the user in, and nobody else`, async () => {
    const phone = new Phone()
    const { openid } = await start(phone).user()
    const now = Date.now
    Date.now = () => now() + hours * 3600 * 1000
    try {
      assert.equal(openidOf(await start(phone).request({ url: '/api/orders' })), openid)
    } finally {
      Date.now = now
    }
  })

test('where storage is full the session lasts as long as the mini program', async () => {
  const phone = new Phone()
  phone.storageFull = true
  const onlogin = start(phone)
  await onlogin.user()
  await onlogin.user()
  assert.equal(phone.logins, 1)
  await start(phone).user()
  assert.equal(phone.logins, 2)
})

test('an old session does not stay in a storage that is full', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  await end(await onlogin.user())
  phone.storageFull = true
  await onlogin.request({ url: '/api/orders' })
  assert.equal(stored(phone), undefined)
})

test('mini programs that share a storage keep their sessions apart', async () => {
  const phone = new Phone()
  await start(phone).user()
  const other = phone.wx
  other.getAccountInfoSync = () => ({ miniProgram: { appId: 'wx00000000000000ff' } })
  await start(phone, { onlogin: { platform: other } }).user()
  assert.equal(phone.logins, 2)
  assert.equal(phone.storage.size, 2)
})

for (const name of ['uni', 'Taro'])
  test(`it finds ${name} where there is no wx`, async () => {
    const phone = new Phone()
    const onlogin = start(phone, { globals: { wx: undefined, [name]: phone.wx } })
    assert.match((await onlogin.user()).openid, /^o/)
  })

test('without a platform, or an address, it says so at once', () => {
  assert.throws(() => start(new Phone(), { globals: { wx: undefined } }), /there is no wx here/)
  for (const url of [undefined, '', '/onLogin', 'login.example.com', 'https://a@b.example/onLogin'])
    assert.throws(() => start(new Phone(), { onlogin: { url } }), /url is missing or is no address/)
})

// --- Requests -----------------------------------------------------------------------------------

test('a request is answered to the user who asks', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const { openid } = await onlogin.user()
  const answer = await onlogin.request({ url: '/api/orders', method: 'POST', data: { a: 1 } })
  assert.equal(openidOf(answer), openid)
  assert.equal(answer.data.method, 'POST')
})

test('success, fail and complete are called as wx calls them', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const calls = []
  const called = (name, done) => result => { calls.push(name); if (done) done(result) }
  const answer = await new Promise(done => onlogin.request({
    url: '/api/orders', success: called('success'), fail: called('fail'), complete: called('complete', done)
  }))
  assert.equal(answer.statusCode, 200)
  phone.online = false
  const error = await new Promise(done => onlogin.request({
    url: '/api/orders', success: called('success'), fail: called('fail'), complete: called('complete', done)
  }))
  assert.match(error.errMsg, /^request:fail/)
  assert.deepEqual(calls, ['success', 'complete', 'fail', 'complete'])
})

test('a hundred callers with a dead session: one login, a hundred answers, of one user', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const user = await onlogin.user()
  await end(user)
  const answers = await Promise.all(Array.from({ length: 100 }, () => onlogin.request({ url: '/api/orders' })))
  assert.deepEqual(new Set(answers.map(openidOf)), new Set([user.openid]))
  assert.equal(phone.logins, 2)
  assert.ok(phone.most <= 10)
})

test('a session that others have replaced meanwhile is not dropped again', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const user = await onlogin.user()
  await end(user)
  const late = onlogin.request({ url: '/api/slow' })
  await onlogin.request({ url: '/api/orders' })
  const { token } = await onlogin.user()
  await late
  assert.equal((await onlogin.user()).token, token)
  assert.equal(phone.logins, 2)
})

test('a 401 of the backend is the caller\'s', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const answer = await onlogin.request({ url: '/api/status/401' })
  assert.equal(answer.statusCode, 401)
  assert.deepEqual(phone.paths(), ['/onLogin', '/api/status/401'])
})

test('a session that stays refused is the caller\'s after one more try', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  await onlogin.user()
  const wx = phone.wx
  const refused = { statusCode: 401, header: {}, data: { code: 401, message: 'over', recover: 'login' } }
  let asked = 0
  const stubborn = start(phone, { onlogin: { platform: {
    ...wx, request: options => options.url.endsWith('/api/orders') ? (asked++, options.success(refused)) : wx.request(options)
  } } })
  assert.equal((await stubborn.request({ url: '/api/orders' })).statusCode, 401)
  assert.equal(asked, 2)
})

for (const [name, request] of [
  ['text', { dataType: 'text' }], ['bytes', { responseType: 'arraybuffer' }]
])
  test(`a session that is over is noticed in an answer that is asked for as ${name}`, async () => {
    const phone = new Phone()
    const onlogin = start(phone)
    await end(await onlogin.user())
    assert.equal((await onlogin.request({ url: '/api/orders', ...request })).statusCode, 200)
    assert.equal(phone.logins, 2)
  })

test('files go up and down with the session, and once more with a new one', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const { openid } = await onlogin.user()
  for (const name of ['uploadFile', 'downloadFile']) {
    await end(await onlogin.user())
    const answer = await onlogin[name]({ url: '/api/file', filePath: 'wxfile://a', name: 'a' })
    assert.equal(answer.statusCode, 200)
    const text = name === 'uploadFile' ? answer.data : phone.files.get(answer.tempFilePath).toString()
    assert.equal(openidOf({ data: JSON.parse(text) }), openid)
  }
  assert.equal(phone.logins, 3)
})

test('a socket opens with the session, and once more with a new one', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  await end(await onlogin.user())
  const task = await onlogin.connectSocket({ url: `${ORIGIN.replace('https', 'wss')}/api/socket` })
  assert.equal(task, phone.sockets[1])
  assert.equal(phone.logins, 2)
})

test('the token goes to the hosts that are named, and to no other', async () => {
  const phone = new Phone()
  const wx = phone.wx
  const sent = []
  const onlogin = start(phone, { onlogin: { hosts: ['https://api.example.com:8443'], platform: {
    ...wx, request: options => options.url.endsWith('/onLogin') ? wx.request(options)
      : (sent.push(options), options.success({ statusCode: 200, header: {}, data: {} }))
  } } })
  const host = new URL(ORIGIN).host
  const ours = [`${ORIGIN}/x`, `HTTPS://LOCALHOST:${host.split(':')[1]}/x`, 'https://api.example.com:8443?x', '/x', '//evil.example/x']
  const others = ['https://api.example.com/', 'http://api.example.com:8443/', `https://${host}.evil.example/`,
    `https://${host}@evil.example/`, `https://evil.example\\@${host}/`, `https://evil.example#@${host}/`,
    `https://evil.example?${host}`, `http://${host}/`, ` ${ORIGIN}/x`, `${ORIGIN}x/`, `https:/${host}/`, '']
  for (const url of [...ours, ...others]) await onlogin.request({ url })
  const withToken = sent.map(({ header }) => Boolean(header.Authorization))
  assert.deepEqual(withToken, [...ours.map(() => true), ...others.map(() => false)])
  assert.equal(new URL(sent[4].url).host, host)
})

test('a host that is no address is told at once, instead of standing for every odd one', () => {
  for (const wrong of ['api.example.com', 'ftp://api.example.com', 'https://me@api.example.com', '', undefined])
    assert.throws(() => start(new Phone(), { onlogin: { hosts: [wrong] } }), /hosts: .* as https:/)
})

test('a caller\'s own Authorization stays, and the session goes along all the same', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const { openid } = await onlogin.user()
  const answer = await onlogin.request({ url: '/api/orders', header: { authorization: 'Basic abc' } })
  assert.equal(openidOf(answer), openid)
  assert.equal(told(answer).authorization, 'Basic abc')
})

test('a request can be broken off', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  await onlogin.user()
  const pending = onlogin.request({ url: '/api/slow' })
  await new Promise(done => setTimeout(done, 50))
  pending.abort()
  await assert.rejects(pending, { errMsg: 'request:fail abort' })
})

// --- What goes wrong ------------------------------------------------------------------------------

test('a failure frees all who wait, tells what helps, and is not kept', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  phone.next.request = answering(500, { code: 40125, message: 'misconfigured', recover: 'never' })
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => onlogin.user()))
  for (const { reason } of results)
    assert.deepEqual([reason.code, reason.recover, reason.message], [40125, 'never', 'misconfigured'])
  assert.equal(phone.logins, 1)
  assert.match((await onlogin.user()).openid, /^o/)
})

test('a refused code is followed by one fresh code', async () => {
  const phone = new Phone()
  phone.codeOptions = { errcode: 40163 }
  assert.match((await start(phone).user()).openid, /^o/)
  assert.equal(phone.logins, 2)
})

test('what waits too long is told at once', async () => {
  const phone = new Phone()
  phone.codeOptions = { errcode: 45011 }
  await assert.rejects(start(phone).user(), { code: 45011, recover: 'later' })
  assert.equal(phone.logins, 1)
})

test('Retry-After is waited for', async () => {
  const phone = new Phone({ spelling: name => name.toUpperCase() })
  phone.next.request = answering(503, { code: 503, message: 'busy', recover: 'later' }, { 'retry-after': '1' })
  const began = Date.now()
  await start(phone).user()
  assert.ok(Date.now() - began >= 950)
})

for (const [what, answer] of [
  ['an HTML error of nginx', answering(502, '<html>502 Bad Gateway</html>')],
  ['a captive portal', answering(200, '<html>Welcome to our hotel</html>')],
  ['JSON of another program', answering(200, '[1, 2]')],
  ['nothing at all', answering(204, '')],
  ['a lost connection', 'interrupted']
])
  test(`${what} is no answer, and a later one is`, async () => {
    const phone = new Phone()
    phone.next.request = answer
    assert.match((await start(phone).user()).openid, /^o/)
    assert.equal(phone.logins, 2)
  })

test('a page that is not there is told, with its status', async () => {
  const phone = new Phone()
  phone.next.request = answering(404, '<html>')
  await assert.rejects(start(phone).user(), { code: 404, recover: 'never' })
})

test('without network the error says so, and the next call tries again', async () => {
  const phone = new Phone()
  phone.online = false
  const onlogin = start(phone)
  await assert.rejects(onlogin.user(), { recover: 'later', errMsg: 'login:fail request:fail network error' })
  phone.online = true
  assert.match((await onlogin.user()).openid, /^o/)
})

test('nothing is tried again while the mini program is in the background', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  phone.next.request = 'interrupted'
  phone.hide()
  const pending = onlogin.user()
  await new Promise(done => setTimeout(done, 2500))
  assert.equal(phone.logins, 1)
  phone.show()
  assert.match((await pending).openid, /^o/)
  assert.equal(phone.logins, 2)
})

test('logging out ends the session here and on the server', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const user = await onlogin.user()
  await onlogin.logout()
  assert.equal(stored(phone).session, null)
  const { status } = await exchange(`${ORIGIN}/api/orders`, { headers: { Authorization: `Bearer ${user.token}` } })
  assert.equal(status, 401)
  assert.notEqual((await onlogin.user()).token, user.token)
  await onlogin.logout()
  await onlogin.logout()
})

test('a login that runs is ended by logging out, too', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const user = onlogin.user()
  await onlogin.logout()
  const { status } = await exchange(`${ORIGIN}/api/orders`, { headers: { Authorization: `Bearer ${(await user).token}` } })
  assert.equal(status, 401)
})

test('the function of the blog post calls back with the user, or with false', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const found = await new Promise(done => onlogin.getUserOpenInfo(done))
  assert.match(found.openid, /^o/)
  const lost = new Phone()
  lost.online = false
  assert.equal(await new Promise(done => start(lost).getUserOpenInfo(done)), false)
})

// --- Data and phone numbers -----------------------------------------------------------------------

const userData = async user => JSON.parse(await fake('/fake/user-data', { user }))

test('what WeChat has encrypted is decrypted, after a login', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  const data = await onlogin.decrypt(() => userData(phone.user))
  assert.equal(data.openId, (await onlogin.user()).openid)
})

test('data of a later login is fetched again after one of our own', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  await onlogin.user()
  const another = new Phone({ user: phone.user })
  await start(another).user() // WeChat has a new session_key now
  let fetched = 0
  const data = await onlogin.decrypt(() => (fetched++, userData(phone.user)))
  assert.equal(data.openId, (await onlogin.user()).openid)
  assert.deepEqual([fetched, phone.logins], [2, 2])
})

test('a user who does not agree is not asked twice', async () => {
  const phone = new Phone()
  let asked = 0
  const refusal = { errMsg: 'getUserProfile:fail auth deny' }
  await assert.rejects(start(phone).decrypt(() => (asked++, Promise.reject(refusal))), refusal)
  assert.equal(asked, 1)
})

test('a phone number is told, also where the session is over', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  await end(await onlogin.user())
  const code = await fake('/fake/phone-code', { phone: '13912345678' })
  const info = await onlogin.phone({ code, errMsg: 'getPhoneNumber:ok' })
  assert.equal(info.purePhoneNumber, '13912345678')
  await assert.rejects(onlogin.phone({ code, errMsg: 'getPhoneNumber:ok' }), { reason: 'again' })
})

for (const [reason, detail] of [
  ['refused', { errMsg: 'getPhoneNumber:fail user deny' }],
  ['quota', { errMsg: 'getPhoneNumber:fail jsapi has no quota', errno: 1400001 }],
  ['privacy', { errMsg: 'getPhoneNumber:fail privacy permission is not authorized', errno: 104 }],
  ['again', { errMsg: 'getPhoneNumber:fail' }], ['again', undefined]
])
  test(`a phone number that does not come says why: ${reason}, ${detail && detail.errMsg}`, async () => {
    const phone = new Phone()
    await assert.rejects(start(phone).phone(detail), { reason })
    assert.equal(phone.logins, 0)
  })

// --- Prefetched -----------------------------------------------------------------------------------

// As WeChat's server asks before the mini program has loaded.
async function prefetch(phone, options = {}) {
  const query = { appid: 'wx0123456789abcdef', timestamp: Date.now(), path: 'pages/index', query: 'a=1&code=2', scene: 1001, ...options }
  if (!options.token) query.code = await fake('/fake/code', { user: phone.user })
  const { bytes } = await exchange(`${ORIGIN}/onLogin?${new URLSearchParams(query)}`)
  return { fetchedData: bytes.toString(), timeStamp: Date.now(), path: 'pages/index', query: '', scene: 1001 }
}

test('who was logged in before the first page needs no request', async () => {
  const phone = new Phone()
  phone.prefetch = await prefetch(phone)
  const onlogin = start(phone)
  const { openid } = await onlogin.user()
  assert.deepEqual([phone.logins, phone.requests.length], [0, 0])
  assert.equal(openidOf(await onlogin.request({ url: '/api/orders' })), openid)
})

test('a prefetched session that has ended is not taken again, whatever time it tells', async () => {
  for (const timeStamp of [Date.now(), 0, undefined, Date.now() * 1000]) {
    const phone = new Phone()
    phone.prefetch = { ...await prefetch(phone), timeStamp }
    const onlogin = start(phone)
    await onlogin.user()
    await onlogin.logout()
    await onlogin.user()
    assert.equal(phone.logins, 1)
    await onlogin.logout()
    await start(phone).user()
    assert.equal(phone.logins, 2)
  }
})

test('an old prefetched login is not taken', async () => {
  const phone = new Phone()
  phone.prefetch = { ...await prefetch(phone), timeStamp: Date.now() - 7300 * 1000 }
  await start(phone).user()
  assert.equal(phone.logins, 1)
})

for (const fetchedData of ['', 'null', '<html>', '{"code":401}', '{"code":0}', '{"code":0,"data":{"openid":1}}'])
  test(`prefetched data of no use leads to a login: ${fetchedData}`, async () => {
    const phone = new Phone()
    phone.prefetch = { fetchedData, timeStamp: Date.now() }
    await start(phone).user()
    assert.equal(phone.logins, 1)
  })

test('a prefetch by token confirms the session', async () => {
  const phone = new Phone()
  const user = await start(phone).user()
  const { fetchedData } = await prefetch(phone, { token: user.token })
  const { code, data } = JSON.parse(fetchedData)
  assert.equal(code, 0)
  assert.equal(data.openid, user.openid)
  assert.equal(data.token, user.token)
  assert.ok(data.expires_in > 0)
})
