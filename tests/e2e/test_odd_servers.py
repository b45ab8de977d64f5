"""HTTP as the fake WeChat does not speak it: bytes written by hand, for each login code."""

import json
import socket
import ssl
import threading
import time
import urllib.parse

import fcgi
from harness import (AT_ONCE, PATIENCE, Case, configuration, each, end_listening, keep_private, magic,
                     together, wechat)


class HandMade(threading.Thread):
    """Answers the request with a js_code by the pieces that the test gave for it."""

    GOODBYE = object()

    def __init__(self, mute=0):
        """The first `mute` connections are accepted and never heard of again."""
        super().__init__(daemon=True)
        self.muted = [None] * mute
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(wechat().certificate, wechat().key)
        self.context = context
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=100)
        self.url = f'https://localhost:{self.listener.getsockname()[1]}'
        self.answers = {}  # js_code -> pieces, as code() takes them
        self.seen = []

    def code(self, *pieces):
        """A login code. `pieces` are bytes to send, or seconds to wait, or how the connection ends:
        GOODBYE as TLS wants it, with close_notify; None without."""
        code = magic()
        self.answers[code] = pieces
        return code

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if None in self.muted:
                self.muted[self.muted.index(None)] = client
            else:
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with self.context.wrap_socket(client, server_side=True) as tls:
                while True:
                    head = b''
                    while not head.endswith(b'\r\n\r\n'):
                        data = tls.recv(65536)
                        if not data:
                            return
                        head += data
                    query = urllib.parse.urlsplit(head.split()[1].decode()).query
                    code = urllib.parse.parse_qs(query)['js_code'][0]
                    self.seen.append(code)
                    for piece in self.answers[code]:
                        if piece is self.GOODBYE:
                            tls.unwrap()
                        if piece is None or piece is self.GOODBYE:
                            return
                        if isinstance(piece, bytes):
                            tls.sendall(piece)
                        else:
                            time.sleep(piece)
        except OSError:
            pass


def body_of(openid='o-by-hand', **more):
    return json.dumps({'openid': openid, 'session_key': keep_private('aGFuZCBtYWRlIGtleSE='),
                       **more}).encode()


def response(body, *headers, status='200 OK', version='1.1'):
    lines = [f'HTTP/{version} {status}', f'Content-Length: {len(body)}', *headers]
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + body


def chunked(body, size=7):
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' + b''.join(
        b'%x\r\n%s\r\n' % (len(piece), piece) for piece in pieces) + b'0\r\n\r\n'


BODY = body_of()


class FirstConnection(Case):
    """Logins that begin together wait for the first connection: it may be one for all of them. It
    holds them up as long as it takes to make, and no longer."""

    def begin(self, server, *codes, **settings):
        server.start()
        self.addCleanup(end_listening, server.listener)
        worker = self.own_worker(configuration(wechat={'url': server.url, **settings}))
        clients = []
        for code in codes:
            clients.append(worker.connect())
            clients[-1].send(fcgi.request(fcgi.get(f'code={code}')))
        return clients

    def test_an_answer_that_does_not_come_holds_nobody_else_up(self):
        server = HandMade()
        codes = [server.code(3 * PATIENCE), *(server.code(response(BODY)) for _ in range(10))]
        first, *others = self.begin(server, *codes, timeout_ms=int(2000 * PATIENCE))
        began = time.monotonic()
        for client in others:
            self.assert_logged_in(client.read_answer(), openid='o-by-hand')
        self.assertLess(time.monotonic() - began, AT_ONCE)
        self.assert_refused(first.read_answer(), 504, 504, 'login')
        self.assertEqual(sorted(server.seen), sorted(codes))

    def test_a_handshake_that_hangs_loses_no_login(self):
        server = HandMade(mute=1)
        codes = [server.code(response(BODY)) for _ in range(10)]
        for client in self.begin(server, *codes, connect_timeout_ms=int(1000 * PATIENCE),
                                 timeout_ms=int(4500 * PATIENCE)):
            self.assert_logged_in(client.read_answer(), openid='o-by-hand')
        self.assertEqual(sorted(server.seen), sorted(codes))


class ByHand(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = HandMade()
        cls.server.start()
        cls.addClassCleanup(end_listening, cls.server.listener)
        cls.worker = cls.start_worker(configuration(wechat={'url': cls.server.url,
                                                            'timeout_ms': 2000}))

    def login(self, *pieces):
        code = self.server.code(*pieces)
        answer = self.worker.login(code)
        self.assertEqual(self.server.seen.count(code), 1)
        return answer

    def tearDown(self):
        self.assert_logged_in(self.login(response(BODY)), openid='o-by-hand')

    @each(('chunked', [chunked(BODY)]),
          ('chunked_with_trailers', [chunked(BODY)[:-2] + b'X-Trailer: 1\r\n\r\n']),
          # Without the goodbye nobody could tell it from half an answer (RFC 9112, 9.8).
          ('until_the_end', [b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n' + BODY,
                             HandMade.GOODBYE]),
          ('http_1_0', [response(BODY, version='1.0'), None]),
          ('not_kept', [response(BODY, 'Connection: close'), None]),
          ('closed_without_a_word', [response(BODY), None]),
          ('interim_response', [b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' + response(BODY)]),
          ('in_pieces', [response(BODY)[:20], 0.05, response(BODY)[20:60], 0.05,
                         response(BODY)[60:]]),
          ('cookies', [response(BODY, 'Set-Cookie: a=b; Path=/')]),
          ('another_type', [response(BODY, 'Content-Type: text/html')]),
          ('white_space', [response(b'\n  ' + BODY + b'\r\n')]))
    def test_proper_http_logs_in(self, pieces):
        self.assert_logged_in(self.login(*pieces), openid='o-by-hand')

    @each(('no_http', [b'SSH-2.0-OpenSSH_9.2\r\n', None]),
          ('half_a_status_line', [b'HTTP/1.', None]),
          ('half_a_header', [b'HTTP/1.1 200 OK\r\nContent-', None]),
          ('length_too_long', [response(BODY).replace(b'Length: ', b'Length: 9'), None]),
          ('length_too_short', [response(BODY).replace(b'Length: ', b'Length: 0000')
                                .replace(str(len(BODY)).encode(), b'10')]),
          ('two_lengths', [response(BODY, 'Content-Length: 5'), None]),
          ('negative_length', [response(BODY).replace(b'Length: ', b'Length: -'), None]),
          ('chunk_broken', [chunked(BODY)[:60] + b'zz\r\n', None]),
          ('chunks_without_end', [chunked(BODY)[:-5], None]),
          ('endless_body', [b'HTTP/1.1 200 OK\r\n\r\n', *[b'x' * 10_000] * 2000, None]),
          ('endless_headers', [b'HTTP/1.1 200 OK\r\n', *[b'X: ' + b'x' * 1000 + b'\r\n'] * 2000,
                               None]),
          ('one_endless_header', [b'HTTP/1.1 200 OK\r\nX: ', *[b'x' * 10_000] * 200, None]),
          ('redirect', [response(BODY, 'Location: /sns/jscode2session', status='302 Found')]),
          ('no_content', [response(b'', status='204 No Content')]),
          ('unauthorized', [response(BODY, 'WWW-Authenticate: Basic', status='401 Unauthorized')]))
    def test_other_http_is_unusable(self, pieces):
        answer = self.login(*pieces)
        self.assert_refused(answer, 502, 502, 'login')
        self.assertLess(answer.seconds, 2 * AT_ONCE)

    @each(*((name, json.dumps(errcode)) for name, errcode in (
        ('fraction', 1.5), ('text', 'abc'), ('empty', ''), ('list', []), ('object', {}),
        ('beyond_32_bits', 99999999999), ('text_beyond_32_bits', '99999999999'),
        ('text_with_blanks', ' 40029 '), ('half_a_number', '40029x'))))
    def test_an_errcode_that_is_none_is_unusable(self, errcode):
        body = BODY[:-1] + b', "errcode": ' + errcode.encode() + b'}'
        self.assert_refused(self.login(response(body)), 502, 502, 'login')

    @each(('quotes', 'o"\\/'), ('controls', 'o\n\x01\x7f'), ('unicode', 'o\u4e2d\U0001f600'),
          ('long', 'o' * 25_000), ('nul', 'o\0x'), ('markup', '<script>'))
    def test_any_openid_comes_back_as_it_is(self, openid):
        answer = self.login(response(body_of(openid, unionid=openid)))
        self.assert_logged_in(answer, openid=openid, unionid=openid)

    @each(('separators', 'o\u2028\u2029', rb'"o\u2028\u2029"'),
          ('half_an_emoji', 'o\udc00', rb'"o\ufffd\ufffd\ufffd"'))
    def test_what_old_clients_cannot_read_is_escaped(self, openid, right):
        answer = self.login(response(body_of(openid, unionid=openid)))
        self.assertEqual(answer.status, 200, answer)
        self.check_form(answer)
        self.assertEqual(answer.body.count(right), 2, answer)

    @each(('no_json', b'{"openid":"o-by-hand"'), ('more_behind', BODY + b'x'),
          ('nul_behind', BODY + b'\0'), ('twice', BODY + BODY), ('text', b'"openid"'),
          ('null', b'null'), ('not_utf_8', BODY.replace(b'o-by', b'o-\xff')),
          ('utf_16', BODY.decode().encode('utf-16')), ('openid_null', b'{"openid":null}'),
          ('openid_list', b'{"openid":["o"]}'), ('comment', BODY[:-1] + b'/* x */}'))
    def test_another_body_is_unusable(self, body):
        self.assert_refused(self.login(response(body)), 502, 502, 'login')

    @each(*((name, pause) for name, pause in (('at_once', 0), ('later', 0.1))))
    def test_an_answer_too_many_is_nobodys(self, pause):
        evil = response(body_of('o-of-somebody-else'))
        answer = self.login(response(BODY), pause, evil)
        self.assertNotIn(b'somebody-else', answer.body)
        time.sleep(0.2)
        for answer in [self.login(response(BODY)) for _ in range(3)]:
            self.assertNotIn(b'somebody-else', answer.body)
            self.assertIn(answer.status, (200, 502))

    def test_many_broken_answers_at_once_harm_nobody(self):
        pieces = ([response(BODY)], [b'HTTP/1.', None], [chunked(BODY)], [None],
                  [response(b'', status='500 Oops')])
        answers = together([lambda i=i: self.login(*pieces[i % len(pieces)]) for i in range(50)])
        for i, answer in enumerate(answers):
            if i % len(pieces) in (0, 2):
                self.assert_logged_in(answer, openid='o-by-hand')
            else:
                self.assert_refused(answer, 502, 502, 'login')

    @each(('rid', 'invalid code, rid: 66c69111-4157f271-729ca238', '66c69111-4157f271-729ca238'),
          ('no_comma', 'invalid code rid: 66c69111-4157f271-729ca238', '66c69111-4157f271-729ca238'),
          ('old', 'invalid code, hints: [ req_id: N37KMa0605th21 ]', 'N37KMa0605th21'),
          ('line_break', 'x, rid: 66c6\n91 level=error', '66c6'),
          ('none', 'invalid code', None), ('empty', '', None), ('no_text', 5, None))
    def test_the_rid_is_logged_and_nothing_else_of_the_message(self, errmsg, rid):
        body = json.dumps({'errcode': 40163, 'errmsg': errmsg}).encode()
        code = self.server.code(response(body))
        id = f'rid-{time.monotonic_ns()}'
        answer = self.worker.ask(fcgi.get('code=' + code, REQUEST_ID=id))
        self.assert_refused(answer, 401, 40163, 'login')
        line, = self.worker.await_log(id)
        self.assertNotIn('invalid code', line)
        if rid:
            self.assertIn(f' rid={rid} ', line)
        else:
            self.assertNotIn('rid=', line)
