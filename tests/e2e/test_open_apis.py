"""The site for backends: WeChat's open APIs without tokens, and what WeChat makes of a session."""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import signal
import subprocess

from backends import with_sessions
from harness import (APP, OTHER_APP, ROOT, configuration, each, free_port, keep_private,
                     make_certificate, new_directory, together, until, wechat)
from open_apis import ApiCase, OddWechat

PHONE = '/wxa/business/getuserphonenumber'


class OfWechat(ApiCase):
    """With the fake WeChat, which looks at tokens."""

    APPS = (APP, OTHER_APP)

    def number(self, app=APP, connection=None, **headers):
        """Asks for a phone number, with its app's token if all is well."""
        code = wechat().phone_code(app)
        return self.nginx.call(PHONE, json.dumps({'code': code}),
                               {'X-WX-APPID': app, **headers}, connection=connection)

    def assert_errcode(self, answer, errcode, status=200):
        self.assertEqual((answer.status, answer.json['errcode']), (status, errcode), answer)

    def test_nginx_has_nothing_to_say(self):
        self.assert_content(self.nginx)

    def test_a_backend_needs_no_token(self):
        answer = self.number()
        self.assert_errcode(answer, 0)
        self.assertTrue(answer.json['phone_info']['phoneNumber'])
        self.assertEqual(answer.body.count(b'errcode'), 1)
        self.assert_no_token(answer)

    @each(('page', {'Origin': 'https://evil.example'}), ('sandbox', {'Origin': 'null'}),
          ('same', {'Origin': 'http://127.0.0.1:8085'}), ('image', {'Sec-Fetch-Site': 'cross-site'}),
          ('typed', {'Sec-Fetch-Site': 'none'}))
    def test_a_browser_is_refused(self, headers):
        for path in (PHONE, '/onlogin/sign', '/'):
            answer = self.nginx.call(path, b'{}', headers)
            self.assert_errcode(answer, -1, 403)
            self.assertIn('browser', answer.json['errmsg'])

    @each(*((name, name) for name in ('evil.example', '127.0.0.1.evil.example', '10.0.0.1')))
    def test_another_name_is_refused(self, name):
        """As a page has that lets its own name lead here."""
        answer = self.nginx.call(PHONE, b'{}', {'Host': name})
        self.assert_errcode(answer, -1, 421)
        self.assertIn('server_name', answer.json['errmsg'])

    @each(*((name, name) for name in ('127.0.0.1', 'localhost', 'LOCALHOST:8085', 'wechat')))
    def test_the_names_of_this_host_are_good(self, name):
        self.assert_errcode(self.number(Host=name), 0)

    def test_each_mini_program_has_its_own(self):
        self.assert_errcode(self.number(APP), 0)
        self.assert_errcode(self.number(OTHER_APP), 0)
        code = wechat().phone_code(OTHER_APP)
        answer = self.nginx.call(PHONE, json.dumps({'code': code}), {'X-WX-APPID': APP})
        self.assert_errcode(answer, 40029)

    @each(('unknown', {'X-WX-APPID': 'wxffffffffffffffff'}, 40013),
          ('nonsense', {'X-WX-APPID': '../../x'}, 40013), ('none', {}, 41002))
    def test_without_a_mini_program_it_says_so(self, headers, errcode):
        answer = self.nginx.call(PHONE, b'{}', headers)
        self.assert_errcode(answer, errcode, 400)
        self.assertIn('X-WX-APPID', answer.json['errmsg'])

    @each(('dead', 'dead', 40001), ('replaced', 'replaced', 40001), ('invalid', 'replaced', 40014),
          ('expired', 'expired', 42001))
    def test_after_a_refusal_comes_a_new_token(self, how, errcode):
        self.assert_errcode(self.number(), 0)
        wechat().spoil_token(APP, how, errcode=errcode)
        answer = self.number()
        self.assert_errcode(answer, errcode)
        self.assertEqual(answer.body.count(b'errcode'), 1)
        self.assert_errcode(self.number(), 0)

    def test_after_many_refusals_comes_one_new_token(self):
        self.assert_errcode(self.number(), 0)
        before = wechat().spoil_token(APP, 'dead')

        def call():
            connection = self.nginx.connect_api()
            answers = [self.number(connection=connection) for _ in range(2)]
            connection.close()
            return [answer.json['errcode'] for answer in answers]
        for first, second in together([call] * 8):
            self.assertIn((first, second), ((40001, 0), (0, 0)))
        after = wechat().access_token(APP)
        self.assertEqual(after['forced'] - before['forced'], 1)

    def test_a_text_is_checked(self):
        for content, verdict in (('fine', 'pass'), ('risky', 'risky')):
            answer = self.nginx.call('/wxa/msg_sec_check', json.dumps(
                {'version': 2, 'scene': 1, 'openid': 'oUSER', 'content': content}),
                {'Content-Type': 'application/json', 'X-WX-APPID': APP})
            self.assert_errcode(answer, 0)
            self.assertEqual(answer.json['result']['suggest'], verdict)

    def test_a_picture_is_checked(self):
        picture = b'\xff\xd8' + secrets.token_bytes(500_000)
        for content, errcode in ((picture, 0), (picture + b'risky', 87014)):
            answer = self.nginx.call(
                '/wxa/img_sec_check', b'--b\r\nContent-Disposition: form-data; name="media"; '
                b'filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + content + b'\r\n--b--\r\n',
                {'Content-Type': 'multipart/form-data; boundary=b', 'X-WX-APPID': APP})
            self.assert_errcode(answer, errcode)

    def test_a_code_to_scan_is_made(self):
        body = json.dumps({'scene': 'a=1'})
        answer = self.nginx.call('/wxa/getwxacodeunlimit', body, {'X-WX-APPID': APP})
        self.assertEqual(answer.headers['content-type'], 'image/jpeg')
        self.assertEqual(answer.headers['content-length'], str(len(answer.body)))
        directly = wechat().post('/wxa/getwxacodeunlimit', body,
                                 access_token=wechat().access_token(APP)['access_token'])
        self.assertEqual(answer.body, directly.body)
        wechat().spoil_token(APP, 'dead')  # it says so as JSON
        self.assert_errcode(self.nginx.call('/wxa/getwxacodeunlimit', body, {'X-WX-APPID': APP}),
                            40001)
        answer = self.nginx.call('/wxa/getwxacodeunlimit', body, {'X-WX-APPID': APP})
        self.assertEqual(answer.body, directly.body)

    # Who can ask

    def test_another_address_is_kept_out(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.nginx.api_port, timeout=30,
                                                source_address=('127.0.0.2', 0))
        answer = self.nginx.call(PHONE, b'{}', connection=connection)
        connection.close()
        self.assertEqual(answer.status, 403)

    def test_nobody_asks_the_worker_for_tokens(self):
        for path in ('/onlogin-access-token', '/onlogin-token-check', '/onlogin-auth',
                     '/onlogin-api-refusal', '/onlogin-api-error', '/onlogin/', '/onlogin/token',
                     '/onlogin-error'):
            answer = self.nginx.call(path, headers={'X-WX-APPID': APP})
            self.assert_no_token(answer)
            if path != '/onlogin-auth':  # there is none: it is WeChat who knows no such path
                self.assertEqual(answer.status, 404, path)

    def test_clients_from_outside_do_not_come_here(self):
        for path in (PHONE, '/onlogin/sign', '/onlogin-access-token'):
            answer = self.nginx.ask('POST', path, b'{}', {'X-WX-APPID': APP})
            self.assert_refused(answer, 404, 404, 'never')


class OfUsers(ApiCase):
    """sign and check-session, with the token of a user's session."""

    def log_in(self, **options):
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        options['session_key'] = session_key
        answer = self.nginx.login(wechat().code(APP, **options))
        self.assertEqual(answer.status, 200, answer)
        return keep_private(answer.json['data']['token']), session_key

    def test_a_signature(self):
        token, session_key = self.log_in()
        for body in (b'{"foo":"bar"}', b'', bytes(range(256)) * 60):
            for headers in ({'Authorization': 'Bearer ' + token}, {'X-WX-Skey': token}):
                answer = self.nginx.call('/onlogin/sign', body, headers)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.json['data']['signature'],
                                 hmac.new(session_key.encode(), body, hashlib.sha256).hexdigest())

    def test_what_wechat_makes_of_a_session(self):
        token, _ = self.log_in(user='session-checker')
        headers = {'Authorization': 'Bearer ' + token}
        answer = self.nginx.call('/onlogin/check-session', b'', headers)
        self.assertEqual((answer.status, answer.json['data']), (200, {'valid': True}))
        self.log_in(user='session-checker')  # on another phone
        answer = self.nginx.call('/onlogin/check-session', b'', headers)
        self.assertEqual((answer.status, answer.json['data']), (200, {'valid': False}))

    @each(('sign', '/onlogin/sign'), ('check', '/onlogin/check-session'))
    def test_without_a_session_there_is_none_of(self, path):
        for headers in ({}, {'Authorization': 'Bearer v3.local.' + 'A' * 300}):
            self.assert_refused(self.nginx.call(path, b'{}', headers), 401, 401, 'login')
        answer = self.nginx.call(path, headers={'Authorization': 'Bearer ' + self.log_in()[0]})
        self.assert_refused(answer, 405, 405, 'never')

    def test_a_large_body_is_refused(self):
        headers = {'Authorization': 'Bearer ' + self.log_in()[0]}
        self.assertEqual(self.nginx.call('/onlogin/sign', b'x' * 16384, headers).status, 200)
        answer = self.nginx.call('/onlogin/sign', b'x' * 16385, headers)
        self.assert_refused(answer, 413, 413, 'never')

    def test_one_mini_program_need_not_be_named(self):
        answer = self.nginx.call(PHONE, json.dumps({'code': wechat().phone_code(APP)}))
        self.assertEqual(answer.json['errcode'], 0)


class Trouble(ApiCase):
    """What a backend is told when there is no answer of WeChat's."""

    START = False

    def failure(self, words, config=None, worker=None, status=502, **options):
        worker = worker or self.own_worker(config or configuration())
        nginx = self.own_api(worker.socket, options.pop('port', wechat().port), **options)
        answer = nginx.call(PHONE, b'{}')
        self.assertEqual((answer.status, answer.json['errcode']), (status, -1), answer)
        self.assertIn(words, answer.json['errmsg'])
        self.assertEqual(answer.headers['content-type'], 'application/json; charset=utf-8')
        self.assert_no_token(answer)
        return nginx

    def test_the_worker_is_gone(self):
        worker = self.own_worker()
        worker.stop()
        self.failure('the worker cannot be reached', worker=worker)

    def test_the_worker_hangs(self):
        worker = self.own_worker()
        worker.process.signal(signal.SIGSTOP)
        self.addCleanup(worker.process.signal, signal.SIGCONT)
        self.failure('did not come in time', worker=worker,
                     edits=[(r'fastcgi_read_timeout 15s', 'fastcgi_read_timeout 1s')])

    def test_wechat_refuses_a_token(self):
        wrong = keep_private('0' * 31 + 'f')
        self.failure('refuses', configuration([{'appid': APP, 'secret': wrong}]))

    def test_the_worker_cannot_reach_wechat(self):
        config = configuration(wechat={'url': f'https://localhost:{free_port()}'})
        self.failure('gets no access token', config)

    def test_nginx_cannot_reach_wechat(self):
        self.failure('nginx cannot reach WeChat', port=free_port())

    def test_the_name_server_knows_nothing(self):
        self.failure('resolver', edits=[(r'resolver 127\.0\.0\.53;',
                                         f'resolver 127.0.0.1:{free_port()};'),
                                        (r'resolver_timeout 5s', 'resolver_timeout 1s')])

    def test_somebody_else_has_no_certificate_of_wechats(self):
        directory = new_directory()
        certificate, key = directory / 'cert.pem', directory / 'key.pem'
        make_certificate(certificate, key, 'localhost')
        somebody = OddWechat(certificate, key)
        self.addCleanup(somebody.finish)
        self.failure('nginx cannot reach WeChat', port=somebody.port)
        self.assertEqual(somebody.seen, [])

    def test_a_certificate_for_another_name(self):
        self.failure('nginx cannot reach WeChat',
                     edits=[(r'api\.weixin\.qq\.com', f'elsewhere.test:{wechat().port}')])

    def test_wechat_does_not_answer_in_time(self):
        done = []
        odd = OddWechat()
        self.addCleanup(odd.finish)
        self.addCleanup(done.append, 1)
        odd.before = lambda: until(lambda: done, 20)
        self.failure('did not answer in time', port=odd.port, status=504,
                     edits=[(r'proxy_read_timeout 30s', 'proxy_read_timeout 1s')])

    def test_a_refusal_while_the_worker_is_gone_is_passed_on_alone(self):
        """And the answer is whole."""
        odd = OddWechat()
        self.addCleanup(odd.finish)
        worker = self.own_worker()
        nginx = self.own_api(worker.socket, odd.port)
        odd.answers['/x'] = ({'Content-Type': 'text/plain'}, [b'{"errcode":40001}'])
        odd.before = lambda: worker.process.signal(signal.SIGKILL)
        answer = nginx.call('/x')
        self.assertEqual((answer.status, answer.body), (200, b'{"errcode":40001}'))
        worker.process.wait(10)

    def test_wechats_address_changes(self):
        worker = self.own_worker()
        nginx = self.own_api(worker.socket, wechat().port)
        self.names.address = '127.0.0.9'
        self.assertEqual(nginx.call(PHONE, b'{}').status, 502)
        self.names.address = '127.0.0.1'
        self.assertEqual(until(lambda: nginx.call(PHONE, b'{}').status == 200), True)


class SeveralSockets(ApiCase):
    """Each with a worker that keeps a token of its own."""

    START = False

    def setUp(self):
        self.workers = [self.own_worker(with_sessions([APP])) for _ in range(2)]
        lines = ' '.join(f'server unix:{worker.socket} max_fails=0;' for worker in self.workers)
        self.nginx = self.own_api(self.workers[0].socket, wechat().port, limits=False,
                                  edits=[(r'server unix:/run/onlogin/onlogin\.sock [^;]*;', lines)])

    def errcodes(self, count):
        return [self.nginx.call(PHONE, json.dumps({'code': wechat().phone_code(APP)}))
                .json['errcode'] for _ in range(count)]

    def test_a_refusal_comes_to_the_worker_whose_token_it_was(self):
        self.errcodes(16)  # by now both have one
        wechat().spoil_token(APP, 'dead')
        refused = self.errcodes(32).count(40001)
        self.assertTrue(1 <= refused <= 2, refused)

    def test_one_that_is_gone_is_passed_over(self):
        self.workers[0].stop()
        self.errcodes(1)  # whatever other tests have left
        self.assertEqual(self.errcodes(8), [0] * 8)
        for _ in range(8):
            self.assertEqual(self.nginx.login(wechat().code(APP)).status, 200)


class Installation(ApiCase):
    """The commands that the file has in its comment."""

    START = False

    @each(('one', 'nameserver 192.0.2.1\n', '192.0.2.1'),
          ('several', '# nameserver x\nsearch a.b\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n'
           'options ndots:2\n', '192.0.2.1 192.0.2.2'),
          ('IPv6', 'nameserver 2001:db8::53\nnameserver fe80::1%eth0\nnameserver 127.0.0.1\n',
           '[2001:db8::53] 127.0.0.1'))
    def test_the_name_servers_are_those_of_this_host(self, resolv_conf, servers):
        directory = new_directory()
        (directory / 'resolv.conf').write_text(resolv_conf)
        lines = (ROOT / 'nginx/onlogin-api.conf').read_text().splitlines()
        first = next(at for at, line in enumerate(lines) if 'dns=$(' in line)
        commands = '\n'.join(line[1:].strip() for line in lines[first:first + 4]) \
            .replace('/etc/resolv.conf', 'resolv.conf') \
            .replace(' onlogin-api.conf', f' {ROOT}/nginx/onlogin-api.conf') \
            .replace('/etc/nginx/sites-available/', '')
        subprocess.run(['sh', '-euc', commands], cwd=directory, check=True, timeout=20)
        self.assertIn(f'    resolver {servers};\n', (directory / 'onlogin-api.conf').read_text())
