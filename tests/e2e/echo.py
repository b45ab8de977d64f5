#!/usr/bin/python3
"""A backend that answers with what it was told: method, path, headers and the body's digest, as JSON.

Over HTTP/1.1 as `echo.py PORT`; `application` is the same for WSGI servers, with variables instead
of headers. /status/N answers with that status; /slow takes half a second;
"""

import hashlib
import http.server
import json
import re
import sys
import time


def describe(method, path, told, body, connection=0):
    return json.dumps({'method': method, 'path': path, 'told': told, 'length': len(body),
                       'sha256': hashlib.sha256(body).hexdigest(), 'connection': connection,
                       'code': 0}).encode()


def application(environ, start_response):
    told = {name: value for name, value in environ.items() if isinstance(value, str)}
    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [describe(environ['REQUEST_METHOD'], environ['PATH_INFO'], told, body)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        wanted = re.search(r'/status/(\d+)', self.path)
        if self.path.endswith('/slow'):
            time.sleep(0.5)
        text = describe(self.command, self.path, self.headers.items(), body,
                        self.client_address[1])
        self.send_response(int(wanted[1]) if wanted else 200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(text)))
        if wanted and wanted[1] == '401':
            self.send_header('WWW-Authenticate', 'Basic realm="of the backend"')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(text)

    def log_message(self, *_):
        pass

    def __getattr__(self, name):
        if name.startswith('do_'):
            return self.answer
        raise AttributeError(name)


if __name__ == '__main__':
    http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
