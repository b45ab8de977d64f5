"""What tests of onlogin-api.conf need: a name server, and a WeChat whose answers the test spells out."""

import http.client
import http.server
import json
import socket
import ssl
import threading
import urllib.parse

from backends import GuardCase, with_sessions
from harness import APP, SECRETS, Nginx, free_port, wechat

API = 'onlogin-api.conf'


class NameServer:
    """Knows one address for all names, which the test may change; each answer is good for no time.

    https://www.rfc-editor.org/rfc/rfc1035#section-4.1
    """

    def __init__(self, address='127.0.0.1'):
        self.address = address
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            query, sender = self.socket.recvfrom(512)
            if sender[1] == self.port:
                return
            end = query.index(b'\0', 12) + 5  # behind the name: its end, type, class
            kind = int.from_bytes(query[end - 4:end - 2], 'big')
            self.asked.append(query[12:end - 4])
            record = b'' if kind != 1 else \
                b'\xc0\x0c\0\1\0\1\0\0\0\0\0\4' + socket.inet_aton(self.address)
            self.socket.sendto(query[:2] + b'\x81\x80\0\1' + (b'\0\1' if record else b'\0\0') +
                               b'\0\0\0\0' + query[12:end] + record, sender)

    def finish(self):
        self.socket.sendto(b'', ('127.0.0.1', self.port))
        self.thread.join()
        self.socket.close()


class OddWechat:
    """HTTPS at `port`, with the fake's certificate. It echoes; `answers` has others, by path.

    An answer is (headers, pieces); `seen` has what it was asked.
    """

    def __init__(self, certificate=None, key=None):
        self.answers = {}
        self.seen = []
        self.before = lambda: None  # each answer
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                request = {'method': self.command, 'target': self.path, 'body': body,
                           'headers': {name.lower(): value for name, value in self.headers.items()}}
                owner.seen.append(request)
                owner.before()
                path = self.path.partition('?')[0]
                headers, pieces = owner.answers.get(path) or (
                    {'Content-Type': 'application/json; encoding=utf-8'},
                    [json.dumps({'errcode': 0, 'errmsg': 'ok', 'length': len(body)}).encode()])
                self.send_response(int(headers.get('Status', 200)))
                for name, value in headers.items():
                    self.send_header(name, value)
                if 'Content-Length' not in headers:
                    self.send_header('Transfer-Encoding', 'chunked')
                self.end_headers()
                if self.command == 'HEAD':
                    return
                for piece in pieces:
                    self.wfile.write(piece if 'Content-Length' in headers
                                     else b'%x\r\n%b\r\n' % (len(piece), piece))
                    self.wfile.flush()
                if 'Content-Length' not in headers:
                    self.wfile.write(b'0\r\n\r\n')

            do_GET = do_POST = do_HEAD = do_PUT = answer

            def log_message(self, *_):
                pass

        fake = wechat()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate or fake.certificate, key or fake.key)
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that hang up
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def last(self):
        """The last request, with its arguments in order."""
        request = self.seen[-1]
        path, _, query = request['target'].partition('?')
        return {**request, 'path': path, 'query': query,
                'arguments': urllib.parse.parse_qsl(query, keep_blank_values=True)}

    def finish(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class ApiNginx(Nginx):
    """With both sites, in the order in which nginx reads sites-enabled. `wechat_port` is where
    api.weixin.qq.com is."""

    def __init__(self, worker_socket, wechat_port, names, edits=(), **options):
        self.api_port = free_port()
        super().__init__(worker_socket, sites=(API, 'onlogin.conf'), edits=[
            *edits,
            (r'127\.0\.0\.1:8085', f'127.0.0.1:{self.api_port}'),
            (r'resolver 127\.0\.0\.53', f'resolver 127.0.0.1:{names.port}'),
            (r'api\.weixin\.qq\.com', f'localhost:{wechat_port}'),
            (r'/etc/ssl/certs/ca-certificates\.crt', str(wechat().ca)),
        ], **options)

    def connect_api(self):
        return http.client.HTTPConnection('127.0.0.1', self.api_port, timeout=30)

    def call(self, target, body=None, headers=None, method=None, connection=None):
        """As a backend does it; with a body it is a POST."""
        return self.ask(method or ('GET' if body is None else 'POST'), target, body, headers,
                        connection=connection, connect=self.connect_api)


class ApiCase(GuardCase):
    """`nginx` has both sites, `names` says where WeChat is: at the fake, or as open_port() says."""

    APPS = (APP,)
    START = True  # all of it; else each test starts its own

    @classmethod
    def setUpClass(cls):
        cls.names = NameServer()
        cls.addClassCleanup(cls.names.finish)
        for app in cls.APPS:
            wechat().fetch_token(app)
            wechat().spoil_token(app, 'replaced')  # whatever other tests have left: by a good one
        if not cls.START:
            return
        cls.worker = cls.start_worker(with_sessions(cls.APPS))
        cls.nginx = ApiNginx(cls.worker.socket, cls.open_port(), cls.names, limits=False)
        cls.addClassCleanup(cls.nginx.finish)

    def setUp(self):
        if self.START:
            self.worker.reload()  # it knows of no renewal by force: the next one may be at once

    @classmethod
    def open_port(cls):
        return wechat().port

    def own_api(self, worker_socket, wechat_port, **options):
        nginx = ApiNginx(worker_socket, wechat_port, self.names, **options)
        self.addCleanup(nginx.finish)
        return nginx

    def assert_no_token(self, answer):
        """Also not in the logs, where finish() looks for what is private."""
        text = str(answer.headers) + answer.body.decode(errors='replace')
        for app in SECRETS:
            token = wechat().access_token(app)['access_token']
            self.assertFalse(token and token in text, answer)
