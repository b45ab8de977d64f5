// Clicks through the page of `make demo`, in a real browser.

const assert = require('node:assert/strict')
const { after, before, test } = require('node:test')
const { chromium } = require(`${process.env.NODE_MODULES}/playwright-core`)

const { PAGE, CHROMIUM, SHOTS } = process.env
let browser

before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
})
after(() => browser.close())

// A page as a newcomer has it.
async function open({ locale = 'en-US', width = 1280, height = 900, colorScheme = 'light', ...more } = {}) {
  const context = await browser.newContext({
    locale, viewport: { width, height }, colorScheme, reducedMotion: 'reduce', ...more
  })
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', error => errors.push(error.message))
  await page.goto(PAGE)
  await ready(page)
  return { page, errors, close: () => context.close() }
}

const ready = page => page.waitForSelector('html[data-ready]')
const idle = page => page.waitForSelector('[aria-busy=true]', { state: 'detached' })

async function press(page, action) {
  await page.click(`[data-action=${action}]`)
  await idle(page)
  return page.textContent('#said')
}

const newest = page => page.locator('#exchanges details').first().textContent()
const statuses = async (page, count) => (await page.locator('#exchanges .status').allTextContents()).slice(0, count)
const openid = page => page.textContent('#user')

const texts = {
  'en-US': { login: /^The code was good once/, hundred: /^100 requests.*: one login, 100 answers/, out: 'not logged in' },
  'zh-CN': { login: /^code 只能用一次/, hundred: /^100 个请求.*：只登录一次，100 个响应/, out: '未登录' }
}

for (const locale of Object.keys(texts))
  test(`a newcomer logs in, asks the backend, breaks things and leaves: ${locale}`, async () => {
    const { page, errors, close } = await open({ locale })
    assert.equal(await page.textContent('#state'), texts[locale].out)
    assert.match(await press(page, 'login'), texts[locale].login)
    assert.match(await openid(page), /^o/)
    const login = await newest(page)
    assert.match(login, /GET \/onLogin\?code=/)
    assert.match(login, /info login request=\w+ app=wx0123456789abcdef status=200 outcome=ok/)
    assert.match(login, /GET \/sns\/jscode2session\?appid=wx0123456789abcdef&secret=\(/)
    await press(page, 'backend')
    assert.match(await newest(page), new RegExp(`Hello, ${await openid(page)}`))
    await press(page, 'used')
    assert.match(await newest(page), /40163/)
    assert.deepEqual(await statuses(page, 3), ['401', '200', 'wx'])
    await press(page, 'forged')
    assert.deepEqual(await statuses(page, 2), ['200', '401'])
    assert.match(await newest(page), new RegExp(`X-WX-OPENID: oSomebodyElse0+[^]*Hello, ${await openid(page)}`))
    await press(page, 'stale')
    assert.deepEqual(await statuses(page, 5), ['200', '200', 'wx', '401', '200'])
    await press(page, 'busy')
    assert.deepEqual(await statuses(page, 4), ['200', 'wx', '503', 'wx'])
    assert.match(await press(page, 'hundred'), texts[locale].hundred)
    await press(page, 'logout')
    assert.equal(await page.textContent('#state'), texts[locale].out)
    assert.deepEqual(errors, [])
    await close()
  })

test('the secrets of the server are nowhere on the page, nor in what reaches it', async () => {
  const { page, close } = await open()
  const bodies = []
  page.on('response', async response => bodies.push(await response.text().catch(() => '')))
  for (const action of ['login', 'busy', 'backend']) await press(page, action)
  const all = (await page.textContent('main')) + bodies.join('\n')
  assert.match(all, /\(hidden\)/)
  assert.doesNotMatch(all, /0123456789abcdef0123456789abcdef/)
  assert.doesNotMatch(all, /"session_key\\?":\s*\\?"(?!\(hidden\))/)
  await close()
})

test('the language is the browser\'s until another is chosen, and stays', async () => {
  const { page, close } = await open({ locale: 'zh-CN' })
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN')
  await press(page, 'login')
  await page.click('[data-language=en]')
  assert.match(await page.textContent('#said'), texts['en-US'].login)
  await page.reload()
  await ready(page)
  assert.equal(await page.getAttribute('html', 'lang'), 'en')
  await close()
})

test('no text is left in the other language', async () => {
  const { page, close } = await open({ locale: 'en-US' })
  await press(page, 'login')
  assert.doesNotMatch((await page.innerText('body')).replace('中文', ''), /[\u4e00-\u9fff]/)
  await close()
})

test('a page that is loaded again knows the user without a request', async () => {
  const { page, close } = await open()
  await press(page, 'login')
  const user = await openid(page)
  await page.reload()
  await ready(page)
  assert.equal(await openid(page), user)
  assert.match(await press(page, 'login'), /^No request/)
  await close()
})

test('a page that is loaded again in the middle of a login works', async () => {
  const { page, errors, close } = await open()
  await page.click('[data-action=login]')
  await page.reload()
  await ready(page)
  await press(page, 'backend')
  assert.match(await newest(page), /Hello, o/)
  assert.deepEqual(errors, [])
  await close()
})

test('it can be used by the keyboard alone', async () => {
  const { page, close } = await open()
  for (let turn = 0; turn < 3; turn++) await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.action), 'login')
  await page.keyboard.press('Enter')
  await page.waitForSelector('#exchanges details')
  await idle(page)
  assert.match(await openid(page), /^o/)
  await page.focus('#exchanges summary')
  await page.keyboard.press('Enter')
  assert.equal(await page.locator('#exchanges details').first().evaluate(box => box.open), false)
  await close()
})

test('what came of it is told to who does not see it', async () => {
  const { page, close } = await open()
  const said = await press(page, 'login')
  assert.equal((await page.textContent('[role=status]')).trim(), said)
  await close()
})

for (const [width, height] of [[320, 480], [390, 844], [1440, 900]])
  for (const colorScheme of ['light', 'dark'])
    test(`nothing hangs over the edge of a window of ${width} by ${height}, ${colorScheme}`, async () => {
      const { page, close } = await open({ width, height, colorScheme, locale: width === 390 ? 'zh-CN' : 'en-US' })
      await press(page, 'forged')
      const { wide, seen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, seen: innerWidth }))
      assert.ok(wide <= seen, `${wide} in ${seen}`)
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${width}-${colorScheme}.png`, fullPage: true })
      await close()
    })

test('a backend that takes its time is waited for, and a second press does nothing', async () => {
  const { page, close } = await open()
  await press(page, 'login')
  await page.route('**/api/hello', async route => {
    await new Promise(done => setTimeout(done, 700))
    await route.continue()
  })
  await page.click('[data-action=backend]')
  await page.click('[data-action=backend]')
  await page.click('[data-action=logout]')
  await idle(page)
  assert.match(await newest(page), /Hello, o/)
  assert.equal(await page.locator('.group').count(), 2)
  await close()
})

test('a server that is gone is told, and comes back', async () => {
  const { page, close } = await open()
  await page.route('**/*', route => route.abort())
  assert.match(await press(page, 'login'), /does not answer|did not work/)
  await page.unroute('**/*')
  assert.match(await press(page, 'login'), texts['en-US'].login)
  await close()
})

test('without JavaScript it says what it needs', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(PAGE)
  assert.match(await page.textContent('noscript'), /JavaScript/)
  await context.close()
})
