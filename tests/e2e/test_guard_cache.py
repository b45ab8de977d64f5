"""The cache of onlogin.conf: what is asked once is known for a while, and to nobody else."""

import pathlib
import time

from backends import GuardCase, cached, guarded_example, with_sessions
from harness import OTHER_APP, PATIENCE, keep_private, until, write_private


class Cache(GuardCase):
    """With the cache of onlogin.conf on, for longer than it comes with."""

    KEPT = 5

    @classmethod
    def edits(cls):
        return [*guarded_example(cls.echo.port), *cached(),
                (r'(?=\n +# Your backend, for users)',
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

    def test_a_refusal_is_never_kept(self):
        """A token is good as soon as its key is there."""
        here, elsewhere = with_sessions(), with_sessions()
        other = self.own_worker(elsewhere)
        nginx = self.own_nginx(other.socket)
        user = self.log_in(nginx=nginx)
        worker = self.own_worker(here)
        nginx = self.own_nginx(worker.socket, edits=self.edits())
        self.assert_kept_out(nginx.ask('GET', '/api/', headers=self.bearer(user)))
        both = [pathlib.Path(config['session']['keys_file']) for config in (here, elsewhere)]
        write_private(both[0], both[0].read_text() + both[1].read_text())
        worker.reload()
        self.assert_let_in(nginx.ask('GET', '/api/', headers=self.bearer(user)), user)

    def test_what_it_delays(self):
        user = self.log_in()
        self.assert_let_in(self.ask(self.bearer(user)), user)
        self.assertEqual(self.nginx.ask('POST', '/onLogin/logout',
                                        headers=self.bearer(user)).status, 200)
        until(lambda: self.ask(self.bearer(user)).status == 401, self.KEPT + 5, 'the end')

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
    SESSION = {'lifetime_s': int(10 * PATIENCE)}

    @classmethod
    def edits(cls):
        return [*guarded_example(cls.echo.port), *cached(), (r'204 1s', '204 60s'),
                (r'inactive=2s', 'inactive=60s')]

    def test_a_new_token_is_never_kept(self):
        user = self.log_in()
        time.sleep(self.SESSION['lifetime_s'] / 2 + 1)
        tokens = []
        for _ in range(2):
            answer = self.nginx.ask('GET', '/api/', headers=self.bearer(user))
            self.assert_let_in(answer, user)
            tokens.append(keep_private(answer.headers['onlogin-token']))
        self.assertNotEqual(*tokens)
