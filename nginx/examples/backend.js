// A backend in Node that knows its users: it greets each by openid.
//
// Behind nginx with snippets/onlogin-guard.conf, as the example /api/ in onlogin.conf:
//
//     node backend.js 3000            then  proxy_pass http://127.0.0.1:3000;
//
// It has to be out of reach for everybody but nginx: whoever reaches it is whom he says.
// backend.py shows how accounts of your own belong to openids.
//
// With the locations /api/phone and @onlogin_phone of onlogin.conf it gets a user's phone number there, in
// Onlogin-Phone-Number, when the mini program posts the code of its getPhoneNumber button.

const http = require('node:http');

const numbers = new Map();      // openid -> country and number; a database of yours

function answer(request) {
    const openid = request.headers['x-wx-openid'];
    if (!openid)    // a location without the guard
        return [401, { code: 401, message: 'who is it?', recover: 'login' }];
    if (/^\/api\/phone\/*(\?|$)/.test(request.url)) {
        const number = request.headers['onlogin-phone-number'];
        if (!number)    // it came another way than through the location of onlogin.conf
            return [400, { code: 400, message: 'no phone number', recover: 'never' }];
        numbers.set(openid, `+${request.headers['onlogin-phone-country']} ${number}`);
    }
    return [200, { code: 0, message: 'ok', data: {
        greeting: `Hello, ${openid}`,
        phone: numbers.get(openid)?.slice(-4) ?? null,      // enough for the user to know it by
    } }];
}

const server = http.createServer((request, response) => {
    const [status, body] = answer(request);
    request.resume();
    response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(body));
});
server.listen(Number(process.argv[2] ?? 3000), '127.0.0.1');
