"""`onlogin doctor` looks at the store of ended sessions, and leaves it as it is."""

import hashlib
import json
import os
import shutil
import subprocess

from harness import APP, SECRETS, Case, each, free_port, new_directory, write_private
from revocation_stores import RedisStore, SqliteStore, missing, mount_small, sql
from test_config import onlogin
from test_doctor import visit
from test_session_keys import new_key

NOBODY = 65534


def contents(directory):
    """Names, owners, modes and what is in the files."""
    return {file.name: (file.stat().st_uid, file.stat().st_mode,
                        hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else '')
            for file in directory.iterdir()}


class StoreCase(Case):
    def setUp(self):
        if reason := missing('redis-server'):
            self.skipTest(reason)
        self.home = new_directory()
        write_private(self.home / 'session.keys', new_key())

    def configure(self, store):
        write_private(self.home / 'onlogin.json', json.dumps({
            'apps': [{'appid': APP, 'secret': SECRETS[APP]}],
            'wechat': {'url': f'http://127.0.0.1:{free_port()}'},  # not what this is about
            'session': {'keys_file': 'session.keys', 'revocations': store}}))

    def findings(self, store):
        self.configure(store)
        found = [one for one in visit(self.home / 'onlogin.json') if one.check == 'store']
        self.assertEqual(len(found), 1, found)
        return found[0]

    def assert_found(self, store, verdict, *words):
        finding = self.findings(store)
        self.assertEqual(finding.verdict, verdict, finding)
        for word in words:
            self.assertIn(word, f'{finding.text}\n{finding.mend}')
        self.assertEqual(verdict == 'ok', not finding.mend, finding)
        return finding


class Sqlite(StoreCase):
    def setUp(self):
        super().setUp()
        self.place = SqliteStore()

    def revoke(self):
        self.configure(self.place.url)
        done = onlogin('revoke', '-c', self.home / 'onlogin.json', '--all')
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    @each(('new', False), ('used', True))
    def test_all_is_well(self, used):
        if used:
            self.revoke()
        before = contents(self.place.directory)
        self.assert_found(self.place.url, 'ok', self.place.url, 'left')
        self.assertEqual(contents(self.place.directory), before)

    @each(('directory', lambda place: shutil.rmtree(place.directory), 'no directory', 'install -d'),
          ('text', lambda place: place.file.write_text('x' * 5000), 'not a database', 'move it away'),
          ('other', lambda place: sql(place.file, 'CREATE TABLE x (y)'), 'another program', 'name'),
          ('folder', lambda place: place.file.mkdir(), 'Is a directory', 'name a file'),
          ('open', lambda place: place.directory.chmod(0o777), 'all of this host', 'chmod 700'))
    def test_a_fault_and_what_mends_it(self, spoil, *words):
        spoil(self.place)
        before = contents(self.place.directory.parent)
        self.assert_found(self.place.url, 'bad', *words)
        self.assertEqual(contents(self.place.directory.parent), before)

    def test_a_directory_of_somebody_else(self):
        self.look_inside()
        self.place.directory.parent.chmod(0o755)
        self.revoke()
        os.chown(self.place.directory, NOBODY, NOBODY)
        self.assert_found(self.place.url, 'bad', f'cannot be written by user {NOBODY}', 'chown')

    def test_it_looks_as_the_owner_and_leaves_nothing(self):
        self.look_inside()
        self.place.directory.parent.chmod(0o755)
        os.chown(self.place.directory, NOBODY, NOBODY)
        self.revoke()
        before = contents(self.place.directory)
        self.assert_found(self.place.url, 'ok', 'owner nobody')
        self.assertEqual(contents(self.place.directory), before)

    def test_a_full_disk(self):
        if not mount_small(self.place.directory, '1m'):
            self.skipTest('no mounts here')
        self.addCleanup(subprocess.run, ['umount', '--lazy', self.place.directory], check=True)
        self.place.directory.chmod(0o700)
        self.revoke()
        self.assert_found(self.place.url, 'warn', 'make room')
        try:
            with (self.place.directory / 'filler').open('wb', buffering=0) as file:
                while True:
                    file.write(b'x' * 4096)
        except OSError:
            pass
        self.assert_found(self.place.url, 'bad', 'the disk is full', 'make room')

    def test_without_sessions_there_is_nothing_to_look_at(self):
        self.configure('sqlite:/nowhere/x.db')
        file = self.home / 'onlogin.json'
        write_private(file, file.read_text().replace('"session.keys"', '""'))
        self.assertEqual([one for one in visit(file) if one.check == 'store'], [])

    def test_no_store_is_warned_of(self):
        self.assert_found('off', 'warn', 'nobody can log out')


class Redis(StoreCase):
    def redis(self, *options):
        store = RedisStore(*options)
        self.addCleanup(store.finish)
        return store

    @each(('tcp', 'tcp'), ('password', 'password'), ('tls', 'tls'), ('unix', 'unix'),
          ('user', 'user'))
    def test_all_is_well(self, kind):
        store = self.redis(kind)
        self.assert_found(store.url, 'ok', 'may be written')
        if kind != 'tls':
            self.assertEqual(store.command('DBSIZE') if kind != 'user' else '0', '0')

    @each(('refused', lambda store: store.kill(), 'Connection refused', 'start it'),
          ('replica', lambda store: store.command('REPLICAOF', '127.0.0.1', 1), 'replica', 'master'),
          ('full', lambda store: store.command('CONFIG', 'SET', 'maxmemory', 1), 'OOM', 'raise its'),
          ('disk', lambda store: (
              store.command('CONFIG', 'SET', 'min-replicas-to-write', 1)), 'NOREPLICAS',
           'min-replicas-to-write'))
    def test_a_fault_and_what_mends_it(self, spoil, *words):
        store = self.redis()
        spoil(store)
        self.assert_found(store.url, 'bad', *words)

    def test_a_wrong_password(self):
        store = self.redis('password')
        finding = self.assert_found(f'redis://:hidden@127.0.0.1:{store.port}', 'bad', 'WRONGPASS',
                                    'password')
        self.assertNotIn('hidden', str(finding))

    @each(('evicts', 'allkeys-lru', 'yes', 'maxmemory-policy noeviction'),
          ('forgets', 'noeviction', 'no', 'appendonly yes'))
    def test_what_may_forget(self, policy, append_only, expected):
        store = self.redis('tcp', '--maxmemory-policy', policy, '--appendonly', append_only)
        self.assert_found(store.url, 'warn', expected)
