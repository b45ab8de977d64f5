"""onlogin revoke: an operator ends sessions."""

import json
import os
import pathlib
import re
import subprocess

from harness import APP, ONLOGIN, SECRETS, Case, each, new_directory, write_private
from revocation_stores import DRIVER, Asker, RedisStore, SqliteStore, missing, no_driver, now

NOBODY = 65534


class Revoke(Case):
    def setUp(self):
        if reason := no_driver() or missing('redis-server'):
            self.skipTest(reason)
        self.directory = new_directory()
        self.config = self.directory / 'onlogin.json'

    def configure(self, store):
        write_private(self.config, json.dumps({
            'apps': [{'appid': APP, 'secret': SECRETS[APP]}], 'session': {'revocations': store}}))

    def revoke(self, *words):
        # Who has changed its user may not look for leaks in itself.
        environment = dict(os.environ, ASAN_OPTIONS='detect_leaks=0')
        return subprocess.run([ONLOGIN, 'revoke', '-c', self.config, *words], env=environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)

    def asker(self, store, **more):
        asker = Asker(store.url, **more)
        self.addCleanup(asker.finish)
        self.assertEqual(asker.first, 'ready')
        return asker

    @each(('sqlite', SqliteStore), ('redis', RedisStore), ('tls', lambda: RedisStore('tls')))
    def test_it_ends_and_says_what(self, make):
        store = make()
        self.addCleanup(store.finish)
        self.configure(store.url)
        asker = self.asker(store)
        table = [(['--openid', 'o1', '--appid', APP], f'user o1 of mini program {APP}',
                  ('o1', APP), ('o1', 'wx9')),
                 (['--openid', 'o2'], 'user o2', ('o2', 'wx9'), ('o3', 'wx9')),
                 (['--appid', APP], f'mini program {APP}', ('o4', APP), ('o4', 'wx9')),
                 (['--all'], None, ('o5', 'wx9'), None)]
        for words, what, gone, stays in table:
            began = now()
            self.assertEqual(asker.ended('t', *gone, began), 'no')
            done = self.revoke(*words)
            later = now()
            time = r'20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ'
            expected = 'ended all sessions' + (f' of {what}' if what else '')
            done.stderr = re.sub('^onlogin: no such user is known: .*\n', '', done.stderr)
            self.assertRegex(done.stdout, f'^{re.escape(expected)} that began until {time}\n$')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertEqual(asker.ended('t', *gone, began), 'yes')
            self.assertEqual(asker.ended('t', *gone, later), 'no')
            if stays:
                self.assertEqual(asker.ended('t', *stays, began), 'no')

    @each(('short', ['--openid', 'TYPO'], True), ('of_one', ['--openid', 'o1', '--appid', APP], True),
          ('usual', ['--openid', 'oGZUI0egBJY1zhBYw2KhdUfwVJJE'], False), ('all', ['--all'], False),
          ('wrong_letter', ['--openid', 'xGZUI0egBJY1zhBYw2KhdUfwVJJE'], True))
    def test_an_openid_that_is_none_is_named(self, words, doubted):
        store = SqliteStore()
        self.configure(store.url)
        done = self.revoke(*words)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, '^ended all sessions')
        expected = f'^onlogin: no such user is known: .*{words[1]} is none.*\n$' if doubted else '^$'
        self.assertRegex(done.stderr, expected)

    def test_root_is_given_up_for_good(self):
        self.look_inside()
        store = SqliteStore()
        self.configure(store.url)
        store.directory.parent.chmod(0o755)
        os.chown(store.directory, NOBODY, NOBODY)
        trace = new_directory() / 'trace'
        try:
            done = subprocess.run(
                ['strace', '-f', '-y', '-o', trace, '-e', 'trace=%creds,openat', ONLOGIN, 'revoke',
                 '-c', self.config, '--all'], capture_output=True, text=True, timeout=60,
                env=dict(os.environ, ASAN_OPTIONS='detect_leaks=0'))
        except FileNotFoundError:
            self.skipTest('no strace here')
        self.assertEqual(done.returncode, 0, done.stderr)
        calls = trace.read_text()
        before = calls[:calls.index(str(store.file))]
        self.assertIn(f'setgroups(1, [{NOBODY}])', before)
        self.assertIn(f'setresgid({NOBODY}, {NOBODY}, {NOBODY})', before)
        self.assertIn(f'setresuid({NOBODY}, {NOBODY}, {NOBODY})', before)
        self.assertRegex(before, r'setuid\(0\) += -1 EPERM')

    @each(('nobody', []), ('too_many', ['--all', '--openid', 'o']),
          ('all_of_an_app', ['--all', '--appid', APP]), ('empty', ['--openid', '', '--appid', APP]),
          ('two_words', ['--openid', 'o p']), ('unknown', ['--user', 'o']))
    def test_wrong_usage_ends_nothing(self, words):
        store = SqliteStore()
        self.configure(store.url)
        done = self.revoke(*words)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn('usage: ', done.stderr)
        self.assertFalse(store.file.exists())

    @each(('app', lambda store: store.url, ['--appid', 'wx9'],
           f'--appid wx9 is not configured: there is {APP}'),
          ('off', lambda store: 'off', ['--all'], 'session.revocations is "off"'),
          ('directory', lambda store: 'sqlite:/nowhere/x.db', ['--all'], 'no directory /nowhere'),
          ('redis', lambda store: 'redis://:hidden@127.0.0.1:1', ['--all'], 'Connection refused'),
          ('value', lambda store: 'redis:/x', ['--all'], 'session.revocations: must be'))
    def test_a_failure_is_one_line(self, url, words, expected):
        self.configure(url(SqliteStore()))
        done = self.revoke(*words)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertRegex(done.stderr, '^onlogin: .*\n$')
        self.assertIn(expected, done.stderr)
        self.assertNotIn('hidden', done.stderr)

    @each(('before_the_worker', False), ('beside_the_worker', True))
    def test_root_leaves_no_file_that_the_worker_cannot_write(self, worker_first):
        self.look_inside()
        store = SqliteStore()
        self.configure(store.url)
        store.directory.parent.chmod(0o755)
        os.chown(store.directory, NOBODY, NOBODY)
        for program in (ONLOGIN, DRIVER):
            pathlib.Path(program).parent.chmod(0o755)
        as_nobody = ['setpriv', '--reuid', str(NOBODY), '--regid', str(NOBODY), '--clear-groups']
        worker = None
        if worker_first:
            worker = self.asker(store, before=as_nobody)
            self.assertEqual(worker.end('t'), 'done')
        began = now()
        done = self.revoke('--openid', 'o')
        self.assertEqual(done.returncode, 0, done.stderr)
        worker = worker or self.asker(store, before=as_nobody)
        self.assertEqual(worker.ended('t1', 'o', APP, began), 'yes')
        self.assertEqual(worker.end('t2'), 'done')
        for file in store.directory.iterdir():
            self.assertEqual((file.stat().st_uid, file.stat().st_mode & 0o777), (NOBODY, 0o600))

    def test_a_link_leads_root_nowhere(self):
        self.look_inside()
        store = SqliteStore()
        self.configure(store.url)
        store.directory.parent.chmod(0o755)
        os.chown(store.directory, NOBODY, NOBODY)
        target = new_directory() / 'precious'
        subprocess.run(['sqlite3', target, 'PRAGMA user_version=0; VACUUM'], check=True)
        target.chmod(0o600)
        before = target.read_bytes()
        target.parent.chmod(0o755)
        store.file.symlink_to(target)
        os.chown(store.file, NOBODY, NOBODY, follow_symlinks=False)
        done = self.revoke('--all')
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f'cannot be written by user {NOBODY}', done.stderr)
        self.assertEqual(target.read_bytes(), before)
        self.assertEqual(sorted(file.name for file in target.parent.iterdir()), ['precious'])

    def test_a_password_in_an_open_configuration_is_refused(self):
        self.configure('redis://:hidden@127.0.0.1:1')
        self.config.write_text(self.config.read_text().replace(
            f'"secret": "{SECRETS[APP]}"', '"secret_file": "app.secret"'))
        write_private(self.directory / 'app.secret', SECRETS[APP])
        self.config.chmod(0o644)
        done = self.revoke('--all')
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'chmod 600 {self.config}', done.stderr)
        self.assertNotIn('hidden', done.stderr)
