"""What passes between a backend and WeChat through the site for backends, and what does not."""

import gzip
import hashlib
import http.client
import json
import os
import socket

from harness import APP, each, new_directory, until, wechat
from open_apis import ApiCase, OddWechat

# The headers that nginx sends of its own accord, and the one that is the backend's.
TO_WECHAT = {'host', 'connection', 'content-length', 'content-type'}

JSON = 'application/json; encoding=utf-8'  # as WeChat has it


class OddCase(ApiCase):
    """The worker has its tokens from the fake, and all other calls go to `odd`."""

    @classmethod
    def open_port(cls):
        cls.odd = OddWechat()
        cls.addClassCleanup(cls.odd.finish)
        return cls.odd.port

    def call(self, *arguments, **options):
        """Returns the answer, and what WeChat was asked."""
        before = len(self.odd.seen)
        answer = self.nginx.call(*arguments, **options)
        self.assertEqual(len(self.odd.seen), before + 1, answer)
        self.assert_no_token(answer)
        return answer, self.odd.last

    def token(self):
        return wechat().access_token(APP)['access_token']


class Requests(OddCase):
    @each(('none', '/wxa/x', []), ('some', '/wxa/x?a=1&b=%2F&b=&c', ['a=1&b=%2F&b=&c']),
          ('empty', '/wxa/x?', []), ('text', '/wxa/x?q=%E4%BD%A0%20%2B+&', ['q=%E4%BD%A0%20%2B+&']))
    def test_arguments_pass_as_they_are(self, target, arguments):
        _, seen = self.call(target)
        self.assertEqual(seen['query'], '&'.join(['access_token=' + self.token(), *arguments]))

    @each(('plain', '/cgi-bin/media/get'), ('escaped', '/a%2Fb%20c%3F/d'), ('slashes', '/a///b'),
          ('dots', '/a/../b'), ('letters', '/%E4%BD%A0'))
    def test_the_path_passes_as_it_is(self, path):
        _, seen = self.call(path + '?x=1')
        self.assertEqual(seen['path'], path)

    def test_an_absolute_address_is_one_of_wechat(self):
        _, seen = self.call(f'http://127.0.0.1:{self.nginx.api_port}/wxa/x?a=1')
        self.assertEqual(seen['path'], '/wxa/x')

    @each(*((query or 'nothing', query, left) for query, left in (
        ('access_token=old', ''), ('access_token=', ''), ('access_token', ''),
        ('access_token=old&a=1', '&a=1'), ('a=1&access_token=old', '&a=1'),
        ('a=1&access_token=old&b=2', '&a=1&b=2'), ('a=1&cloudbase_access_token=old&b=2', '&a=1&b=2'),
        ('access_token=old&cloudbase_access_token=older', ''),
        ('cloudbase_access_token=o&a=1&access_token=p', '&a=1'),
        ('my_access_token=a', '&my_access_token=a'), ('access_tokens=a', '&access_tokens=a'),
        ('a=access_token', '&a=access_token'))))
    def test_a_token_of_an_sdk_is_dropped(self, query, left):
        _, seen = self.call('/wxa/x?' + query)
        self.assertEqual(seen['query'], 'access_token=' + self.token() + left)

    def test_of_the_headers_wechat_gets_one(self):
        _, seen = self.call('/wxa/x', b'{}', {
            'Content-Type': 'application/json', 'Cookie': 'a=b', 'Authorization': 'Bearer x',
            'X-WX-APPID': APP, 'X-WX-OPENID': 'o', 'X-WX-Skey': 's', 'Accept-Encoding': 'gzip',
            'X-Forwarded-For': '192.0.2.1', 'Expect': '', 'Upgrade': 'h2c', 'TE': 'trailers',
            'Proxy': 'http://evil', 'Range': 'bytes=0-1', 'If-None-Match': '*',
            'Access-Token': 'x', 'User-Agent': 'backend'})
        self.assertLessEqual(set(seen['headers']), TO_WECHAT)
        self.assertEqual(seen['headers']['content-type'], 'application/json')
        self.assertEqual(seen['headers']['host'], f'localhost:{self.odd.port}')

    @each(('get', 'GET', None), ('post', 'POST', b'{"a":1}'), ('put', 'PUT', b'x'),
          ('empty', 'POST', b''))
    def test_methods_pass(self, method, body):
        _, seen = self.call('/wxa/x', body, method=method)
        self.assertEqual((seen['method'], seen['body']), (method, body or b''))

    @each(('some', 100), ('memory', 16384), ('file', 200_000), ('10 MB', 10 << 20))
    def test_a_body_arrives_whole(self, size):
        body = os.urandom(1024) * (size // 1024 + 1)
        _, seen = self.call('/wxa/img_sec_check', body[:size])
        self.assertEqual(hashlib.sha256(seen['body']).digest(),
                         hashlib.sha256(body[:size]).digest())

    def test_a_form_with_a_file(self):
        boundary = 'f3a1'
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n'
                'Content-Type: image/png\r\n\r\n').encode() + os.urandom(1 << 20) + \
            f'\r\n--{boundary}--\r\n'.encode()
        kind = f'multipart/form-data; boundary={boundary}'
        _, seen = self.call('/wxa/img_sec_check', body, {'Content-Type': kind})
        self.assertEqual(seen['headers']['content-type'], kind)
        self.assertEqual(seen['body'], body)

    def test_a_chunked_body(self):
        _, seen = self.call('/wxa/x', iter([b'{"a"', b':1}']))
        self.assertEqual(seen['body'], b'{"a":1}')

    def test_a_larger_body_is_refused(self):
        connection = self.nginx.connect_api()
        connection.putrequest('POST', '/wxa/img_sec_check')
        connection.putheader('Content-Length', str(12 << 20))
        connection.endheaders()
        response = connection.getresponse()
        self.assertEqual(response.status, 413)
        self.assertIn('client_max_body_size', json.loads(response.read())['errmsg'])
        connection.close()

    def test_a_body_that_is_none_of_http(self):
        with socket.create_connection(('127.0.0.1', self.nginx.api_port), timeout=30) as plain:
            plain.sendall(b'POST /x HTTP/1.1\r\nHost: wechat\r\nConnection: close\r\n'
                          b'Transfer-Encoding: chunked\r\n\r\nno size\r\n')
            response = http.client.HTTPResponse(plain)
            response.begin()
            self.assertEqual((response.status, json.loads(response.read())['errcode']), (400, -1))

    def test_through_a_unix_socket(self):
        path = new_directory() / 'api.sock'
        nginx = self.own_api(self.worker.socket, self.odd.port, edits=[
            (r'listen 127\.0\.0\.1:8085;', f'listen 127.0.0.1:8085; listen unix:{path};')])
        connection = http.client.HTTPConnection('wechat', timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        connection.sock.connect(str(path))
        answer = nginx.call('/wxa/x', b'{}', connection=connection)
        connection.close()
        self.assertEqual((answer.status, answer.json['errcode']), (200, 0))


class Answers(OddCase):
    def answer_with(self, body, **headers):
        """`body` in one piece, or in several."""
        headers.setdefault('Content-Type', JSON)
        self.odd.answers['/x'] = (headers, body if isinstance(body, list) else [body])

    # Whether the token is refused

    def assert_renews(self, renews, body, method=None, **headers):
        """And the answer is what WeChat has said."""
        self.call('/y')  # there is a token
        before = wechat().spoil_token(APP, 'replaced')['fetches']
        self.answer_with(body, **headers)
        answer, _ = self.call('/x', method=method)
        whole = b''.join(body) if isinstance(body, list) else body
        self.assertEqual(answer.body, b'' if method == 'HEAD' else whole)
        self.assertEqual(wechat().access_token(APP)['fetches'] - before, int(renews), answer)
        return answer

    @each(*((f'{errcode} {name}', form % errcode)
            for errcode in (b'40001', b'40014', b'42001')
            for name, form in (('number', b'{"errcode":%b,"errmsg":"x"}'),
                               ('blank', b'{"errcode": %b, "errmsg": "x"}'),
                               ('text', b'{"errcode":"%b"}'), ('both', b'{"errcode": "%b"}'),
                               ('last', b'{"errmsg":"x","errcode":%b}'))))
    def test_a_refusal_is_noticed(self, body):
        self.assert_renews(True, body)

    @each(*((kind, kind) for kind in (
        'application/json', 'text/plain', 'application/json; charset=utf-8',
        'text/plain; charset=UTF-8', 'Application/JSON; Encoding=UTF-8', 'text/html')))
    def test_a_refusal_is_noticed_in(self, kind):
        self.assert_renews(True, b'{"errcode":40001,"errmsg":"x"}', **{'Content-Type': kind})

    @each(('pieces', [b'{"er', b'rcode', b'":', b'400', b'01', b',"errmsg":"', b'x"}']),
          ('bytes', [bytes([byte]) for byte in b'{"errcode":40001}']),
          ('behind much', [b'{"a":"' + b'x' * 300_000 + b'","errcode":40001}']),
          ('twice', [b'{"errcode":40001}{"errcode":40001}']))
    def test_a_refusal_is_noticed_in_an_answer_of(self, body):
        self.assert_renews(True, body)

    @each(('fine', b'{"errcode":0,"errmsg":"ok"}'), ('no errcode', b'{"a":1}'), ('empty', b''),
          ('busy', b'{"errcode":-1}'), ('quota', b'{"errcode":45009}'),
          ('other', b'{"errcode":40029}'), ('in a text', b'{"errcode":0,"errmsg":"40001"}'),
          ('nearly', b'{"errcode":4000'), ('page', b'<html>no</html>'))
    def test_no_refusal_no_renewal(self, body):
        self.assert_renews(False, body)

    @each(('text', 'text/plain', b'see "errcode":40001 in the manual'),
          ('page', 'text/html', b'<p>"errcode":40001</p>'), ('list', JSON, b'[1, 40001, 2]'))
    def test_what_only_speaks_of_a_refusal_is_none(self, kind, body):
        self.assert_renews(False, body, **{'Content-Type': kind})

    @each(('text', 'text/plain', b'it answers {"errcode":40001,"errmsg":"x"} then'),
          ('page', 'text/html', b'<pre>{"errcode":40001}</pre>'),
          ('inside', JSON, b'{"errcode":0,"list":[{"errcode":40001,"errmsg":"x"}]}'),
          ('another member', JSON, b'{"errcode":0,"total":40001}'))
    def test_a_token_that_wechat_takes_stays_whatever_an_answer_looks_like(self, kind, body):
        self.call('/y')
        before = wechat().access_token(APP)['fetches']
        for _ in range(3):
            self.answer_with(body, **{'Content-Type': kind})
            answer, _ = self.call('/x')
            self.assertEqual(answer.body, body)
        self.assertEqual(wechat().access_token(APP)['fetches'], before)

    @each(*((name, b'{"%b":%b,"x":1}' % (name.encode(), value))
            for name in ('errCode', 'ErrCode', 'ERRCODE', 'errorCODE')
            for value in (b'40001',)), ('text', b'{"errCode":"40001"}'))
    def test_names_keep_their_letters(self, body):
        self.answer_with(body)
        self.assertEqual(self.call('/x')[0].body, body)

    def test_a_picture_is_not_searched(self):
        self.assert_renews(False, b'{"errcode":40001}', **{'Content-Type': 'image/png'})

    def test_one_connection_of_many_calls(self):
        connection = self.nginx.connect_api()
        for body in (b'{"errcode":0}', b'{"errcode":40001}', b'{"errcode":0}'):
            self.answer_with(body)
            for _ in range(3):
                answer = self.nginx.call('/x', b'{}', connection=connection)
                self.assertEqual((answer.status, answer.body), (200, body))
        connection.close()

    # What the backend gets

    @each(('small', 1), ('picture', 100_000), ('large', 3_000_000))
    def test_a_picture_is_unharmed(self, size):
        body = (b'\x89PNG\r\n\x1a\n"errcode":40001' + os.urandom(4096)) * (size // 4096 + 1)
        self.answer_with(body, **{'Content-Type': 'image/jpeg', 'Content-Length': str(len(body))})
        answer, _ = self.call('/x')
        self.assertEqual(hashlib.sha256(answer.body).digest(), hashlib.sha256(body).digest())
        self.assertEqual(answer.headers['content-length'], str(len(body)))
        self.assertEqual(answer.headers['content-type'], 'image/jpeg')

    def test_a_large_text_is_unharmed(self):
        body = json.dumps({'list': ['\u4f60\u597d "errcode"' * 50] * 20_000}).encode()
        self.answer_with(body)
        answer, _ = self.call('/x')
        self.assertEqual(hashlib.sha256(answer.body).digest(), hashlib.sha256(body).digest())

    def test_a_packed_answer_is_left_as_it_is(self):
        body = gzip.compress(b'{"errcode":0}')
        self.answer_with(body, **{'Content-Encoding': 'gzip'})
        answer, _ = self.call('/x', headers={'Accept-Encoding': 'gzip'})
        self.assertEqual(answer.body, body)

    def test_only_the_head(self):
        answer, seen = self.call('/y', method='HEAD')
        self.assertEqual((answer.status, answer.body, seen['method']), (200, b'', 'HEAD'))

    def test_http_1_0(self):
        self.answer_with(b'{"errcode":40001}')
        with socket.create_connection(('127.0.0.1', self.nginx.api_port), timeout=30) as plain:
            plain.sendall(b'GET /x HTTP/1.0\r\n\r\n')
            answer = b''
            while piece := plain.recv(65536):
                answer += piece
        self.assertEqual(answer.partition(b'\r\n\r\n')[2], b'{"errcode":40001}')

    @each(*((str(status), status) for status in (204, 302, 400, 401, 403, 404, 412, 500, 502, 503)))
    def test_errors_of_wechat_are_its_own(self, status):
        where = 'https://api.weixin.qq.com/x?access_token=' + self.token()
        body = b'' if status == 204 else b'of WeChat'
        self.answer_with(body, Status=str(status), Location=where, **{'Content-Type': 'text/html'},
                         **({'Content-Length': '0'} if status == 204 else {}))
        answer, _ = self.call('/x')
        self.assertEqual((answer.status, answer.body), (status, body))

    def test_wechat_does_not_steer_nginx(self):
        self.answer_with(b'{"errcode":0}', **{
            'X-Accel-Redirect': '/onlogin-access-token', 'X-Accel-Limit-Rate': '1'})
        answer, _ = self.call('/x')
        self.assertEqual(answer.body, b'{"errcode":0}')

    def test_an_answer_that_breaks_off(self):
        self.answer_with(b'{"errcode":40001', **{'Content-Length': '100'})
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            self.nginx.call('/x')
        until(lambda: self.nginx.call('/y').status == 200)
