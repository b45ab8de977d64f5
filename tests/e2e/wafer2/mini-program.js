// A mini program in Node: Tencent's wafer2-client-sdk as npm brings it, and the `wx` that it needs.
//
//     node mini-program.js SDK CA ORIGIN
//
// Reads a line of JSON for each call, {"call": "login", "codes": […], "options": {…}, "user": {…}},
// and answers each with a line: what `success` or `fail` got, the requests that went out, how many
// codes wx.login gave away, and what is in storage. `user` is {"key": session_key, "data": {…}}, and
// is what wx.getUserInfo hands out, encrypted as WeChat does it.

const crypto = require('node:crypto');
const fs = require('node:fs');
const https = require('node:https');
const readline = require('node:readline');

const [sdkPath, caFile, origin] = process.argv.slice(2);
const agent = new https.Agent({ ca: fs.readFileSync(caFile), keepAlive: true });
const storage = new Map();
const appid = 'wx0123456789abcdef';
let codes = [];
let user = null;
let requests = [];
let given = 0;

function encrypt({ key, data }) {
    const iv = crypto.randomBytes(16);
    const cipher = crypto.createCipheriv('aes-128-cbc', Buffer.from(key, 'base64'), iv);
    const text = JSON.stringify({
        ...data, watermark: { appid, timestamp: Math.floor(Date.now() / 1000) },
    });
    return {
        encryptedData: Buffer.concat([cipher.update(text), cipher.final()]).toString('base64'),
        iv: iv.toString('base64'),
        userInfo: data,
    };
}

// As developers.weixin.qq.com describes wx.request: `success` for every status, JSON if it is JSON.
function request({ url, method = 'GET', header = {}, data, success, fail, complete = () => {} }) {
    const body = data === undefined || method === 'GET' ? undefined : JSON.stringify(data);
    const headers = {
        'content-type': 'application/json',
        Referer: `https://servicewechat.com/${appid}/1/page-frame.html`,
        ...header,
    };
    if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
    else if (method !== 'GET') headers['content-length'] = 0;
    const outgoing = https.request(url, { method, headers, agent }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => {
            let answer = Buffer.concat(parts).toString();
            try { answer = JSON.parse(answer); } catch { /* it stays text */ }
            requests.push({ path: new URL(url).pathname, method, status: response.statusCode,
                            header: Object.keys(header) });
            const result = { data: answer, statusCode: response.statusCode,
                             header: response.headers };
            success(result);
            complete(result);
        });
    });
    outgoing.on('error', (error) => { fail({ errMsg: `request:fail ${error.message}` }); complete(); });
    outgoing.end(body);
}

global.wx = {
    login({ success, fail }) {
        if (codes.length === 0) return fail({ errMsg: 'login:fail' });
        given += 1;
        return success({ code: codes.shift() });
    },
    getUserInfo({ success, fail }) {
        return user ? success(encrypt(user)) : fail({ errMsg: 'getUserInfo:fail auth deny' });
    },
    request,
    getStorageSync: (name) => storage.get(name) ?? '',
    setStorageSync: (name, value) => { storage.set(name, structuredClone(value)); },
    removeStorageSync: (name) => { storage.delete(name); },
};
// The SDK's tunnel, which is a service of Tencent's own, asks for these as it is loaded.
for (const event of ['Open', 'Message', 'Close', 'Error']) global.wx[`onSocket${event}`] = () => {};

const sdk = require(sdkPath);
sdk.setLoginUrl(`${origin}/onLogin`);

async function run({ call, options = {}, ...phone }) {
    ({ codes = [], user = null } = phone);
    requests = [];
    given = 0;
    const outcome = await new Promise((resolve) => {
        sdk[call]({
            ...options,
            ...(options.path ? { url: origin + options.path } : {}),
            success: (value) => resolve({ success: value }),
            fail: (error) => resolve({ fail: error.message ?? error.errMsg }),
        });
    });
    return { ...outcome, requests, given, storage: Object.fromEntries(storage) };
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}).on('close', () => agent.destroy());
