"""The key by which nginx proves that it is nginx who asks, and who gets what without it."""

import json
import os
import subprocess

import fcgi
from backends import GuardCase, guarded_example, with_sessions
from harness import APP, ROOT, Case, configuration, each, keep_private, new_directory, write_private
from test_config import onlogin

KEY = keep_private('k3y-' + 'x' * 40)
INTERNAL = ('auth', 'access_token', 'sign', 'check_session')


def with_key(config, key=KEY, mode=0o600):
    file = new_directory() / 'internal.key'
    file.write_text(key + '\n')
    file.chmod(mode)
    return {**config, 'internal_key_file': str(file)}


class AtTheSocket(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(with_key(with_sessions([APP])))

    def ask(self, action, **variables):
        return self.worker.ask(fcgi.post('', ONLOGIN_ACTION=action, **variables))

    @each(*((action, action) for action in INTERNAL))
    def test_without_the_key_there_is_no_such_action_as(self, action):
        for variables in ({}, {'ONLOGIN_KEY': ''}, {'ONLOGIN_KEY': KEY[:-1]},
                          {'ONLOGIN_KEY': KEY + 'x'}, {'ONLOGIN_KEY': KEY.upper()},
                          {'HTTP_ONLOGIN_KEY': KEY}):
            answer = self.ask(action, **variables)
            self.assert_refused(answer, 404, 404, 'never')
            self.assertEqual(answer.body, self.ask('no_such_action').body)

    def test_with_it_there_is(self):
        self.assertEqual(self.ask('access_token', ONLOGIN_KEY=KEY).status, 204)
        for action in ('auth', 'sign', 'check_session'):
            self.assert_refused(self.ask(action, ONLOGIN_KEY=KEY), 401, 401, 'login')

    def test_public_actions_take_none(self):
        self.assert_logged_in(self.worker.login())
        self.assertEqual(self.worker.ask(fcgi.get(ONLOGIN_ACTION='health')).status, 200)

    def test_the_log_says_that_somebody_asked(self):
        self.ask('access_token')
        self.worker.await_log('warn internal action refused', 'action=')


class ThroughNginx(GuardCase):
    SESSION = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.worker = cls.start_worker(with_key(with_sessions([APP])))

    def nginx_with(self, key):
        """None: without the file."""
        return self.own_nginx(
            self.worker.socket, edits=guarded_example(self.echo.port),
            more=key and {'snippets/onlogin-key.conf': f'fastcgi_param ONLOGIN_KEY "{key}";\n'})

    def test_nginx_with_the_key_lets_users_in(self):
        nginx = self.nginx_with(KEY)
        user = self.log_in(nginx=nginx)
        self.assert_let_in(nginx.ask('GET', '/api/', headers=self.bearer(user)), user)
        self.assert_kept_out(nginx.ask('GET', '/api/'))

    @each(('none', None), ('another', 'y' * 40))
    def test_nginx_without_it_lets_nobody_in(self, key):
        nginx = self.nginx_with(key)
        user = self.log_in(nginx=nginx)
        self.assert_refused(nginx.ask('GET', '/api/', headers=self.bearer(user)), 503, 503, 'later')


class Configured(Case):
    def assert_bad_config(self, config, *words):
        file = new_directory() / 'onlogin.json'
        write_private(file, json.dumps(config))
        done = onlogin('-t', '-c', file)
        self.assertEqual((done.returncode, done.stdout), (1, ''), done)
        for word in words:
            self.assertIn(word, done.stderr)

    @each(('short', 'x' * 31), ('long', 'x' * 129), ('blank', 'x' * 20 + ' ' + 'x' * 20),
          ('two lines', 'x' * 40 + '\n' + 'y' * 40), ('empty', ''), ('no ASCII', '\u00e4' * 40))
    def test_a_key_that_is_none_is_refused(self, key):
        self.assert_bad_config(with_key(configuration(), key), 'internal_key_file', '--new')

    def test_one_that_others_may_read_is_refused(self):
        self.assert_bad_config(with_key(configuration(), mode=0o640), 'internal_key_file', 'chmod 600')

    def test_one_that_is_missing_is_named_with_what_makes_it(self):
        self.assert_bad_config({**configuration(), 'internal_key_file': 'nowhere.key'},
                               'internal_key_file', 'onlogin-internal-key')


class Script(Case):
    def setUp(self):
        self.directory = new_directory()
        self.environment = {**os.environ, 'ONLOGIN_ETC': str(self.directory / 'onlogin'),
                            'NGINX_ETC': str(self.directory / 'nginx')}
        self.key_file = self.directory / 'onlogin/secrets/internal.key'
        self.for_nginx = self.directory / 'nginx/snippets/onlogin-key.conf'

    def run_it(self, *arguments, status=0):
        done = subprocess.run([ROOT / 'nginx/onlogin-internal-key', *arguments], env=self.environment,
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, status, done)
        return done.stdout

    def key(self):
        key = self.key_file.read_text().rstrip('\n')
        self.assertRegex(key, '^[0-9a-f]{64}$')
        self.assertIn(f'fastcgi_param ONLOGIN_KEY "{key}";\n', self.for_nginx.read_text())
        for file in (self.key_file, self.for_nginx):
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        return key

    def test_it_makes_a_key_for_both_once(self):
        self.assertIn('reloaded', self.run_it())
        key = self.key()
        self.assertEqual(self.run_it(), '')
        self.assertEqual(self.key(), key)

    def test_it_makes_another(self):
        self.run_it()
        key = self.key()
        self.run_it('--new')
        self.assertNotEqual(self.key(), key)

    def test_it_makes_what_is_missing(self):
        self.run_it()
        key = self.key()
        self.for_nginx.unlink()
        self.run_it()
        self.assertEqual(self.key(), key)

    def test_it_takes_no_other_arguments(self):
        self.run_it('--now', status=2)
        self.assertFalse(self.key_file.exists())
