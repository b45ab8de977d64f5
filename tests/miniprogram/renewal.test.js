// Against a server whose sessions live for five seconds.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Phone, start } = require('./phone.js')

const stored = phone => [...phone.storage.values()][0]
const halfALife = () => new Promise(done => setTimeout(done, 2600))

for (const [how, spelling] of [['as they are', name => name], ['in capitals', name => name.toUpperCase()],
  ['in title case', name => name.replace(/\b\w/g, letter => letter.toUpperCase())]])
  test(`a fresh token takes the place of the one that it was sent for, header names ${how}`, async () => {
    const phone = new Phone({ spelling })
    const onlogin = start(phone)
    const before = (await onlogin.user()).token
    await halfALife()
    await onlogin.request({ url: '/api/orders' })
    const { token } = await onlogin.user()
    assert.notEqual(token, before)
    assert.equal(stored(phone).session.token, token)
    assert.ok(stored(phone).session.ends > Date.now() + 4000)
    assert.equal(phone.logins, 1)
  })

test('a fresh token that comes late does not take the place of a later login\'s', async () => {
  const phone = new Phone()
  const onlogin = start(phone)
  await onlogin.user()
  await halfALife()
  const late = onlogin.request({ url: '/api/slow' })
  await new Promise(done => setTimeout(done, 100))
  await onlogin.logout()
  const { token } = await onlogin.user()
  await late
  assert.equal((await onlogin.user()).token, token)
})
