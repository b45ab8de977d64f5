// The page: buttons do something by onlogin.js, and what it sent is shown hop by hop.

const element = id => document.getElementById(id)
const make = (name, className, text) => {
  const made = document.createElement(name)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

let onlogin
let user = null
let known = '' // where the user is known from: a word of words.js
let said = null // [word, places]

// --- What others noted ----------------------------------------------------------------------------

// What has been added to a log since it was last looked at.
function follow(path) {
  let offset = -1
  return async () => {
    const text = await (await fetch(path, { cache: 'no-store' })).text()
    const lines = offset < 0 ? '' : text.slice(offset)
    offset = text.lastIndexOf('\n') + 1
    return lines.split('\n').filter(Boolean)
  }
}
const logs = { nginx: follow('/logs/nginx'), onlogin: follow('/logs/onlogin') }
let journalSeen = -1
async function journal() {
  const entries = JSON.parse(await askFake('journal', { since: Math.max(journalSeen, 0) }))
  const first = journalSeen < 0
  if (entries.length) journalSeen = entries[entries.length - 1].number
  return first ? [] : entries
}

async function noted() {
  const [nginx, onlogin, wechat] = await Promise.all([logs.nginx(), logs.onlogin(), journal()])
  return { nginx, onlogin, wechat }
}

// The lines come a moment after the answers.
async function awaitNoted(count) {
  const all = { nginx: [], onlogin: [], wechat: [] }
  for (let turn = 0; turn < 20; turn++) {
    const more = await noted()
    for (const name of Object.keys(all)) all[name].push(...more[name])
    if (all.nginx.length >= count) break
    await new Promise(done => setTimeout(done, 50))
  }
  return all
}

// --- The way --------------------------------------------------------------------------------------

const still = matchMedia('(prefers-reduced-motion: reduce)')
const stations = { 'to-nginx': 'at-nginx', 'to-onlogin': 'at-onlogin', 'to-wechat': 'at-wechat', 'to-backend': 'at-backend' }
let journey = 0

// The dot goes along each of `legs` and back, in turn; what it has passed stays lit.
async function travel(legs) {
  const mine = ++journey
  document.querySelectorAll('#way .used').forEach(one => one.classList.remove('used'))
  element('at-phone').classList.add('used')
  for (const { id, back } of legs) {
    const path = element(id)
    if (!still.matches) await move(path, back, () => mine === journey)
    if (mine !== journey) return
    path.classList.add('used')
    element(stations[id]).classList.add('used')
  }
  element('dot').style.opacity = 0
}

function move(path, back, goesOn) {
  const dot = element('dot')
  const length = path.getTotalLength()
  dot.style.opacity = 1
  return new Promise(done => {
    const began = performance.now()
    const step = now => {
      const part = Math.min((now - began) / 280, 1)
      const eased = part * part * (3 - 2 * part)
      const { x, y } = path.getPointAtLength(length * (back ? 1 - eased : eased))
      dot.setAttribute('cx', x)
      dot.setAttribute('cy', y)
      if (part < 1 && goesOn()) requestAnimationFrame(step)
      else done()
    }
    requestAnimationFrame(step)
  })
}

// What was passed, by what was noted there.
function legsOf(exchanges, others) {
  const legs = []
  const go = (...ids) => legs.push(...ids.map(id => ({ id })), ...ids.reverse().map(id => ({ id, back: true })))
  const login = exchanges.some(({ url }) => url && url.pathname === '/onLogin')
  const other = exchanges.some(({ url }) => url && url.pathname.startsWith('/onLogin/'))
  const guarded = exchanges.filter(({ url }) => url && url.pathname.startsWith('/api/'))
  if (login) go('to-nginx', 'to-onlogin', ...(others.wechat.length ? ['to-wechat'] : []))
  if (other) go('to-nginx', 'to-onlogin')
  if (guarded.length) {
    legs.push({ id: 'to-nginx' }, { id: 'to-onlogin' }, { id: 'to-onlogin', back: true })
    if (guarded.some(({ status }) => status === 200))
      legs.push({ id: 'to-backend' }, { id: 'to-backend', back: true })
    legs.push({ id: 'to-nginx', back: true })
  }
  return legs
}

// --- What was sent --------------------------------------------------------------------------------

const short = text => String(text).replace(/(v3\.local\.[\w-]{8})[\w.-]*/g, '$1…')

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function hop(title, text) {
  const part = make('div')
  part.append(make('h3', '', title))
  const lines = make('pre')
  // What is not for this page is said to be so.
  String(text).split(/(\(hidden\))/).forEach(piece =>
    lines.append(piece === '(hidden)' ? make('span', 'hidden', `(${say('hidden')})`) : piece))
  part.append(lines)
  return part
}

function show(exchange, others) {
  const { kind, method, url, headers, body, status, header, text, ms, code, more } = exchange
  const item = make('li')
  const box = make('details')
  const line = make('summary')
  const path = kind === 'code' ? say('codeFrom') : `${method} ${url.pathname}${url.search}`
  const mood = status === 0 || status >= 500 ? 'failed' : status >= 400 ? 'refused' : ''
  line.append(make('span', `status ${mood}`, kind === 'code' ? 'wx' : status || '–'), make('span', 'what', short(path)),
    make('span', 'time', ms === undefined ? '' : `${Math.round(ms)} ms`))
  if (more) line.append(make('span', 'word', say('more', { count: more })))
  const hops = make('div', 'hops')
  if (kind === 'code') {
    hops.append(hop('wx.login', `{ code: ${JSON.stringify(code)} }`))
  } else {
    const told = Object.entries(headers).map(([name, value]) => `${name}: ${short(value)}`)
    hops.append(hop(say('hopPhone'), [`${method} ${url.pathname}${url.search}`, ...told, ...(body ? ['', pretty(body)] : [])].join('\n')))
    if (others.nginx.length) hops.append(hop(say('hopNginx'), others.nginx.join('\n')))
    if (others.onlogin.length) hops.append(hop(say('hopOnlogin'), others.onlogin.join('\n')))
    for (const entry of others.wechat)
      hops.append(hop(say('hopWechat'), `${entry.method} ${entry.path}?${entry.query}\n\n${entry.status}\n${pretty(entry.answer)}`))
    const worth = Object.entries(header).filter(([name]) => /^(content-type|retry-after|onlogin-token|cache-control)$/i.test(name))
    hops.append(hop(say('hopAnswer'), [`HTTP ${status}`, ...worth.map(([name, value]) => `${name}: ${short(value)}`), '', short(pretty(text))].join('\n')))
  }
  box.append(line, hops)
  item.append(box)
  element('exchanges').prepend(item)
  while (element('exchanges').children.length > 60) element('exchanges').lastChild.remove()
  element('empty').hidden = true
  return box
}

// Those of `from` that are meant, `most` of them, taken out of it.
const take = (from, is, most = Infinity) => from.filter(is).slice(0, most)
  .map(one => from.splice(from.indexOf(one), 1)[0])

// Each exchange with what belongs to it: one line of nginx's, by whose id onlogin noted its own.
function showAll(action, exchanges, others) {
  document.querySelectorAll('#exchanges details[open]').forEach(one => { one.open = false })
  const rest = { nginx: [...others.nginx], onlogin: [...others.onlogin], wechat: [...others.wechat] }
  let last
  for (const exchange of exchanges) {
    const mine = { nginx: [], onlogin: [], wechat: [] }
    if (exchange.kind === 'request') {
      const { pathname, searchParams } = exchange.url
      mine.nginx = take(rest.nginx, line => line.includes(` ${pathname} HTTP/`) && line.includes(`" ${exchange.status} `), 1)
      const id = /\bid=(\w+)/.exec(mine.nginx[0])
      if (id) mine.onlogin = take(rest.onlogin, line => line.includes(` request=${id[1]} `))
      const code = searchParams.get('code')
      if (code) mine.wechat = take(rest.wechat, entry => new URLSearchParams(entry.query).get('js_code') === code)
    }
    last = show(exchange, mine)
  }
  if (!last) return
  last.open = true
  const group = make('li', 'group')
  group.dataset.group = action
  element('exchanges').prepend(group)
}

// --- Actions --------------------------------------------------------------------------------------

const raw = (method, path, header = {}, data) => new Promise((success, fail) =>
  wx.request({ url: location.origin + path, method, header, data, success, fail }))

const bearer = async () => ({ Authorization: `Bearer ${(await onlogin.user()).token}` })

const actions = {
  async login() {
    const before = sent.length
    user = await onlogin.user()
    known = sent.length === before ? 'kept' : 'in'
    return [sent.length === before ? 'saidKnown' : 'saidLogin']
  },
  async backend() {
    await onlogin.request({ url: '/api/hello' })
    return ['saidBackend']
  },
  async logout() {
    await onlogin.logout()
    user = null
    return ['saidLogout']
  },
  async used() {
    const { code } = await new Promise((success, fail) => wx.login({ success, fail }))
    await raw('GET', `/onLogin?code=${encodeURIComponent(code)}`)
    await raw('GET', `/onLogin?code=${encodeURIComponent(code)}`)
    return ['saidUsed']
  },
  async forged() {
    const forged = { 'X-WX-OPENID': 'oSomebodyElse000000000000000' }
    await raw('GET', '/api/hello', forged)
    await onlogin.request({ url: '/api/hello', header: forged })
    return ['saidForged']
  },
  async stale() {
    await raw('POST', '/onLogin/logout', await bearer())
    await onlogin.request({ url: '/api/hello' })
    return ['saidStale']
  },
  async busy() {
    await onlogin.logout()
    nextCode = { errcode: -1 }
    user = await onlogin.user()
    return ['saidBusy']
  },
  async hundred() {
    await raw('POST', '/onLogin/logout', await bearer())
    let logins = 0
    const count = exchange => { logins += exchange.kind === 'code' }
    listeners.push(count)
    quietSince = sent.length
    try {
      const requests = 100
      const answers = await Promise.all(Array.from({ length: requests }, () => onlogin.request({ url: '/api/hello' })))
      const mine = (await onlogin.user()).openid
      const same = answers.every(({ data }) => data.data && data.data.greeting === `Hello, ${mine}`)
      return ['saidHundred', {
        requests, answers: same ? answers.filter(({ statusCode }) => statusCode === 200).length : '?',
        logins: logins === 1 ? () => say('oneLogin') : () => say('logins', { count: logins })
      }]
    } finally {
      quietSince = -1
      listeners.splice(listeners.indexOf(count), 1)
    }
  }
}

async function perform(button) {
  if (document.querySelector('[aria-busy=true]')) return // one after the other
  button.setAttribute('aria-busy', 'true')
  element('toast').textContent = ''
  const before = sent.length
  try {
    await noted() // what was before
    said = await actions[button.dataset.action]()
    user = user || (button.dataset.action === 'logout' ? null : await onlogin.user())
    if (user && known !== 'kept') known = 'in'
  } catch (error) {
    said = ['failed', { message: error.message || error.errMsg || String(error) }]
    if (error.recover) element('toast').textContent = say('recover', { recover: error.recover })
  }
  try {
    const exchanges = sent.slice(before)
    const others = await awaitNoted(exchanges.filter(({ kind }) => kind === 'request').length)
    showAll(button.dataset.action, exchanges, others)
    travel(legsOf(exchanges, others))
  } catch {
    said = ['unreachable']
  }
  draw()
  button.removeAttribute('aria-busy')
}

// --- Drawing --------------------------------------------------------------------------------------

function draw() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  document.querySelectorAll('[data-text]').forEach(one => { one.textContent = say(one.dataset.text) })
  const label = action => say(action === 'backend' ? 'backendAsk' : action)
  document.querySelectorAll('[data-action]').forEach(one => { one.textContent = label(one.dataset.action) })
  document.querySelectorAll('[data-group]').forEach(one => { one.textContent = label(one.dataset.group) })
  document.querySelectorAll('[data-language]').forEach(one =>
    one.setAttribute('aria-pressed', String(one.dataset.language === language)))
  document.querySelector('.phone').classList.toggle('known', Boolean(user))
  element('user').textContent = user ? user.openid : say('nobody')
  element('state').textContent = say(user ? known || 'in' : 'out')
  const places = said && said[1] ? Object.fromEntries(Object.entries(said[1])
    .map(([name, value]) => [name, typeof value === 'function' ? value() : value])) : {}
  element('said').textContent = said ? say(said[0], places) : ''
  element('heard').textContent = element('said').textContent
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button')
  if (!button) return
  if (button.dataset.language) {
    language = button.dataset.language
    localStorage.setItem('language', language)
    draw()
  } else if (button.dataset.action && onlogin) {
    perform(button)
  }
})

async function begin() {
  draw()
  try {
    onlogin = (await requireFrom('onlogin.js'))({ url: `${location.origin}/onLogin`, platform: wx })
    const kept = Object.keys(localStorage).some(key => key.startsWith('onlogin:') && JSON.parse(localStorage.getItem(key)).session)
    if (kept) {
      user = await onlogin.user()
      known = sent.length ? 'in' : 'kept'
    }
    await noted()
  } catch {
    said = ['unreachable']
  }
  draw()
  document.documentElement.dataset.ready = 'yes'
}
begin()
