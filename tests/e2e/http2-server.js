#!/usr/bin/node
// A WeChat of logins over HTTP/2 that tells what becomes of each stream.
//
// usage: http2-server.js CERTIFICATE KEY
//
// It listens on any port of 127.0.0.1. A login code that begins with held- is answered when a line on
// stdin names it, any other at once. On stdout, a JSON object a line:
//
//   {"listening": 8444}
//   {"open": "held-abc", "connection": 1}                  a request is there; connections are counted
//   {"end": "held-abc", "answered": false, "reset": true}  its stream is over; reset by the client

'use strict';

const fs = require('fs');
const http2 = require('http2');
const readline = require('readline');

const say = (line) => console.log(JSON.stringify(line));

const server = http2.createSecureServer({
  cert: fs.readFileSync(process.argv[2]),
  key: fs.readFileSync(process.argv[3]),
});

let connections = 0;
server.on('session', (session) => {
  session.number = ++connections;
  session.on('error', () => {});
});

const held = new Map(); // code -> stream

const answer = (stream) => {
  stream.answered = true;
  stream.respond({ ':status': 200, 'content-type': 'text/plain' });
  stream.end(JSON.stringify({ openid: 'o-http2', session_key: 'aHR0cDIgaHR0cDIgaHQ=' }));
};

server.on('stream', (stream, headers) => {
  const code = new URL(headers[':path'], 'https://localhost').searchParams.get('js_code');
  stream.answered = false;
  stream.on('error', () => {});
  stream.on('aborted', () => say({ end: code, answered: stream.answered, reset: true }));
  stream.on('close', () => {
    held.delete(code);
    if (!stream.aborted)
      say({ end: code, answered: stream.answered, reset: false });
  });
  say({ open: code, connection: stream.session.number });
  if (code.startsWith('held-'))
    held.set(code, stream);
  else
    answer(stream);
});

readline.createInterface({ input: process.stdin }).on('line', (code) => {
  if (held.has(code))
    answer(held.get(code));
});

server.listen(0, '127.0.0.1', () => say({ listening: server.address().port }));
