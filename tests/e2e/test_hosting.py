"""The files of nginx/hosting: one set of tests for each of the servers in web_servers.py."""

import http.client
import json
import os
import pathlib
import signal
import threading
import time

import web_servers
from fcgi import Answer
from harness import (APP, OTHER_APP, PATIENCE, Case, configuration, each, keep_private, magic,
                     together, until, wechat)

FORM = 'application/x-www-form-urlencoded'
JSON = 'application/json'
SHOW_ENVIRONMENT = pathlib.Path(web_servers.__file__).with_name('show_environment.py')


def parse(text):
    """The last answer in the bytes of a connection."""
    while True:
        head, _, body = text.partition(b'\r\n\r\n')
        status, *rest = head.decode().split('\r\n')
        if int(status.split()[1]) >= 200:
            break
        text = body  # 100 Continue
    headers = dict((name.lower(), value) for name, _, value in
                   (line.partition(': ') for line in rest))
    if headers.get('transfer-encoding') == 'chunked':
        body = body.split(b'\r\n')[1]
    return Answer(int(status.split()[1]), headers, body)


class Hosting:
    kind = None
    lasts = 15

    @classmethod
    def setUpClass(cls):
        # Two apps, so that nothing works unless the Referer arrives.
        cls.server = cls.kind(configuration([APP, OTHER_APP]))
        cls.addClassCleanup(cls.server.finish)

    def own_server(self, **options):
        server = self.kind(**options)
        self.addCleanup(server.finish)
        return server

    # Logins

    def test_the_official_sample_logs_in(self):
        self.assert_logged_in(self.server.login())

    def test_a_form_logs_in(self):
        self.assert_logged_in(self.server.post('code=' + magic(), FORM))

    def test_a_form_with_a_character_set_logs_in(self):
        self.assert_logged_in(self.server.post('code=' + magic(), FORM + '; charset=UTF-8'))

    def test_json_logs_in(self):
        self.assert_logged_in(self.server.post(json.dumps({'code': magic()}), JSON))

    @each(('form', FORM, 'code=%s'), ('json', JSON, '{"code":"%s"}'))
    def test_a_chunked_body_logs_in(self, content_type, text):
        text = (text % magic()).encode()
        answer = self.server.post(iter([text[:7], text[7:]]), content_type, encode_chunked=True)
        self.assert_logged_in(answer)

    def test_a_post_without_a_body_logs_in_by_its_query(self):
        self.assert_logged_in(self.server.ask('POST', '/onLogin?code=' + magic()))

    def test_a_post_without_any_length_logs_in_by_its_query(self):
        answer = parse(self.server.send_raw(
            f'POST /onLogin?code={magic()}&appid={APP} HTTP/1.1\r\nHost: localhost\r\n'
            'Connection: close\r\n\r\n'.encode()))
        if self.server.needs_length:
            self.assertEqual(answer.status, 411, answer)
        else:
            self.assert_logged_in(answer)

    def test_a_client_that_waits_for_100_logs_in(self):
        body = f'code={magic()}&appid={APP}'
        self.assert_logged_in(parse(self.server.send_raw(
            f'POST /onLogin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
            f'Expect: 100-continue\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n'
            f'{body}'.encode())))

    def test_the_referer_chooses_the_app(self):
        code = wechat().code(OTHER_APP)
        answer = self.server.ask('GET', '/onLogin?code=' + code, headers={
            'Referer': f'https://servicewechat.com/{OTHER_APP}/1/page-frame.html'})
        self.assert_logged_in(answer)

    def test_twenty_log_in_at_once(self):
        for answer in together([lambda: self.server.login(magic('delay-300'))] * 20):
            self.assert_logged_in(answer)

    @each(*((header.replace('-', '_').lower(), header, value) for header, value in (
        ('Range', 'bytes=0-1'), ('If-Range', '"x"'), ('If-Match', '"x"'), ('If-None-Match', '*'),
        ('If-Modified-Since', 'Fri, 01 Jan 2038 00:00:00 GMT'),
        ('If-Unmodified-Since', 'Sat, 01 Jan 2000 00:00:00 GMT'))))
    def test_an_answer_is_whole_whatever_is_asked_for(self, header, value):
        headers = {header: value} | ({'Range': 'bytes=0-1'} if header == 'If-Range' else {})
        answer = self.server.ask('GET', '/onLogin?code=' + magic(), headers=headers)
        self.assert_logged_in(answer)
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn('content-range', answer.headers)

    # Actions

    @each(('plain', '/onLogin/health'), ('two_slashes', '/onLogin//health'),
          ('dots', '/onLogin/x/../health'))
    def test_a_path_names_a_public_action(self, path):
        answer = self.server.ask('GET', path)
        self.assertEqual((answer.status, answer.body.strip()), (200, b'ok'), answer)
        self.assertEqual(answer.headers.get('content-type'), 'text/plain; charset=utf-8')

    @each(('slash', '/onLogin/'), ('deeper', '/onLogin/a/b'), ('unknown', '/onLogin/nonsense'),
          ('two_slashes', '//onLogin'), ('metrics', '/onLogin/metrics'), ('auth', '/onLogin/auth'),
          ('sign', '/onLogin/sign'), ('access_token', '/onLogin/access_token'),
          ('health_and_more', '/onLogin/health/'), ('question_mark', '/onLogin/a%3Fb'))
    def test_any_other_path_is_a_login(self, path):
        self.assert_logged_in(self.server.ask('GET', f'{path}?code={magic()}'))

    @each(*((name, name) for name in ('ONLOGIN_ACTION', 'Onlogin-Action', 'ONLOGIN_APPID',
                                      'Onlogin-Appid', 'ONLOGIN_CONFIG', 'REQUEST_METHOD',
                                      'Script-Name', 'Path-Info', 'Query-String', 'Proxy')))
    def test_clients_cannot_send_what_the_server_says(self, header):
        answer = self.server.ask('GET', f'/onLogin?code={magic()}', headers={header: 'health'})
        self.assert_logged_in(answer)

    @each(('beside', '/onLoginx'), ('lower_case', '/onlogin'))
    def test_other_paths_are_not_the_workers(self, path):
        self.assertEqual(self.server.ask('GET', f'{path}?code={magic()}').status, 404)

    # Refusals

    def test_a_wrong_method_is_405(self):
        answer = self.server.ask('PUT', '/onLogin?code=' + magic())
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'GET, HEAD, POST')

    @each(('health', lambda: '/onLogin/health', 200),
          ('login', lambda: f'/onLogin?code={magic()}&appid={APP}', 200),
          ('no_code', lambda: '/onLogin', 400),
          ('not_a_get_either', lambda: '/onLogin/logout', 405))
    def test_head_is_answered_as_get_without_a_body(self, target, status):
        whole, head = (self.server.ask(method, target()) for method in ('GET', 'HEAD'))
        self.assertEqual((head.status, head.body), (status, b''), head)
        changing = {'date', 'connection', 'keep-alive', 'x-request-id'}
        names = (set(whole.headers) | set(head.headers)) - changing - {'transfer-encoding',
                                                                     'content-length'}
        for name in names:
            self.assertEqual(head.headers.get(name), whole.headers.get(name), name)
        self.assertEqual(head.headers.get('content-length'), str(len(whole.body)))

    def test_a_connection_goes_on_after_head(self):
        head = 'HEAD /onLogin/health HTTP/1.1\r\nHost: localhost\r\n'
        text = self.server.send_raw((f'{head}\r\n{head}Connection: close\r\n\r\n').encode())
        self.assertEqual(text.count(b'HTTP/1.1 200 '), 2, text)
        self.assertTrue(text.endswith(b'\r\n\r\n'), text)

    def test_a_missing_code_is_400(self):
        self.assert_refused(self.server.ask('GET', '/onLogin'), 400, 400, 'never')

    def test_a_query_without_a_name_is_400(self):
        self.assert_refused(self.server.ask('GET', '/onLogin?-h'), 400, 400, 'never')

    def test_another_type_is_415(self):
        self.assert_refused(self.server.post('code=' + magic(), 'text/plain'), 415, 415, 'never')

    @each(('a_little', 17_000), ('much', 60_000))
    def test_a_body_that_is_too_large_is_413(self, size):
        body = b'x' * size
        self.assert_refused(self.server.post(body, FORM), 413, 413, 'never')
        self.assert_refused(self.server.post(iter([body]), FORM, encode_chunked=True), 413, 413,
                            'never')

    def test_a_very_large_body_does_no_harm(self):
        self.assertIn(self.server.post(b'x' * 3_000_000, FORM).status, (413, 500))
        self.assert_logged_in(self.server.login())

    def test_what_wechat_refuses_comes_as_it_is(self):
        self.assert_refused(self.server.login('errcode-40029'), 401, 40029, 'login')
        self.assert_refused(self.server.login('errcode-45011'), 429, 45011, 'later', 60)
        self.assert_refused(self.server.login('errcode-40226'), 403, 40226, 'never')
        self.assert_refused(self.server.login('errcode-40013'), 500, 40013, 'never')
        self.assert_refused(self.server.login('errcode--1'), 503, -1, 'later')
        self.assert_refused(self.server.login('errcode-99999'), 502, 99999, 'login')

    # Clients that misbehave

    def test_a_body_that_ends_early_does_no_harm(self):
        with self.server.plain() as client:
            client.sendall(f'POST /onLogin HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\n'
                           f'Content-Length: 100\r\n\r\ncode={magic()}'.encode())
        self.assert_logged_in(self.server.login())

    def test_a_client_that_leaves_does_no_harm(self):
        code = wechat().code(delay_ms=1000)
        with self.server.plain() as client:
            client.sendall(f'GET /onLogin?code={code}&appid={APP} HTTP/1.1\r\nHost: localhost\r\n'
                           '\r\n'.encode())
            until(lambda: wechat().exchanges(code) == 1, what='the exchange')
        self.assert_logged_in(self.server.login())

    def test_no_log_holds_a_code_whatever_fails(self):
        """`finish` looks for all of them."""
        code = magic()
        target = f'/onLogin?code={code}'
        self.server.ask('GET', target, headers={
            'Referer': f'https://servicewechat.com/{APP}/1/page-frame.html?code={code}#{code}'})
        self.server.ask('GET', f'/elsewhere?code={code}')
        self.server.ask('GET', target + '&x=' + 'a' * 9_000)
        self.server.ask('GET', target, headers={'X-Long': 'a' * 9_000})
        self.server.ask('DELETE', target)
        for text in (f'GET {target} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
                     f'get {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
                     f'GET {target}\r\n\r\n',
                     f'GET {target} HTTP/9.9\r\nHost: a\r\nConnection: close\r\n\r\n',
                     f'\x01 {target} HTTP/1.1\r\n\r\n',
                     f'GET {target} & HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
                     f'GET {target} HTTP/1.1\r\nHost a\r\nConnection: close\r\n\r\n',
                     f'POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n'
                     'Content-Length: abc\r\n\r\n'):
            self.server.send_raw(text.encode())

    @each(*((name, target) for name, target in (
        ('above_the_root', '/../onLogin?code={code}'),
        ('above_the_root_encoded', '/%2e%2e/onLogin?code={code}'),
        ('above_the_root_later', '/onLogin/../../onLogin?code={code}'),
        ('dot', '/./onLogin/.%2e/../..?code={code}'),
        ('bad_escape', '/onLogin/%zz?code={code}'),
        ('bad_escape_in_query', '/onLogin?x=%zz&code={code}'),
        ('half_an_escape', '/onLogin/%?code={code}'),
        ('nul', '/onLogin/%00?code={code}'),
        ('newline', '/onLogin/%0a?code={code}'),
        ('slash', '/onLogin%2f?code={code}'),
        ('backslash', '/onLogin\\?code={code}'),
        ('question_mark', '/onLogin%3Fcode={code}'),
        ('question_mark_below', '/onLogin/%3fcode={code}'),
        ('question_mark_twice', '/onLogin/%253Fcode={code}'),
        ('ampersand', '/onLogin/&code={code}'),
        ('no_question_mark', '/onLogin/code={code}'),
        ('fragment', '/onLogin#code={code}'),
        ('long_path', '/onLogin/{long}?code={code}'),
        ('many_parts', '/onLogin{deep}?code={code}'),
        ('too_long', '/onLogin/{longer}?code={code}'),
        ('elsewhere', '/../elsewhere?code={code}'),
        ('no_slash', 'onLogin?code={code}'),
        ('only_a_query', '?code={code}'),
        ('star', '*?code={code}'),
        ('absolute', 'http://localhost/onLogin?code={code}'),
        ('absolute_above', 'http://localhost/../onLogin?code={code}'),
        ('absolute_elsewhere', 'http://elsewhere.example/onLogin?code={code}'),
        ('absolute_bad_port', 'http://localhost:99999/onLogin?code={code}'),
        ('absolute_bad_host', 'http://[::1/onLogin?code={code}'),
        ('absolute_no_host', 'http:///onLogin?code={code}'),
        ('authority', 'localhost:443?code={code}'),
        ('ctrl', '/onLogin?code={code}\x01'), ('utf_8', '/onLogin/é?code={code}'))))
    def test_no_log_holds_a_code_of_an_odd_target(self, target):
        """`finish` looks for all of them."""
        target = target.format(code=magic(), long='a' * 300, longer='a' * 9_000, deep='/a' * 400)
        for method in ('GET', 'POST', 'CONNECT', 'OPTIONS', 'TRACE', 'PROPFIND', 'NONSENSE'):
            for version in ('1.0', '1.1'):
                self.server.send_raw(
                    f'{method} {target} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n'
                    f'Content-Length: 0\r\nReferer: https://localhost{target}\r\n\r\n'.encode())

    @each(*((name, text) for name, text in (
        ('no_host', 'GET {target} HTTP/1.1\r\n'),
        ('two_hosts', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n'),
        ('bad_host', 'GET {target} HTTP/1.1\r\nHost: a b\r\n'),
        ('odd_host', 'GET {target} HTTP/1.1\r\nHost: localhost{target}\r\n'),
        ('bad_length', 'POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n'),
        ('negative_length', 'POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n'),
        ('two_lengths', 'POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n'
                        'Content-Length: 2\r\n'),
        ('huge_length', 'POST {target} HTTP/1.1\r\nHost: localhost\r\n'
                        'Content-Length: 99999999999999999999\r\n'),
        ('large_length', 'POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n'),
        ('no_length', 'POST {target} HTTP/1.1\r\nHost: localhost\r\n'),
        ('odd_coding', 'POST {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: odd\r\n'),
        ('both', 'POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n'
                 'Transfer-Encoding: chunked\r\n'),
        ('bad_chunk', 'POST {target} HTTP/1.1\r\nHost: localhost\r\n'
                      'Transfer-Encoding: chunked\r\n\r\nxx\r\n'),
        ('expectation', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nExpect: what\r\n'),
        ('upgrade', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'),
        ('folded', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n'),
        ('nul', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n'),
        ('no_colon', 'GET {target} HTTP/1.1\r\nHost: localhost\r\n{target}\r\n'),
        ('space_before_colon', 'GET {target} HTTP/1.1\r\nHost : localhost\r\n'),
        ('many_headers', 'GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}'),
        ('long_header', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nX-A: {long}\r\n'),
        ('range', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\n'),
        ('credentials', 'GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic x\r\n'),
        ('no_version', 'GET {target}\r\n'),
        ('protocol', 'GET / {target}\r\n'),
        ('two_spaces', 'GET  {target}  HTTP/1.1\r\nHost: localhost\r\n'),
        ('tab', 'GET\t{target}\tHTTP/1.1\r\nHost: localhost\r\n'),
        ('other_version', 'GET {target} HTTP/2.0\r\nHost: localhost\r\n'),
        ('other_protocol', 'GET {target} RTSP/1.0\r\nHost: localhost\r\n'),
        ('method_and_target', 'GET{target} HTTP/1.1\r\nHost: localhost\r\n'),
        ('only_a_target', '{target}\r\n'),
        ('odd_method', 'G=T {target} HTTP/1.1\r\nHost: localhost\r\n'))))
    def test_no_log_holds_a_code_of_an_odd_request(self, text):
        target = f'/onLogin?code={magic()}'
        self.server.send_raw(text.format(
            target=target, long='a' * 9_000, headers='X-A: a\r\n' * 300).encode() +
            f'Connection: close\r\nReferer: https://localhost{target}\r\n\r\n'.encode(),
            last='POST' in text)

    # What the worker is told

    def test_what_the_worker_needs_arrives_and_nothing_more(self):
        server = self.own_server(program=SHOW_ENVIRONMENT)
        referer = f'https://servicewechat.com/{APP}/1/page-frame.html'
        answer = server.ask('POST', '/onLogin/a?x=%23+%26', b'abc', {
            'Content-Type': FORM, 'Authorization': 'Bearer abc', 'X-WX-Skey': 'def',
            'Referer': referer, 'Proxy': 'http://127.0.0.1:1', 'Onlogin-Action': 'metrics'})
        self.assertEqual(answer.status, 200, answer)
        variables = answer.json['variables']
        for name, value in {'REQUEST_METHOD': 'POST', 'QUERY_STRING': 'x=%23+%26',
                            'CONTENT_TYPE': FORM, 'CONTENT_LENGTH': '3', 'HTTP_REFERER': referer,
                            'HTTP_AUTHORIZATION': 'Bearer abc', 'HTTP_X_WX_SKEY': 'def'}.items():
            self.assertEqual(variables.get(name), value, (name, variables))
        self.assertEqual(variables['SCRIPT_NAME'] + variables.get('PATH_INFO', ''), '/onLogin/a')
        self.assertEqual(answer.json['body'], 3)
        self.assertNotIn('HTTP_PROXY', variables)
        self.assertNotIn('ONLOGIN_ACTION', variables)

    # The end

    def test_a_login_in_flight_at_a_stop_is_answered(self):
        server = self.own_server()
        code = wechat().code(delay_ms=1500)

        def stop():
            until(lambda: wechat().exchanges(code) == 1, what='the exchange')
            server.stop()
        answer, _ = together([lambda: server.login(code), stop])
        self.assert_logged_in(answer)


def second_location():
    """What apache-proxy-fcgi.conf says for one, in front of the line that it is to precede."""
    text = (web_servers.HOSTING / 'apache-proxy-fcgi.conf').read_text()
    lines = text[text.index('# Define ONLOGIN_PATHS'):text.index('# </Location>')].splitlines()
    include = 'Include onlogin/apache-common.conf'
    block = '\n'.join(line.removeprefix('# ') for line in [*lines, '# </Location>'])
    return [(include, block.replace('wx0123456789abcdef', APP) + '\n' + include)]


class SecondLocation:
    """/shop/onLogin beside /onLogin: all that holds there holds here, and the mini program is APP."""

    kind = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.kind(configuration([APP, OTHER_APP], session={}), edits=second_location())
        cls.addClassCleanup(cls.server.finish)

    def ask(self, method, path, body=None, **headers):
        return self.server.ask(method, path, body, {'Referer': 'https://example.com/'} | headers)

    def log_in(self, path):
        answer = self.ask('GET', f'{path}?code={magic()}&appid={APP}')
        self.assert_logged_in(answer)
        return {'Authorization': 'Bearer ' + keep_private(answer.json['data']['token'])}

    @each(('here', '/shop/onLogin'), ('there', '/onLogin'))
    def test_a_session_ends_by_a_logout(self, path):
        session = self.log_in(path)
        self.assertEqual(self.ask('POST', path + '/logout', b'', **session).status, 200)
        for each_path in ('/shop/onLogin', '/onLogin'):
            answer = self.ask('POST', each_path + '/decrypt', b'{}', **session,
                              **{'Content-Type': JSON})
            self.assert_refused(answer, 401, 401, 'login')

    def test_the_mini_program_is_chosen_by_the_server(self):
        self.assert_logged_in(self.ask('GET', '/shop/onLogin?code=' + magic()))
        code = wechat().code(OTHER_APP)
        self.assert_refused(self.ask(
            'GET', f'/shop/onLogin?code={code}&appid={OTHER_APP}', **{
                'Referer': f'https://servicewechat.com/{OTHER_APP}/1/page-frame.html',
                'ONLOGIN_APPID': OTHER_APP, 'Onlogin-Appid': OTHER_APP}), 401, 40029, 'login')
        self.assert_logged_in(self.ask('GET', f'/onLogin?code={code}&appid={OTHER_APP}'))

    def test_a_session_of_another_one_does_not_count(self):
        answer = self.ask('GET', f'/onLogin?code={wechat().code(OTHER_APP)}&appid={OTHER_APP}')
        session = {'Authorization': 'Bearer ' + keep_private(answer.json['data']['token'])}
        answer = self.ask('POST', '/shop/onLogin/decrypt', b'{}', **session, **{'Content-Type': JSON})
        self.assert_refused(answer, 401, 401, 'login')

    def test_an_action_is_named_by_the_path(self):
        answer = self.ask('GET', '/shop/onLogin/health')
        self.assertEqual((answer.status, answer.body.strip()), (200, b'ok'), answer)

    def test_a_body_that_is_too_large_is_413(self):
        for body in (b'x' * 17_000, b'x' * 60_000, b'x' * 100_000):
            answer = self.ask('POST', '/shop/onLogin', body, **{'Content-Type': FORM})
            self.assert_refused(answer, 413, 413, 'never')

    def test_other_paths_are_not_the_workers(self):
        for path in ('/shop', '/shop/', '/shop/onLoginx', '/shop/x/onLogin', '/onLogin.x'):
            self.assertEqual(self.ask('GET', f'{path}?code={magic()}').status, 404, path)


class Variations(Case):
    """What only one of them does, or does with other settings."""

    lasts = 15

    def start(self, kind, *arguments, **options):
        server = kind(*arguments, **options)
        self.addCleanup(server.finish)
        return server

    @staticmethod
    def post_chunked(server):
        """The body begins when the server has looked for it, and cannot know how long it will be."""
        body = f'code={magic()}&appid={APP}'.encode()
        with server.plain() as client:
            client.sendall(f'POST /onLogin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
                           f'Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n'
                           f'Expect: 100-continue\r\n\r\n'.encode())
            answer = client.recv(65536)
            time.sleep(0.3)  # it says so a moment before it looks
            client.sendall(b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body))
            return parse(answer + b''.join(iter(lambda: client.recv(65536), b''))).json

    def test_apache_passes_a_body_without_its_length(self):
        """Without proxy-sendcl, as many have it; nothing that the worker minds."""
        edits = [('SetEnv proxy-sendcl 1', '')]
        answer = self.post_chunked(self.start(web_servers.ApacheProxyFcgi, edits=edits))
        self.assertEqual(answer['code'], 0, answer)
        server = self.start(web_servers.ApacheProxyFcgi, edits=edits, program=SHOW_ENVIRONMENT)
        variables = self.post_chunked(server)['variables']
        self.assertNotIn('CONTENT_LENGTH', variables)
        self.assertEqual(variables.get('HTTP_TRANSFER_ENCODING'), 'chunked', variables)

    @each(('fastcgi', web_servers.LighttpdFastcgi), ('cgi', web_servers.LighttpdCgi))
    def test_lighttpd_that_streams_bodies_logs_in(self, kind):
        limit = 'server.max-request-size = 64'
        server = self.start(kind, edits=[(limit, limit + '\nserver.stream-request-body = 2')])
        self.assert_logged_in(server.post('code=' + magic()))
        self.assert_refused(server.post(b'x' * 60_000), 413, 413, 'never')

    def test_apache_without_a_worker_answers_in_its_form(self):
        server = self.start(web_servers.ApacheProxyFcgi)
        self.assert_logged_in(server.login())
        server.processes[0].end()
        for _ in range(2):
            self.assert_refused(server.login(), 503, 503, 'later')
        self.assert_refused(server.post('code=' + magic()), 503, 503, 'later')

    @each(('proxy_fcgi', web_servers.ApacheProxyFcgi), ('fcgid', web_servers.ApacheFcgid),
          ('cgid', web_servers.ApacheCgid))
    def test_a_second_location_of_apache_answers_in_its_form_too(self, kind):
        server = self.start(kind, '{ "apps": [] }' if kind != web_servers.ApacheProxyFcgi else None,
                            edits=second_location())
        if kind == web_servers.ApacheProxyFcgi:
            server.processes[0].end()
        for path in ('/shop/onLogin', '/shop/onLogin/logout', '/onLogin'):
            answer = server.ask('GET', f'{path}?code={magic()}')
            self.assertIn(answer.status, (500, 503))
            self.assert_refused(answer, answer.status, answer.status, 'later')

    def test_apache_with_a_worker_that_hangs_answers_in_its_form(self):
        server = self.start(web_servers.ApacheProxyFcgi, edits=[('timeout=15', 'timeout=1')])
        self.assert_logged_in(server.login())
        server.processes[0].signal(signal.SIGSTOP)
        try:
            answer = server.login()
            self.assertIn(answer.status, (503, 504))
            self.check_form(answer)
        finally:
            server.processes[0].signal(signal.SIGCONT)
        self.assert_logged_in(server.login())

    @each(('fcgid', web_servers.ApacheFcgid), ('cgid', web_servers.ApacheCgid))
    def test_apache_with_a_worker_that_cannot_start_answers_in_its_form(self, kind):
        server = self.start(kind, '{ "apps": [] }')
        self.assert_refused(server.login(), 500, 500, 'later')
        self.assertIn('onlogin.json', server.log(), 'what is wrong')

    @each(*((kind.name, kind) for kind in web_servers.SERVERS))
    def test_no_log_holds_a_code_where_no_worker_runs(self, kind):
        """`finish` looks for all of them."""
        server = self.start(kind)
        self.assert_logged_in(server.login())
        server.place.program.unlink()
        if server.processes[0].alive() and kind in (web_servers.ApacheProxyFcgi,
                                                    web_servers.LighttpdFastcgi):
            server.processes[0].end()
        for pid in server.left():
            os.kill(pid, signal.SIGKILL)
        for target in ('/onLogin?code={}', '/onLogin/logout?code={}', '/onLogin/%3Fcode={}',
                       '/onLogin/code={}', '/onLogin/%26code={}'):
            target = target.format(magic())
            referer = {'Referer': f'https://localhost{target}'}
            self.assertGreaterEqual(server.ask('GET', target, headers=referer).status, 400)
            self.assertGreaterEqual(server.ask('POST', target, b'{}', referer | {
                'Content-Type': JSON}).status, 400)

    def test_lighttpd_without_a_worker_is_503_and_comes_back(self):
        server = self.start(web_servers.LighttpdFastcgi)
        self.assert_logged_in(server.login())
        server.processes[0].end()
        self.assertEqual(server.login().status, 503)
        server.processes[0] = server.place.spawn()
        until(lambda: server.login().status == 200, 15, 'a login')

    def test_lighttpd_starts_a_worker_anew_that_died(self):
        server = self.start(web_servers.LighttpdSpawned)
        self.assert_logged_in(server.login())
        os.kill(server.left()[0], signal.SIGKILL)
        until(lambda: server.login().status == 200, 15, 'a login')

    @each(('and_waits', True), ('and_leaves', False))
    def test_one_address_does_not_keep_others_from_fcgiwrap(self, waits):
        server = self.start(web_servers.NginxFcgiwrapOfDebian)
        busy = threading.Event()

        def flood():
            """Without end, each time with another code."""
            while not busy.is_set():
                with server.plain() as client:
                    client.sendall(f'GET /onLogin?code={magic("delay-300")}&appid={APP} HTTP/1.1\r\n'
                                   'Host: localhost\r\nConnection: close\r\n\r\n'.encode())
                    if waits:
                        while client.recv(65536):
                            pass
                    else:
                        busy.wait(0.02)  # it has been read by then

        def another():
            """A user elsewhere."""
            try:
                until(lambda: server.nginx.access_log.read_text().count('\n') > 50, what='the flood')
                return [server.nginx.ask('GET', f'/onLogin?code={magic("delay-300")}&appid={APP}',
                                         connect=elsewhere) for _ in range(4)]
            finally:
                busy.set()

        def elsewhere():
            return http.client.HTTPSConnection(
                'localhost', server.port, context=server.nginx.context, timeout=30 * PATIENCE,
                source_address=('127.0.0.2', 0))
        *_, answers = together([flood] * 20 + [another])
        for answer in answers:
            self.assert_logged_in(answer)

    def test_a_reload_of_apache_answers_even_the_slowest_login(self):
        """mod_fcgid's workers have 4.3 s then."""
        server = self.start(web_servers.ApacheFcgid, configuration(
            wechat={'timeout_ms': 20_000}, limits={'drain_ms': 20_000}))
        code = wechat().code(delay_ms=7000)

        def reload():
            until(lambda: wechat().exchanges(code) == 1, what='the exchange')
            server.processes[-1].signal(signal.SIGUSR1)
        answer, _ = together([lambda: server.login(code), reload])
        self.assert_refused(answer, 503, 503, 'later')
        self.assert_logged_in(server.login())


for kind in web_servers.SERVERS:
    globals()[kind.name] = type(kind.name, (Hosting, Case), {'kind': kind, '__module__': __name__})
    if issubclass(kind, web_servers.Apache):
        globals()[kind.name + '_second'] = type(
            kind.name + '_second', (SecondLocation, Case), {'kind': kind, '__module__': __name__})
del kind
