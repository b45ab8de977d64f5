"""Guarded locations: nginx lets in whom the worker knows, and tells the backend who it is."""

import hashlib
import itertools
import json
import signal
import subprocess
import time

from backends import (ECHO, EXAMPLES, SHOW_ENVIRONMENT, add_to_server, cached, guarded_example,
                      over_fastcgi, over_http, over_uwsgi, with_sessions)
from harness import (APP, OTHER_APP, Case, each, keep_private, new_directory, together, until,
                     wechat)

VICTIM = 'oVICTIM0000000000000000000000'

# What a backend may be told of an identity, in WeChat's cloud hosting or by an old client.
NAMES = ('OPENID', 'APPID', 'UNIONID', 'SOURCE', 'FROM-OPENID', 'FROM-APPID', 'FROM-UNIONID', 'ENV',
         'SERVICE', 'CALL-ID', 'LOCAL-DEBUG', 'CLOUDBASE-ACCESS-TOKEN',
         'FROM-CLOUDBASE-ACCESS-TOKEN', 'CODE', 'ENCRYPTED-DATA', 'IV', 'ID')


def spellings(name):
    """X-WX-OPENID, X-WX_OPENID, X_WX-OPENID, …: one variable for CGI."""
    first, *rest = f'X-WX-{name}'.split('-')
    for marks in itertools.product('-_', repeat=len(rest)):
        yield first + ''.join(mark + part for mark, part in zip(marks, rest))


def forged():
    """Each header in each spelling, all in one request."""
    return {spelling: VICTIM for name in NAMES for spelling in spellings(name)}


LOCATIONS = '''
    underscores_in_headers on;
    large_client_header_buffers 8 32k;
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


class GuardCase(Case):
    SESSION = {}
    EDITS = ()

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(with_sessions([APP, OTHER_APP], **cls.SESSION))
        cls.echo = cls.start_backend(over_http(ECHO))
        cls.nginx = cls.start_nginx(cls.worker.socket, edits=cls.edits(), limits=False)

    @classmethod
    def start_backend(cls, backend):
        cls.addClassCleanup(backend.finish)
        return backend

    @classmethod
    def edits(cls):
        return guarded_example(cls.echo.port)

    def log_in(self, app=APP, nginx=None):
        """The data of a login."""
        answer = (nginx or self.nginx).ask(
            'GET', f'/onLogin?appid={app}&code=' + wechat().code(app))
        self.assertEqual(answer.status, 200, answer)
        keep_private(answer.json['data']['token'])
        return answer.json['data']

    @staticmethod
    def bearer(user, **more):
        return {'Authorization': 'Bearer ' + user['token'], **more}

    def assert_let_in(self, answer, user):
        """Returns what the backend was told."""
        self.assertEqual(answer.status, 200, answer)
        told = answer.json
        headers = [value for name, value in told['told'] if name.upper() == 'X-WX-OPENID']
        self.assertEqual(headers, [user['openid']], told)
        return told

    def assert_kept_out(self, answer):
        self.assert_refused(answer, 401, 401, 'login')


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
                (r'(?=\n +# Who sent a request, for guarded)', locations)]

    def test_nginx_has_nothing_to_say_about_its_configuration(self):
        done = subprocess.run(['nginx', '-t', '-q', '-e', 'stderr', '-p', self.nginx.directory,
                               '-c', self.nginx.directory / 'nginx.conf'],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ''))

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
            b'Connection: close\r\n\r\n')
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


class WithoutAWorker(GuardCase):
    def assert_unknown(self, answer, message):
        """Neither let in nor told that the session is over."""
        self.assert_refused(answer, 503, 503, 'later')
        self.assertIn(message, answer.json['message'])

    def edits_with_pages(self):
        """The server has a page for everything, with status 200."""
        return [*guarded_example(self.echo.port),
                (r'(?=\n +# Who sent a request, for guarded)',
                 '\n    error_page 401 500 502 503 504 =200 /sorry;\n'
                 '    location = /sorry { return 200 sorry; }\n')]

    def test_it_has_ended(self):
        worker = self.own_worker(with_sessions())
        nginx = self.own_nginx(worker.socket, edits=self.edits_with_pages())
        user = self.log_in(nginx=nginx)
        self.assert_let_in(nginx.ask('GET', '/api/', headers=self.bearer(user)), user)
        worker.stop()
        self.assert_unknown(nginx.ask('GET', '/api/', headers=self.bearer(user)),
                            'cannot be reached')
        self.assert_unknown(nginx.ask('POST', '/api/', b'x' * 5000), 'cannot be reached')

    def test_it_hangs(self):
        worker = self.own_worker(with_sessions())
        nginx = self.own_nginx(worker.socket, edits=[
            *self.edits_with_pages(), ('fastcgi_read_timeout 5s', 'fastcgi_read_timeout 1s')])
        user = self.log_in(nginx=nginx)
        worker.process.signal(signal.SIGSTOP)
        try:
            self.assert_unknown(nginx.ask('GET', '/api/', headers=self.bearer(user)),
                                'did not answer')
        finally:
            worker.process.signal(signal.SIGCONT)
        until(lambda: nginx.ask('GET', '/api/', headers=self.bearer(user)).status == 200)


class WholeServer(GuardCase):
    @classmethod
    def edits(cls):
        return [*guarded_example(cls.echo.port),
                (r'(?=\n +# Who sent a request, for guarded)',
                 '\n    include snippets/onlogin-guard.conf;\n')]

    def test_all_but_the_login_is_guarded(self):
        user = self.log_in()
        self.assert_let_in(self.nginx.ask('GET', '/api/public/', headers=self.bearer(user)), user)
        for path in ('/api/', '/api/public/'):
            self.assert_kept_out(self.nginx.ask('GET', path))
        self.assertEqual(self.nginx.ask('GET', '/onLogin/health').status, 200)


class Renewal(GuardCase):
    SESSION = {'lifetime_s': 12}

    def test_a_new_token_comes_with_every_answer_past_half_the_life(self):
        user = self.log_in()
        answer = until(lambda: (a := self.nginx.ask('GET', '/api/', headers=self.bearer(user)))
                       and 'onlogin-token' in a.headers and a, 12, 'a new token')
        self.assert_let_in(answer, user)
        self.assertEqual(answer.headers['cache-control'], 'no-store')
        fresh = {**user, 'token': keep_private(answer.headers['onlogin-token'])}
        self.assertNotEqual(fresh['token'], user['token'])
        answer = self.nginx.ask('GET', '/api/status/500', headers=self.bearer(user))
        self.assertIn('onlogin-token', answer.headers)  # with errors too
        keep_private(answer.headers['onlogin-token'])
        answer = self.nginx.ask('GET', '/api/', headers=self.bearer(fresh))
        self.assert_let_in(answer, user)
        self.assertNotIn('onlogin-token', answer.headers)
        until(lambda: self.nginx.ask('GET', '/api/', headers=self.bearer(user)).status == 401, 20,
              'the end of the old one')


class Cache(GuardCase):
    """With the cache of onlogin.conf on, for longer than it comes with."""

    KEPT = 5

    @classmethod
    def edits(cls):
        return [*guarded_example(cls.echo.port), *cached(),
                (r'(?=\n +# Who sent a request, for guarded)',
                 f'\n    location ^~ /other/ {{ set $onlogin_appid {OTHER_APP};'
                 ' include snippets/onlogin-guard.conf; include snippets/onlogin-proxy.conf;'
                 f' proxy_pass http://127.0.0.1:{cls.echo.port}; }}\n'),
                (r'204 1s', f'204 {cls.KEPT}s'), (r'inactive=2s', 'inactive=60s')]

    def ask(self, headers, path='/api/'):
        return self.nginx.ask('GET', path, headers=headers)

    def test_an_answer_is_for_its_token_alone(self):
        first, second = self.log_in(), self.log_in()
        for user in (first, second, first, second):
            self.assert_let_in(self.ask(self.bearer(user)), user)
            self.assert_let_in(self.ask({'X-WX-Skey': user['token']}), user)
        self.assert_kept_out(self.ask({}))
        self.assert_kept_out(self.ask({'Authorization': 'Bearer ' + first['token'][:-1]}))
        self.assert_kept_out(self.ask({'Authorization': 'Bearer', 'X-WX-Skey': 'x'}))

    def test_an_answer_is_for_its_mini_program_alone(self):
        user = self.log_in()
        for _ in range(2):
            self.assert_let_in(self.ask(self.bearer(user)), user)
            self.assert_kept_out(self.ask(self.bearer(user), '/other/'))

    def test_what_it_delays(self):
        user = self.log_in()
        self.assert_let_in(self.ask(self.bearer(user)), user)
        began = time.monotonic()
        self.assertEqual(self.nginx.ask('POST', '/onLogin/logout',
                                        headers=self.bearer(user)).status, 200)
        self.ask(self.bearer(user))  # may still be let in
        until(lambda: self.ask(self.bearer(user)).status == 401, self.KEPT + 5, 'the end')
        self.assertLess(time.monotonic() - began, (self.KEPT + 2) * 1.5 + 5)

    def test_the_worker_is_not_asked_again(self):
        worker = self.own_worker(with_sessions())
        nginx = self.own_nginx(worker.socket, edits=[
            *guarded_example(self.echo.port), *cached(), (r'204 1s', '204 60s'),
            (r'inactive=2s', 'inactive=60s')])
        user = self.log_in(nginx=nginx)
        self.assert_let_in(nginx.ask('GET', '/api/', headers=self.bearer(user)), user)
        worker.stop()
        for method in ('GET', 'POST'):
            self.assert_let_in(nginx.ask(method, '/api/', headers=self.bearer(user)), user)
        self.assertEqual(nginx.ask('GET', '/api/').status, 503)


class CacheAndRenewal(GuardCase):
    SESSION = {'lifetime_s': 8}

    @classmethod
    def edits(cls):
        return [*guarded_example(cls.echo.port), *cached(), (r'204 1s', '204 60s'),
                (r'inactive=2s', 'inactive=60s')]

    def test_a_new_token_is_never_kept(self):
        user = self.log_in()
        time.sleep(4.5)
        tokens = []
        for _ in range(2):
            answer = self.nginx.ask('GET', '/api/', headers=self.bearer(user))
            self.assert_let_in(answer, user)
            tokens.append(keep_private(answer.headers['onlogin-token']))
        self.assertNotEqual(*tokens)


class Examples(GuardCase):
    """The backends of nginx/examples behind nginx, as their comments say."""

    def greet(self, location):
        nginx = self.own_nginx(self.worker.socket, edits=add_to_server(
            'location ^~ /api/ { include snippets/onlogin-guard.conf; ' + location + ' }'))
        user = self.log_in(nginx=nginx)
        answer = nginx.ask('POST', '/api/hello', b'{"a":1}',
                           self.bearer(user, **{'X-WX-OPENID': VICTIM}))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json['data']['greeting'], 'Hello, ' + user['openid'])
        self.assert_kept_out(nginx.ask('GET', '/api/hello'))
        return nginx, user

    def own_backend(self, backend):
        self.addCleanup(backend.finish)
        return backend

    def proxied(self, *command):
        backend = self.own_backend(over_http(*command))
        return 'include snippets/onlogin-proxy.conf; ' \
            f'proxy_pass http://127.0.0.1:{backend.port};'

    def test_node(self):
        self.greet(self.proxied('node', EXAMPLES / 'backend.js'))

    def test_php(self):
        backend = self.own_backend(over_fastcgi('php-cgi'))
        self.greet('include snippets/onlogin-fastcgi.conf; include /etc/nginx/fastcgi_params; '
                   f'fastcgi_param SCRIPT_FILENAME {EXAMPLES}/backend.php; '
                   f'fastcgi_pass unix:{backend.path};')

    def test_python(self):
        self.check_accounts(*self.greet(self.proxied('python3', EXAMPLES / 'backend.py')))

    def test_python_with_uwsgi(self):
        backend = self.own_backend(over_uwsgi(EXAMPLES / 'backend.py'))
        self.check_accounts(*self.greet(
            'include snippets/onlogin-uwsgi.conf; include /etc/nginx/uwsgi_params; '
            f'uwsgi_pass unix:{backend.path};'))

    def check_accounts(self, nginx, user):
        """The first visit has been."""
        other = self.log_in(nginx=nginx)
        visits = [nginx.ask('GET', '/api/', headers=self.bearer(who)).json['data']
                  for who in (user, other, user)]
        self.assertEqual([visit['visits'] for visit in visits], [2, 1, 3])
        self.assertEqual(visits[0]['account'], visits[2]['account'])
        self.assertNotEqual(visits[0]['account'], visits[1]['account'])
