"""Guarded locations in other sites than a fresh one, and with other workers than a good one."""

import signal

from backends import GuardCase, for_all, guarded_example, with_sessions
from harness import PATIENCE, each, keep_private, until
from revocation_stores import RedisStore


class WholeServer(GuardCase):
    @classmethod
    def edits(cls):
        return [*guarded_example(cls.echo.port),
                (r'(?=\n +# Your backend, for users)',
                 '\n    include snippets/onlogin-guard.conf;\n')]

    def test_all_but_the_login_is_guarded(self):
        user = self.log_in()
        self.assert_let_in(self.nginx.ask('GET', '/api/public/', headers=self.bearer(user)), user)
        for path in ('/api/', '/api/public/'):
            self.assert_kept_out(self.nginx.ask('GET', path))
        self.assertEqual(self.nginx.ask('GET', '/onLogin/health').status, 200)


class ExistingSite(GuardCase):
    """The http part of onlogin.conf, and the locations in a server that was there before."""

    SERVER = '''
server {
    listen 443 ssl;
    server_name localhost;
    ssl_certificate     /etc/letsencrypt/live/login.example.com/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/login.example.com/privkey.pem;
    add_header X-Site yes;
    error_page 401 500 502 503 504 =200 /sorry;
    proxy_set_header X-WX-OPENID of-the-site;
    location / { return 200 site; }
    location = /sorry { return 200 sorry; }

    include snippets/onlogin-errors.conf;
    location = /onLogin { include snippets/onlogin-location.conf; }
    location /onLogin/ { include snippets/onlogin-location.conf; }
    location = /onlogin-auth { include snippets/onlogin-auth.conf; }
    location ^~ /api/ {
        include snippets/onlogin-guard.conf;
        add_header X-Site yes;
        include snippets/onlogin-proxy.conf;
        proxy_pass http://127.0.0.1:ECHO;
    }
}
'''

    @classmethod
    def edits(cls):
        server = cls.SERVER.replace('ECHO', str(cls.echo.port))
        return [*for_all('any'), (r'(?s)\nserver \{.*', server)]

    def test_it_is_guarded(self):
        user = self.log_in()
        answer = self.nginx.ask('GET', '/api/', headers=self.bearer(user))
        self.assert_let_in(answer, user)
        self.assertEqual(answer.headers['x-site'], 'yes')
        self.assert_kept_out(self.nginx.ask('GET', '/api/'))
        self.assertEqual(self.nginx.ask('GET', '/').body, b'site')

    def test_nginx_has_nothing_to_say(self):
        self.assert_content(self.nginx)


class OpenToItsOwnAddresses(GuardCase):
    """As a site that wants a password of all but its own network."""

    @classmethod
    def edits(cls):
        return [*guarded_example(cls.echo.port),
                (r'(?=\n +# Your backend, for users)',
                 '\n    satisfy any; allow 127.0.0.0/8; deny all;\n')]

    def test_it_wants_a_session_all_the_same(self):
        user = self.log_in()
        self.assert_let_in(self.nginx.ask('GET', '/api/', headers=self.bearer(user)), user)
        self.assert_kept_out(self.nginx.ask('GET', '/api/'))


class Paths(GuardCase):
    """The guarded example as it ships, with a part of it open to all."""

    @classmethod
    def edits(cls):
        return guarded_example(cls.echo.port)

    @each(*((path, path) for path in ('/api/secret/../public/', '/api/secret/..%2fpublic/',
                                      '/api/secret/%2e%2e/public/')))
    def test_the_backend_is_asked_for_the_path_that_nginx_has_judged(self, path):
        answer = self.nginx.ask('GET', path)
        self.assertEqual((answer.status, answer.json['path']), (200, '/api/public/'), answer)


class WithoutAWorker(GuardCase):
    def assert_unknown(self, answer, message):
        """Neither let in nor told that the session is over."""
        self.assert_refused(answer, 503, 503, 'later')
        self.assertIn(message, answer.json['message'])

    def edits_with_pages(self):
        """The server has a page for everything, with status 200."""
        return [*guarded_example(self.echo.port),
                (r'(?=\n +# Your backend, for users)',
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

    def test_it_cannot_know(self):
        """Whether the session was ended."""
        store = RedisStore()
        self.addCleanup(store.finish)
        worker = self.own_worker(with_sessions(revocations=store.url))
        nginx = self.own_nginx(worker.socket, edits=self.edits_with_pages())
        user = self.log_in(nginx=nginx)
        self.assert_let_in(nginx.ask('GET', '/api/', headers=self.bearer(user)), user)
        store.kill()
        self.assert_unknown(nginx.ask('GET', '/api/', headers=self.bearer(user)),
                            'cannot look sessions up')
        store.start()
        until(lambda: nginx.ask('GET', '/api/', headers=self.bearer(user)).status == 200)

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


class Renewal(GuardCase):
    SESSION = {'lifetime_s': int(8 * PATIENCE)}

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
