"""Guarded locations: nginx lets in whom the worker knows, and tells the backend who it is."""

import hashlib
import itertools
import json
import re
import subprocess

from backends import (ECHO, SHOW_ENVIRONMENT, GuardCase, guarded_example, over_fastcgi,
                      over_uwsgi)
from harness import APP, OTHER_APP, ROOT, each, keep_private, new_directory, together

VICTIM = 'oVICTIM0000000000000000000000'

# What a backend may be told in WeChat's cloud hosting or by an old client; but the token itself, which
# lets the request in. The list is the one of which the snippets are made.
NAMES = [name for name in re.findall(r'^ +\{"([^"]+)", Told::',
                                     (ROOT / 'src/doctor/told_headers.hh').read_text(), re.M)
         if name != 'X-WX-SKEY']


def spellings(name):
    """X-WX-OPENID, X-WX_OPENID, X_WX-OPENID, …: one variable for CGI."""
    first, *rest = name.split('-')
    for marks in itertools.product('-_', repeat=len(rest)):
        yield first + ''.join(mark + part for mark, part in zip(marks, rest))


def forged():
    """Each header in each spelling, all in one request."""
    assert len(NAMES) > 25
    return {spelling: VICTIM for name in NAMES for spelling in spellings(name)}


LOCATIONS = '''
    underscores_in_headers on;
    large_client_header_buffers 8 64k;
    location ^~ /fastcgi/ {
        include snippets/onlogin-guard.conf;
        include snippets/onlogin-fastcgi.conf;
        include /etc/nginx/fastcgi_params;
        fastcgi_pass unix:FASTCGI;
    }
    location ^~ /fastcgi/public/ {
        include snippets/onlogin-fastcgi.conf;
        include /etc/nginx/fastcgi_params;
        fastcgi_pass unix:FASTCGI;
    }
    location ^~ /uwsgi/ {
        include snippets/onlogin-guard.conf;
        include snippets/onlogin-uwsgi.conf;
        include /etc/nginx/uwsgi_params;
        uwsgi_pass unix:UWSGI;
    }
    location ^~ /uwsgi/public/ {
        include snippets/onlogin-uwsgi.conf;
        include /etc/nginx/uwsgi_params;
        uwsgi_pass unix:UWSGI;
    }
    location ^~ /kept/ {
        include snippets/onlogin-guard.conf;
        include snippets/onlogin-proxy.conf;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_pass http://kept;
        client_max_body_size 64m;
    }
    location ^~ /other/ {
        set $onlogin_appid OTHER;
        include snippets/onlogin-guard.conf;
        include snippets/onlogin-proxy.conf;
        proxy_pass http://kept;
    }
    location ^~ /nobody/ {
        include snippets/onlogin-guard.conf;
        include snippets/onlogin-proxy.conf;
        proxy_pass http://127.0.0.1:1;
    }
    # Pages of the server for what fails, as many sites have them.
    error_page 401 403 404 500 502 503 504 =200 /sorry;
    location = /sorry { return 200 sorry; }
'''


class Guard(GuardCase):
    @classmethod
    def edits(cls):
        fastcgi = cls.start_backend(over_fastcgi(SHOW_ENVIRONMENT))
        uwsgi = cls.start_backend(over_uwsgi(ECHO))
        locations = LOCATIONS.replace('FASTCGI', str(fastcgi.path)) \
            .replace('UWSGI', str(uwsgi.path)).replace('OTHER', OTHER_APP)
        upstream = f'upstream kept {{ server 127.0.0.1:{cls.echo.port}; keepalive 4; }}'
        return [(r'(?=\nupstream onlogin)', '\n' + upstream + '\n'),
                *guarded_example(cls.echo.port),
                (r'(?=\n +# Your backend, for users)', locations)]

    def test_nginx_has_nothing_to_say(self):
        self.assert_content(self.nginx)

    # Who is let in

    def test_a_user_with_a_token_is_told_to_the_backend(self):
        user = self.log_in()
        told = self.assert_let_in(self.nginx.ask('GET', '/api/hello', headers=self.bearer(user)),
                                  user)
        headers = {name.upper(): value for name, value in told['told']}
        self.assertEqual((headers['X-WX-APPID'], headers['X-WX-SOURCE']), (APP, 'wx_client'))
        self.assertEqual(headers['HOST'], 'localhost')  # of proxy_params

    def test_the_token_as_wafer_sends_it(self):
        user = self.log_in()
        self.assert_let_in(self.nginx.ask('GET', '/api/', headers={'X-WX-Skey': user['token']}),
                           user)

    @each(('none', {}), ('empty', {'Authorization': ''}), ('half', {'Authorization': 'Bearer'}),
          ('nonsense', {'Authorization': 'Bearer nonsense'}),
          ('forged', {'Authorization': 'Bearer v3.local.' + 'A' * 300}),
          ('basic', {'Authorization': 'Basic b25sb2dpbjpvbmxvZ2lu'}),
          ('skey', {'X-WX-Skey': 'v3.local.' + 'A' * 300}),
          ('identity', {'X-WX-OPENID': VICTIM, 'X-WX-SOURCE': 'wx_client'}),
          ('action', {'Onlogin-Action': 'login', 'ONLOGIN_ACTION': 'health'}))
    def test_without_a_good_token_nobody_is(self, headers):
        for path in ('/api/', '/fastcgi/', '/uwsgi/', '/kept/'):
            self.assert_kept_out(self.nginx.ask('GET', path, headers=headers))

    def test_a_token_that_was_changed_is_none(self):
        token = self.log_in()['token']
        at = len(token) // 2
        for wrong in (token[:-1], token[:at] + ('A' if token[at] != 'A' else 'B') + token[at + 1:]):
            self.assert_kept_out(self.nginx.ask('GET', '/api/', headers={
                'Authorization': 'Bearer ' + keep_private(wrong)}))

    def test_a_logout_ends_it(self):
        user = self.log_in()
        self.assert_let_in(self.nginx.ask('GET', '/api/', headers=self.bearer(user)), user)
        answer = self.nginx.ask('POST', '/onLogin/logout', headers=self.bearer(user))
        self.assertEqual(answer.status, 200, answer)
        self.assert_kept_out(self.nginx.ask('GET', '/api/', headers=self.bearer(user)))

    def test_a_location_for_one_mini_program(self):
        user, other = self.log_in(), self.log_in(OTHER_APP)
        self.assert_let_in(self.nginx.ask('GET', '/other/', headers=self.bearer(other)), other)
        self.assert_kept_out(self.nginx.ask('GET', '/other/', headers=self.bearer(user)))
        self.assert_let_in(self.nginx.ask('GET', '/kept/', headers=self.bearer(user)), user)
        self.assert_let_in(self.nginx.ask('GET', '/kept/', headers=self.bearer(other)), other)

    def test_nobody_asks_the_worker_from_outside(self):
        user = self.log_in()
        answer = self.nginx.ask('GET', '/onlogin-auth', headers=self.bearer(user))
        self.assert_refused(answer, 404, 404, 'never')

    # What the backend learns

    def test_no_header_of_the_client_is_an_identity(self):
        user = self.log_in()
        for headers in ({}, {'X-WX-Skey': user['token']}):
            answer = self.nginx.ask('GET', '/api/', headers={
                **forged(), **headers, **({} if headers else self.bearer(user))})
            told = self.assert_let_in(answer, user)
            self.assertNotIn(VICTIM, json.dumps(told))
            self.assertNotIn(user['token'], json.dumps(told))

    @each(('fastcgi', '/fastcgi/', 'variables'), ('uwsgi', '/uwsgi/', 'told'))
    def test_no_header_of_the_client_is_an_identity_for(self, path, member):
        user = self.log_in()
        for headers in ({'X-WX-Skey': user['token']}, self.bearer(user)):
            answer = self.nginx.ask('GET', path, headers={**forged(), **headers})
            self.assertEqual(answer.status, 200, answer)
            variables = answer.json[member]
            self.assertEqual(variables['HTTP_X_WX_OPENID'], user['openid'])
            self.assertEqual(variables['HTTP_X_WX_APPID'], APP)
            self.assertEqual(variables['HTTP_X_WX_SOURCE'], 'wx_client')
            self.assertNotIn(VICTIM, json.dumps(variables))
            self.assertNotIn(user['token'], json.dumps(variables))

    @each(('proxy', '/api/public/'), ('fastcgi', '/fastcgi/public/'), ('uwsgi', '/uwsgi/public/'))
    def test_locations_without_a_guard_tell_of_nobody(self, path):
        user = self.log_in()
        answer = self.nginx.ask('GET', path, headers={**forged(), **self.bearer(user)})
        self.assertEqual(answer.status, 200, answer)
        text = answer.body.decode().upper().replace('-', '_')
        self.assertNotIn('X_WX_', text)
        self.assertNotIn(VICTIM.upper(), text)
        self.assertNotIn(user['token'].upper().replace('-', '_'), text)

    @each(('basic', 'Basic b25sb2dpbjpvbmxvZ2lu'), ('bearer', 'Bearer of-the-backend'))
    def test_an_authorization_of_the_backend_passes(self, text):
        user = self.log_in()
        headers = {'X-WX-Skey': user['token'], 'Authorization': text}
        answer = self.nginx.ask('GET', '/api/public/', headers=headers)
        self.assertIn(['Authorization', text], answer.json['told'])
        answer = self.nginx.ask('GET', '/fastcgi/public/', headers=headers)
        self.assertEqual(answer.json['variables']['HTTP_AUTHORIZATION'], text)

    @each(*((method, method) for method in ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH',
                                            'OPTIONS')))
    def test_each_method(self, method):
        user = self.log_in()
        body = b'a=1' if method in ('POST', 'PUT', 'PATCH') else None
        answer = self.nginx.ask(method, '/api/x?y=%2F', body, self.bearer(user))
        self.assertEqual(answer.status, 200, answer)
        if method != 'HEAD':
            told = self.assert_let_in(answer, user)
            self.assertEqual((told['method'], told['path'], told['length']),
                             (method, '/api/x?y=%2F', len(body or b'')))
        self.assertEqual(self.nginx.ask(method, '/api/x', body).status, 401)

    @each(('small', 100), ('of_a_photo', 900_000))
    def test_a_body_arrives_whole(self, size):
        user = self.log_in()
        body = bytes(at * 7 % 256 for at in range(1000)) * (size // 1000 + 1)
        for path in ('/api/', '/kept/'):
            told = self.assert_let_in(self.nginx.ask('POST', path, body, self.bearer(user)), user)
            self.assertEqual(told['sha256'], hashlib.sha256(body).hexdigest())
        self.assertEqual(
            self.nginx.ask('POST', '/fastcgi/', body, self.bearer(user)).json['body'], len(body))

    def test_a_large_upload(self):
        user = self.log_in()
        body = b'0123456789abcdef' * (5 << 16)  # 5 MB, more than the server allows elsewhere
        told = self.assert_let_in(self.nginx.ask('PUT', '/kept/', body, self.bearer(user)), user)
        self.assertEqual(told['sha256'], hashlib.sha256(body).hexdigest())
        answer = self.nginx.send_raw(
            b'PUT /kept/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5242880\r\n'
            b'Connection: close\r\n\r\n', last=b'"login"}')
        self.assertRegex(answer, rb'^HTTP/1.1 401 ')  # before the body
        self.assertIn(b'"recover":"login"', answer)

    def test_connections_to_the_backend_are_kept(self):
        user = self.log_in()
        seen = {self.assert_let_in(self.nginx.ask('GET', '/kept/', headers=self.bearer(user)),
                                   user)['connection'] for _ in range(5)}
        self.assertEqual(len(seen), 1)

    def test_one_connection_of_many_users(self):
        users = [self.log_in() for _ in range(3)]
        connection = self.nginx.connect()
        for user in users * 3:
            self.assert_let_in(self.nginx.ask('GET', '/api/', headers=self.bearer(user),
                                              connection=connection), user)
            self.assert_kept_out(self.nginx.ask('GET', '/api/', connection=connection))
        connection.close()

    def test_many_at_once(self):
        users = [self.log_in() for _ in range(4)]

        def visit(user):
            connection = self.nginx.connect()
            for _ in range(25):
                self.assert_let_in(self.nginx.ask('POST', '/kept/', b'x' * 5000,
                                                  self.bearer(user), connection), user)
            connection.close()
        together([lambda user=user: visit(user) for user in users])

    def test_http_2(self):
        user = self.log_in()
        upload = new_directory() / 'upload'
        upload.write_bytes(b'x' * 300_000)

        def curl(*arguments):
            done = subprocess.run(
                ['curl', '-q', '-sS', '--http2', '--noproxy', '*', '--cacert',
                 str(self.nginx.certificate), '--write-out', '\n%{http_version} %{http_code}',
                 '--data-binary', f'@{upload}', *arguments,
                 f'https://localhost:{self.nginx.port}/api/'],
                capture_output=True, text=True, timeout=20)
            return done.stdout.rsplit('\n', 1)
        body, version = curl('-H', 'Authorization: Bearer ' + user['token'],
                             '-H', 'x-wx-openid: ' + VICTIM, '-H', 'x_wx_openid: ' + VICTIM)
        self.assertEqual(version, '2 200')
        told = json.loads(body)
        self.assertEqual(told['length'], 300_000)
        self.assertIn(['X-WX-OPENID', user['openid']], told['told'])
        self.assertNotIn(VICTIM, body)
        body, version = curl('-H', 'x-wx-openid: ' + VICTIM)
        self.assertEqual(version, '2 401')
        self.assertEqual(json.loads(body)['recover'], 'login')

    # What the client learns

    @each(*((str(status), status) for status in (401, 403, 404, 500, 502, 503)))
    def test_errors_of_the_backend_are_its_own(self, status):
        user = self.log_in()
        answer = self.nginx.ask('GET', f'/api/status/{status}', headers=self.bearer(user))
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.json['path'], f'/api/status/{status}')
        if status == 401:
            self.assertEqual(answer.headers['www-authenticate'], 'Basic realm="of the backend"')

    def test_a_backend_that_is_down_is_no_lack_of_a_session(self):
        user = self.log_in()
        self.assertEqual(self.nginx.ask('GET', '/nobody/', headers=self.bearer(user)).status, 502)
        self.assert_kept_out(self.nginx.ask('GET', '/nobody/'))

    def test_no_new_token_before_it_is_time(self):
        user = self.log_in()
        answer = self.nginx.ask('GET', '/api/', headers=self.bearer(user))
        self.assertNotIn('onlogin-token', answer.headers)
        self.assertNotIn('cache-control', answer.headers)
