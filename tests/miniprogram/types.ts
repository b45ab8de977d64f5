// Compiled, not run: what the types allow, and what they do not.
import onlogin = require('../../src/miniprogram/onlogin')

const client = onlogin({ url: 'https://login.example.com/onLogin', hosts: ['https://api.example.com'] })
onlogin('https://login.example.com/onLogin')

async function all() {
  const { openid, unionid } = await client.user()
  const upper: string = openid.toUpperCase() + (unionid || '')
  const pending = client.request({ url: '/api/orders', method: 'POST', data: { upper } })
  pending.abort()
  const status: number = (await pending).statusCode
  client.request({ url: '/api/orders', success: answer => answer.statusCode, fail: error => error.errMsg })
  await client.uploadFile({ url: '/api/file', filePath: 'a', name: 'a', onTask: task => task.onProgressUpdate })
  await client.downloadFile({ url: '/api/file' })
  const steps = await client.decrypt<{ stepInfoList: { step: number }[] }>(() => ({ encryptedData: '', iv: '' }))
  const walked: number = steps.stepInfoList[0].step + status
  const { purePhoneNumber } = await client.phone({ code: 'a', errMsg: 'getPhoneNumber:ok' })
  await client.logout().catch((error: onlogin.OnloginError) => error.recover === 'later' && error.reason === 'quota')
  client.getUserOpenInfo(user => user ? user.openid : walked + purePhoneNumber)

  // @ts-expect-error an address is needed
  onlogin({})
  // @ts-expect-error and for a request, too
  client.request({})
  // @ts-expect-error there is no such member
  ;(await client.user()).session_key
  // @ts-expect-error false is no user
  client.getUserOpenInfo(user => user.openid)
  // @ts-expect-error data has an iv
  client.decrypt(() => ({ encryptedData: '' }))
}

export { all }
