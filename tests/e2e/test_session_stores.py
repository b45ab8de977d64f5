"""Sessions and the store of those that have ended: shared, asked by operators, lost, found again."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import fcgi
from harness import (APP, ONLOGIN, OTHER_APP, PATIENCE, ROOT, SANITIZER, check_no_leak, each,
                     keep_private, magic, until, write_private)
from revocation_stores import RedisStore, missing, sql
from session_users import OPENID, SessionCase, auth, bearer, logout
from test_config import onlogin

OLD_TABLE = ('CREATE TABLE ended (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, '
             'until INTEGER NOT NULL, forget INTEGER NOT NULL); PRAGMA user_version=1; '
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) "
             "INSERT INTO ended (key, until, forget) SELECT 'token:' || i, i, i FROM n")

OTHER_OPENID = 'oGZUI0egBJY1zhBYw2KhdUfwVJJF'


class SharedStore(SessionCase):
    """Two workers with one store."""

    def setUp(self):
        if reason := missing('redis-server'):
            self.skipTest(reason)
        self.new_home()

    def start(self, kind):
        url = 'sqlite:revocations.db'
        if kind != 'sqlite':
            self.store = RedisStore(kind)
            self.addCleanup(self.store.finish)
            url = self.store.url
        self.first = self.own_worker(self.with_sessions(revocations=url), directory=self.home)
        self.second = self.second_worker(revocations=url)

    def revoke(self, *words):
        done = onlogin('revoke', '-c', self.home / 'onlogin.json', *words)
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    @each(('sqlite', 'sqlite'), ('redis', 'tcp'), ('password', 'password'), ('tls', 'tls'))
    def test_a_logout_counts_everywhere(self, kind):
        self.start(kind)
        token, other = self.user(self.first), self.user(self.second)
        self.assert_is_user(auth(self.second, token))
        self.assertEqual(logout(self.first, token).status, 200)
        self.assert_no_session(auth(self.second, token))
        self.assert_no_session(auth(self.first, token))
        self.assert_is_user(auth(self.first, other))

    @each(('sqlite', 'sqlite'), ('redis', 'tcp'))
    def test_operators_end_sessions(self, kind):
        self.start(kind)
        table = (
            (['--openid', OPENID, '--appid', APP], [(OPENID, APP)]),
            (['--openid', OPENID], [(OPENID, APP), (OPENID, OTHER_APP)]),
            (['--appid', APP], [(OPENID, APP), (OTHER_OPENID, APP)]),
            (['--all'], [(OPENID, APP), (OPENID, OTHER_APP), (OTHER_OPENID, APP),
                         (OTHER_OPENID, OTHER_APP)]))
        users = table[-1][1]
        for words, gone in table:
            tokens = {user: self.user(self.first, magic('openid-' + user[0]), user[1])
                      for user in users}
            self.revoke(*words)
            for user, token in tokens.items():
                for worker in (self.first, self.second):
                    if user in gone:
                        self.assert_no_session(auth(worker, token))
                    else:
                        self.assert_is_user(auth(worker, token), *user)
            fresh = self.user(self.second, magic('openid-' + OPENID))
            self.assert_is_user(auth(self.first, fresh), OPENID)

    def test_a_renewed_token_ends_with_the_session_it_renews(self):
        self.start('sqlite')
        old = self.forged(iat=-6000, auth_time=-9000, exp=1200)
        fresh = self.assert_is_user(auth(self.first, old), OPENID)
        self.revoke('--openid', OPENID)
        for token in (old, fresh):
            self.assert_no_session(auth(self.second, token))


class LostStore(SessionCase):
    def setUp(self):
        if reason := missing('redis-server'):
            self.skipTest(reason)
        self.new_home()

    def assert_lost(self, worker, token):
        """Also once it is known, and for a token that would be renewed."""
        due = self.forged(iat=-6000, exp=1200)
        for candidate in (token, due, token):
            self.assert_unknown(auth(worker, candidate))
        self.assert_unknown(logout(worker, token))
        self.assert_no_session(auth(worker, token[:-1]))  # this needs no store
        self.assert_unharmed_login(worker)
        worker.await_log('auth', 'status=503', 'store unreachable')

    def assert_unharmed_login(self, worker):
        self.assertTrue(worker.process.alive(), worker.log()[-2000:])
        return self.user(worker)

    def assert_found(self, worker, token, ended):
        until(lambda: auth(worker, token).status == 204, 15, 'the store')
        self.assert_is_user(auth(worker, token))
        self.assert_no_session(auth(worker, ended))
        self.assertEqual(logout(worker, token).status, 200)
        self.assert_no_session(auth(worker, token))

    def test_nobody_is_let_in_while_redis_is_away(self):
        store = RedisStore()
        self.addCleanup(store.finish)
        worker = self.own_worker(self.with_sessions(revocations=store.url), directory=self.home)
        token, ended = self.user(worker), self.user(worker)
        self.assertEqual(logout(worker, ended).status, 200)
        store.kill()
        self.assert_lost(worker, token)
        store.start()
        self.assert_found(worker, token, ended)

    def test_nobody_is_let_in_while_redis_hangs(self):
        store = RedisStore()
        self.addCleanup(store.finish)
        worker = self.own_worker(self.with_sessions(revocations=store.url), directory=self.home)
        token = self.user(worker)
        self.assert_is_user(auth(worker, token))
        store.process.signal(19)  # SIGSTOP
        answer = auth(worker, token)
        self.assert_unknown(answer)
        self.assertLess(answer.seconds, 3 * PATIENCE)
        store.process.signal(18)
        until(lambda: auth(worker, token).status == 204, 15, 'the store')

    def test_a_start_does_not_wait_for_redis(self):
        store = RedisStore()
        self.addCleanup(store.finish)
        store.kill()
        worker = self.own_worker(self.with_sessions(revocations=store.url), directory=self.home)
        token = self.user(worker)
        self.assert_lost(worker, token)
        store.start()
        until(lambda: auth(worker, token).status == 204, 15, 'the store')

    # What happens to the file, and what brings it back.
    @each(('overwritten', lambda file: file.write_bytes(b'no database' * 1000)),
          ('emptied', lambda file: file.write_bytes(b'')),
          ('moved', lambda file: file.rename(file.with_suffix('.old'))),
          ('a_directory', lambda file: (file.unlink(), file.mkdir())))
    def test_nobody_who_was_logged_out_comes_in_by_a_broken_file(self, spoil):
        worker = self.own_worker(self.with_sessions(), directory=self.home)
        file = self.home / 'revocations.db'
        token, ended = self.user(worker), self.user(worker)
        self.assertEqual(logout(worker, ended).status, 200)
        spoil(file)
        for _ in range(3):
            self.assertIn(auth(worker, ended).status, (401, 503))
            self.assertIn(auth(worker, token).status, (204, 503))
            time.sleep(0.1)
        self.assert_unharmed_login(worker)
        for leftover in self.home.glob('revocations.db*'):
            if leftover.is_dir():
                leftover.rmdir()
            else:
                leftover.unlink()
        self.assert_found(worker, token, ended)

    def test_an_older_copy_beside_a_running_worker(self):
        worker = self.own_worker(self.with_sessions(), directory=self.home)
        second = self.second_worker()
        file, old = self.home / 'revocations.db', self.home / 'old.db'
        before, early, late, other = (self.user(worker) for _ in range(4))
        self.assertEqual(logout(worker, before).status, 200)
        sql(file, f".backup '{old}'")
        self.assertEqual(logout(worker, early).status, 200)
        sql(file, f".restore '{old}'")
        self.assertEqual(logout(worker, late).status, 200)
        for token in (before, early, late):
            for one in (worker, second):
                until(lambda one=one, token=token: auth(one, token).status == 401, 2, 'the others')
        self.assert_is_user(auth(second, other))
        sql(file, f".restore '{old}'")
        done = onlogin('revoke', '-c', self.home / 'onlogin.json', '--all')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        for one in (worker, second):
            self.assert_no_session(auth(one, other))
        worker.await_log('revocations lost', 'put_back=')

    def test_a_broken_file_is_503(self):
        worker = self.own_worker(self.with_sessions(), directory=self.home)
        token = self.user(worker)
        self.assert_is_user(auth(worker, token))
        file = self.home / 'revocations.db'
        for part in self.home.glob('revocations.db*'):
            part.unlink()
        file.write_bytes(b'no database' * 1000)
        file.chmod(0o600)
        until(lambda: auth(worker, token).status == 503, 10, 'what is wrong')
        self.assert_lost(worker, token)
        file.unlink()
        until(lambda: auth(worker, token).status == 204, 15, 'the store')

    @each(('directory', lambda home: 'sqlite:nowhere/x.db', r'no directory .*nowhere'),
          ('file', lambda home: (home / 'x.db').write_text('x' * 5000) and 'sqlite:x.db', 'x.db'),
          ('word', lambda home: 'sqlit:x.db', r'onlogin\.json:\d+: session\.revocations: '))
    def test_a_store_that_an_operator_must_mend_stops_the_start(self, make, reason):
        config = self.with_sessions(revocations=make(self.home))
        worker = self.own_worker(config, directory=self.home, wait=False)
        self.assertNotEqual(worker.wait(20), 0)
        self.assertEqual(len(worker.log().splitlines()), 1, worker.log())
        self.assertRegex(worker.log(), r'^onlogin: .*' + reason)

    @each(('directory', lambda home: None, 'no directory'),
          ('no_directory', lambda home: home.touch(), 'no directory'),
          ('text', lambda home: (home.mkdir(), (home / 'x.db').write_text('x' * 5000)), 'not a da'),
          ('damaged', lambda home: (home.mkdir(), sql(home / 'x.db', OLD_TABLE),
                                    os.truncate(home / 'x.db', 8192)), 'malformed'),
          ('other', lambda home: (home.mkdir(), sql(home / 'x.db', 'CREATE TABLE x (y)')),
           'another program'),
          ('folder', lambda home: (home / 'x.db').mkdir(parents=True), 'Is a directory'))
    def test_what_a_start_refuses_the_check_refuses(self, spoil, reason):
        place = self.home / 'state'
        spoil(place)
        before = sorted(place.glob('*'))
        config = self.with_sessions(revocations=f'sqlite:{place}/x.db')
        worker = self.own_worker(config, directory=self.home, wait=False)
        self.assertNotEqual(worker.wait(20), 0)
        self.assertIn(reason, worker.log())
        done = onlogin('-t', '-c', self.home / 'onlogin.json')
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, '', worker.log()))
        self.assertEqual(sorted(place.glob('*')), before)

    @each(('file', lambda place: (os.chown(place, 65534, 65534), (place / 'x.db').touch())),
          ('directory', lambda place: ((place / 'x.db').touch(), place.chmod(0o555),
                                       os.chown(place / 'x.db', 65534, 65534))))
    def test_the_check_of_root_looks_as_the_owner_would(self, spoil):
        if os.geteuid() != 0:
            self.skipTest('this is about root')
        self.home.parent.chmod(0o755)
        self.home.chmod(0o755)
        place = self.home / 'state'
        place.mkdir()
        spoil(place)
        write_private(self.home / 'onlogin.json',
                      json.dumps(self.with_sessions(revocations='sqlite:state/x.db')))
        done = onlogin('-t', '-c', self.home / 'onlogin.json')
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('cannot be written by user 65534', done.stderr)

    def test_the_check_touches_nothing(self):
        place = self.home / 'state'
        place.mkdir()
        write_private(self.home / 'onlogin.json',
                      json.dumps(self.with_sessions(revocations='sqlite:state/x.db')))
        for expected in ([], ['x.db']):
            done = onlogin('-t', '-c', self.home / 'onlogin.json')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertEqual([file.name for file in place.iterdir()], expected)
            onlogin('revoke', '-c', self.home / 'onlogin.json', '--all')

    @each(('ca', 'rediss://h?ca_file=none'), ('own', 'rediss://h?cert_file=none&key_file=none'))
    def test_the_check_reads_the_files_for_tls(self, url):
        write_private(self.home / 'onlogin.json', json.dumps(self.with_sessions(revocations=url)))
        done = onlogin('-t', '-c', self.home / 'onlogin.json')
        self.assertEqual(done.returncode, 1)
        self.assertIn('none', done.stderr)

    def test_without_keys_the_store_does_not_matter(self):
        worker = self.own_worker(self.with_sessions(keys_file='', revocations='sqlite:no/x.db'),
                                 directory=self.home)
        self.assert_logged_in(worker.login(ONLOGIN_APPID=APP))
        worker.configure(self.with_sessions(revocations='sqlite:no/x.db'))
        line = worker.reload()
        self.assertIn(' error ', line)
        self.assertIn('no directory', line)
        self.assert_logged_in(worker.login(ONLOGIN_APPID=APP))

    def test_without_a_store_nobody_can_log_out(self):
        worker = self.own_worker(self.with_sessions(revocations='off'), directory=self.home)
        token = self.user(worker)
        self.assert_unknown(logout(worker, token))
        self.assert_is_user(auth(worker, token))


class Cgi(SessionCase):
    """Each request is a process of its own: what ends a session must reach the next one."""

    def setUp(self):
        if reason := missing('redis-server'):
            self.skipTest(reason)
        self.new_home()

    def run_it(self, *before, **variables):
        environment = {'PATH': os.environ['PATH'], 'GATEWAY_INTERFACE': 'CGI/1.1',
                       'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/onLogin', 'QUERY_STRING': '',
                       'ONLOGIN_CONFIG': str(self.home / 'onlogin.json'), **variables}
        environment.update((name, value) for name, value in os.environ.items()
                           if name.endswith('SAN_OPTIONS'))
        done = subprocess.run([*before, ONLOGIN], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=20 * PATIENCE)
        log = done.stderr.decode()
        self.assertEqual(done.returncode, 0, log)
        self.assertIsNone(SANITIZER.search(log), log)
        check_no_leak("the program's log", log)
        return fcgi.Answer.from_cgi(done.stdout)

    @each(*((name, name) for name in ('apache-cgid', 'apache-fcgid', 'lighttpd-cgi',
                                      'lighttpd-spawned', 'nginx-fcgiwrap')))
    def test_the_default_store_by_the_command_of_each_hosting_file(self, name):
        if os.geteuid() != 0:
            self.skipTest('the command wants root')
        text = (ROOT / f'nginx/hosting/{name}.conf').read_text()
        command, = re.findall('^#     (install -d .*/var/lib/onlogin)$', text, re.MULTILINE)
        self.home.parent.chmod(0o755)
        self.home.chmod(0o755)
        place = str(self.home / 'lib')
        subprocess.run(command.replace('/var/lib/onlogin', place), shell=True, check=True)
        config = self.home / 'onlogin.json'
        values = self.with_sessions(revocations=f'sqlite:{place}/revocations.db')
        write_private(config, json.dumps(values))
        for file in (values['wechat']['ca_file'], ONLOGIN):
            pathlib.Path(file).parent.chmod(0o755)
        for file in (config, self.home / 'session.keys'):
            shutil.chown(file, 'www-data')
        done = onlogin('-t', '-c', config)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        user = ('setpriv', '--reuid', 'www-data', '--regid', 'www-data', '--clear-groups')
        answer = self.run_it(*user, QUERY_STRING='code=' + magic(), ONLOGIN_APPID=APP)
        self.assert_logged_in(answer)
        token = keep_private(answer.json['data']['token'])
        ended = self.run_it(*user, REQUEST_METHOD='POST', PATH_INFO='/logout', HTTP_X_WX_SKEY=token)
        self.assertEqual(ended.status, 200, ended)
        self.assert_no_session(self.run_it(*user, ONLOGIN_ACTION='auth', **bearer(token)))

    @each(('sqlite', 'sqlite'), ('redis', 'redis'))
    def test_sessions_begin_count_and_end(self, kind):
        url = 'sqlite:revocations.db'
        if kind == 'redis':
            store = RedisStore()
            self.addCleanup(store.finish)
            url = store.url
        write_private(self.home / 'onlogin.json',
                      json.dumps(self.with_sessions(revocations=url)))
        answer = self.run_it(QUERY_STRING='code=' + magic(), ONLOGIN_APPID=APP)
        self.assert_logged_in(answer)
        token = keep_private(answer.json['data']['token'])
        self.assert_is_user(self.run_it(ONLOGIN_ACTION='auth', **bearer(token)))
        self.assert_no_session(self.run_it(ONLOGIN_ACTION='auth', **bearer(token[:-1])))
        ended = self.run_it(REQUEST_METHOD='POST', PATH_INFO='/logout', HTTP_X_WX_SKEY=token)
        self.assertEqual(ended.status, 200, ended)
        self.assert_no_session(self.run_it(ONLOGIN_ACTION='auth', **bearer(token)))
        if kind == 'redis':
            store.kill()
            self.assert_unknown(self.run_it(ONLOGIN_ACTION='auth', **bearer(token)))
