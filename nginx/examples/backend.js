// A backend in Node that knows its users: it greets each by openid.
//
// Behind nginx with snippets/onlogin-guard.conf, as the example /api/ in onlogin.conf:
//
//     node backend.js 3000            then  proxy_pass http://127.0.0.1:3000;
//
// It has to be out of reach for everybody but nginx: whoever reaches it is whom he says.
// backend.py shows how accounts of your own belong to openids.

const http = require('node:http');

const server = http.createServer((request, response) => {
    const openid = request.headers['x-wx-openid'];
    const answer = openid
        ? { code: 0, message: 'ok', data: { greeting: `Hello, ${openid}` } }
        : { code: 401, message: 'who is it?', recover: 'login' };   // a location without the guard
    request.resume();
    response.writeHead(openid ? 200 : 401, { 'Content-Type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(answer));
});
server.listen(Number(process.argv[2] ?? 3000), '127.0.0.1');
