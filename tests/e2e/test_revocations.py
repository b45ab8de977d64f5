"""What has been ended stays ended: in every store, on every worker, whatever happens to the store."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from harness import PATIENCE, Case, each, free_port, new_directory, until
from revocation_stores import (DAY, DRIVER, Asker, RedisStore, Relay, SqliteStore, WrongClock,
                               missing, mount_small, no_driver, now, sql)

STORES = {'sqlite': SqliteStore,
          **{f'redis_{kind}': lambda kind=kind: RedisStore(kind)
             for kind in ('tcp', 'unix', 'database', 'password', 'user', 'tls')}}


class StoreCase(Case):
    def setUp(self):
        if reason := no_driver() or missing('redis-server'):
            self.skipTest(reason)

    def store(self, make):
        store = make()
        self.addCleanup(store.finish)
        return store

    def asker(self, store, *options, **more):
        asker = Asker(store if isinstance(store, str) else store.url, *options, **more)
        self.addCleanup(asker.finish)
        self.assertEqual(asker.first, 'ready')
        return asker

    def assert_unreachable(self, answer, *words):
        self.assertTrue(answer.startswith('unreachable '), answer)
        for word in words:
            self.assertIn(word, answer)


class Contract(StoreCase):
    """Holds for each store."""

    lasts = 30

    @each(*STORES.items())
    def test_it_ends_what_it_should_and_nothing_else(self, make):
        store = self.store(make)
        one, other = self.asker(store), self.asker(store)
        began = now() - 1000
        self.assertEqual(one.ended('t1', 'o1', 'wx1', began), 'no')

        self.assertEqual(one.end('t1'), 'done')
        for asker in (one, other):
            self.assertEqual(asker.ended('t1', 'o1', 'wx1', began), 'yes')
            self.assertEqual(asker.ended('t2', 'o1', 'wx1', began), 'no')

        moment = now()
        self.assertEqual(other.end_all('o2', 'wx1', moment), 'done')
        self.assertEqual(one.end_all('o3', '-', moment), 'done')
        self.assertEqual(one.end_all('-', 'wx2', moment), 'done')
        table = [('o2', 'wx1', 'yes'), ('o2', 'wx3', 'no'), ('o3', 'wx1', 'yes'),
                 ('o3', 'wx3', 'yes'), ('o1', 'wx2', 'yes'), ('o1', 'wx1', 'no')]
        for asker in (one, other):
            for openid, appid, expected in table:
                self.assertEqual(asker.ended('t', openid, appid, moment), expected)
                self.assertEqual(asker.ended('t', openid, appid, moment - 86_400_000), expected)
                self.assertEqual(asker.ended('t', openid, appid, moment + 1), 'no')

        self.assertEqual(one.end_all(moment=moment + 5), 'done')
        for asker in (one, other, self.asker(store)):
            self.assertEqual(asker.ended('t', 'o9', 'wx9', moment + 5), 'yes')
            self.assertEqual(asker.ended('t', 'o9', 'wx9', moment + 6), 'no')

    @each(*STORES.items())
    def test_an_earlier_moment_does_not_take_back_a_later_one(self, make):
        store = self.store(make)
        one, other = self.asker(store), self.asker(store)
        moment = now()
        self.assertEqual(one.end_all('o', '-', moment, DAY), 'done')
        self.assertEqual(other.end_all('o', '-', moment - 5000, 60), 'done')
        self.assertEqual(one.ended('t', 'o', 'wx1', moment), 'yes')
        self.assertEqual(self.asker(store).ended('t', 'o', 'wx1', moment), 'yes')

    @each(*STORES.items())
    def test_names_do_not_run_together(self, make):
        asker = self.asker(self.store(make))
        moment = now()
        self.assertEqual(asker.end_all('a:b', '-', moment), 'done')
        self.assertEqual(asker.end_all('c', 'wx1', moment), 'done')
        self.assertEqual(asker.end('o5'), 'done')
        for openid, appid in (('b', 'a'), ('a', 'b'), ('wx1:c', 'wx2'), ('o5', 'wx1')):
            self.assertEqual(asker.ended('t', openid, appid, moment), 'no')

    @each(*STORES.items())
    def test_many_ask_at_once(self, make):
        asker = self.asker(self.store(make))
        float(asker.ask('repeat', 2000, 100))
        asked = [asker.send('end', f't{i}', now() + 3_600_000) for i in range(200)]
        self.assertEqual({asker.answer(name) for name in asked}, {'done'})
        asked = [asker.send('ended', f't{i}', 'o', 'wx1', now()) for i in range(400)]
        answers = [asker.answer(name) for name in asked]
        self.assertEqual(answers, ['yes'] * 200 + ['no'] * 200)

    @each(*STORES.items())
    def test_what_was_acknowledged_survives_a_crash(self, make):
        store = self.store(make)
        asker = Asker(store.url)
        for i in range(20):
            self.assertEqual(asker.end(f't{i}'), 'done')
        asker.process.popen.kill()
        asker.process.wait(10 * PATIENCE)
        if isinstance(store, RedisStore):
            store.kill()
            store.start()
        later = self.asker(store)
        for i in range(20):
            self.assertEqual(later.ended(f't{i}'), 'yes')


def every_part(file):
    return list(file.parent.glob(file.name + '*'))


class Sqlite(StoreCase):
    def setUp(self):
        super().setUp()
        self.place = self.store(SqliteStore)

    def test_processes_write_at_the_same_time(self):
        askers = [self.asker(self.place) for _ in range(4)]
        asked = [(asker, asker.send('end', f'{i}-{n}', now() + 3_600_000))
                 for n in range(50) for i, asker in enumerate(askers)]
        self.assertEqual({asker.answer(name, 30) for asker, name in asked}, {'done'})
        for asker in askers:
            for i in range(4):
                self.assertEqual(asker.ended(f'{i}-49'), 'yes')

    def test_an_unchanged_file_costs_two_system_calls(self):
        trace = new_directory() / 'trace'
        asker = Asker(self.place.url, before=['strace', '-f', '-o', trace])
        if asker.first != 'ready':
            self.skipTest('no strace here')
        self.assertEqual(asker.end('t'), 'done')
        float(asker.ask('repeat', 10, 1))
        begin = len(trace.read_text().splitlines())
        float(asker.ask('repeat', 1000, 1))
        asker.finish()
        calls = re.findall(r'^\d+ +(\w+)\(', '\n'.join(trace.read_text().splitlines()[begin:]),
                           re.MULTILINE)
        stats = sum('stat' in call for call in calls)
        self.assertGreaterEqual(stats, 2000)
        self.assertLess(stats, 2020)
        for call in ('pread64', 'fcntl', 'openat', 'write', 'fsync', 'fdatasync'):
            self.assertLess(calls.count(call), 20, call)

    def test_expired_rows_go_away(self):
        asker = self.asker(self.place)
        for i in range(5):  # expires a moment before the two minutes of grace
            self.assertEqual(asker.end(f't{i}', now() - 119_800), 'done')
        until(lambda: asker.end(f'x{now()}') == 'done' and self.rows() <= 20 and
              not self.rows("key LIKE 'token:t%'"), 10, 'the end of the rows')

    def rows(self, condition='true'):
        done = subprocess.run(['sqlite3', '-readonly', self.place.file,
                               f'SELECT count(*) FROM ended WHERE {condition}'],
                              capture_output=True, text=True, check=True)
        return int(done.stdout)

    def test_files_are_for_the_owner_alone(self):
        self.asker(self.place).end('t')
        for file in self.place.directory.iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)

    @each(('all', '*'), ('database', 'revocations.db'), ('index', 'revocations.db-shm'),
          ('log', 'revocations.db-wal'), ('index_and_log', 'revocations.db-*'))
    def test_deleted_files_take_nothing_back(self, pattern):
        one, other = self.asker(self.place), self.asker(self.place)
        self.assertEqual(one.end('t1'), 'done')
        self.assertEqual(other.ended('t1'), 'yes')
        for file in self.place.directory.glob(pattern):
            file.unlink()
        for i in range(2):
            for asker in (one, other):
                self.assertNotEqual(asker.ended('t1'), 'no')
        # As soon as it can be written again, all see what any ends.
        until(lambda: one.end('t2') == 'done', 10, 'the new file')
        for asker in (one, other):
            until(lambda: asker.ended('t2') == 'yes', 10, 'what the other has ended')
            self.assertEqual(asker.ended('t1'), 'yes')

    # As operators and their scripts do it, beside running workers.
    @each(('restored', lambda file, old: sql(file, f".restore '{old}'")),
          ('copied_over', lambda file, old: shutil.copyfile(old, file)),
          ('renamed_over', lambda file, old: os.rename(shutil.copyfile(old, f'{old}.x'), file)),
          ('moved_and_copied', lambda file, old: (file.rename(f'{file}.away'),
                                                  shutil.copyfile(old, file))),
          ('all_exchanged', lambda file, old: ([part.unlink() for part in every_part(file)],
                                               shutil.copyfile(old, file))),
          ('rows_deleted', lambda file, old: sql(file, 'DELETE FROM ended')),
          ('rows_and_numbers_deleted', lambda file, old: sql(
              file, 'DELETE FROM ended; DELETE FROM sqlite_sequence')),
          ('table_dropped', lambda file, old: sql(file, 'DROP TABLE ended; DROP TABLE age')),
          ('truncated', lambda file, old: os.truncate(file, 0)))
    def test_a_file_that_goes_back_takes_nothing_back(self, go_back):
        for in_the_log in (True, False):
            with self.subTest(in_the_log=in_the_log):
                self.place = self.store(SqliteStore)
                self.check_going_back(go_back, in_the_log)

    def check_going_back(self, go_back, in_the_log):
        one, other = self.asker(self.place), self.asker(self.place)
        old = self.place.directory.parent / 'old.db'
        self.assertEqual(one.end('before'), 'done')
        sql(self.place.file, f".backup '{old}'")
        for i in range(30):
            self.assertEqual(one.end(f't{i}'), 'done')
        self.assertEqual(other.ended('t29'), 'yes')
        if not in_the_log:
            sql(self.place.file, 'PRAGMA wal_checkpoint(TRUNCATE)')
        go_back(self.place.file, old)
        moment = now()
        until(lambda: Asker(self.place.url, 'at-once').once('end_all', 'o2', '-', moment, DAY) ==
              'done', 10, 'a store that is written')
        until(lambda: one.end('after') == 'done', 10, 'a store that is written')
        for asker in (other, one, self.asker(self.place)):
            until(lambda asker=asker: asker.ended('t29') == 'yes', 5, 'what had ended')
            for token in ('before', 't0', 't28', 'after'):
                self.assertEqual(asker.ended(token), 'yes', token)
            self.assertEqual(asker.ended('t', 'o2', 'wx1', moment), 'yes')
            self.assertEqual(asker.ended('t', 'o2', 'wx1', moment + 1), 'no')
            self.assertEqual(asker.ended('t', 'o3'), 'no')
        log = one.log() + other.log()
        if not in_the_log:
            self.assertRegex(log, 'revocations lost.*put_back=.*advice=')

    def test_it_is_put_back_while_nobody_asks(self):
        asker = self.asker(self.place)
        old = self.place.directory.parent / 'old.db'
        sql(self.place.file, f".backup '{old}'")
        self.assertEqual(asker.end('t'), 'done')
        sql(self.place.file, f".restore '{old}'")
        until(lambda: 'revocations lost' in asker.log(), 5, 'that it has gone back')
        self.assertEqual(self.asker(self.place).ended('t'), 'yes')

    def test_others_write_without_being_taken_for_a_loss(self):
        one, other = self.asker(self.place), self.asker(self.place)
        for i in range(400):  # some checkpoints
            self.assertEqual(one.end(f'{i}-' + 'x' * 900), 'done')
            if i % 100 == 0:
                self.assertEqual(other.ended(f'{i}-' + 'x' * 900), 'yes')
        self.assertEqual(self.asker(self.place, 'at-once').end('t'), 'done')
        for asker in (one, other):
            self.assertEqual(asker.ended('t'), 'yes')
            self.assertNotIn('revocations lost', asker.log())

    # Of the first release.
    def test_an_older_file_is_taken_over(self):
        file = self.place.file
        sql(file, 'PRAGMA journal_mode=WAL; CREATE TABLE ended (seq INTEGER PRIMARY KEY '
            'AUTOINCREMENT, key TEXT NOT NULL, until INTEGER NOT NULL, forget INTEGER NOT NULL); '
            'CREATE INDEX ended_forget ON ended (forget); PRAGMA user_version=1; '
            f"INSERT INTO ended (key, until, forget) VALUES ('token:t', 253402300799999, {now()})")
        asker = self.asker(self.place)
        self.assertEqual(asker.ended('t'), 'yes')
        # And an older worker goes on beside it.
        sql(file, "INSERT INTO ended (key, until, forget) "
            "VALUES ('token:t2', 253402300799999, 1)")
        self.assertEqual(asker.end('t3'), 'done')
        for one in (asker, self.asker(self.place)):
            self.assertEqual([one.ended(token) for token in ('t', 't2', 't3', 't4')],
                             ['yes', 'yes', 'yes', 'no'])

    @each(('ahead', 3), ('far_ahead', 24 * 400), ('behind', -3), ('at_the_epoch', None))
    def test_a_wrong_clock_takes_nothing_back(self, hours):
        clock = WrongClock()
        one = self.asker(self.place)
        self.assertEqual(one.end('t1', now() + 5_000, 7200), 'done')
        offset = -now() // 1000 + 1000 if hours is None else hours * 3600
        clock.set(offset)
        asker = self.asker(self.place, before=clock.before)
        self.assertEqual(asker.ended('t1'), 'yes')
        there = now() + offset * 1000
        self.assertEqual(asker.end('t2', there + 7_200_000, 7200), 'done')
        for i in range(5):
            self.assertEqual(asker.end(f'x{i}', there + 7_200_000, 7200), 'done')
        clock.set(0)
        for again in (asker, one, self.asker(self.place)):
            self.assertEqual(again.end(f'y{id(again)}', now() + 7_200_000, 7200), 'done')
        for again in (asker, one, self.asker(self.place)):
            for token in ('t1', 't2', 'x4'):
                self.assertEqual(again.ended(token), 'yes')

    def test_rows_go_when_they_have_stayed_long_enough(self):
        asker = self.asker(self.place)
        self.assertEqual(asker.end('t1', now() - 200_000, 7200), 'done')
        self.assertEqual(asker.end('t2', now() + 7_200_000, 7200), 'done')
        # The host runs for three hours, and the clock says that one of them is over.
        for _ in range(3):
            sql(self.place.file, 'UPDATE age SET running_time = 0, ms = ms + 3600000')
        self.assertEqual(asker.end('t3'), 'done')
        self.assertEqual((self.rows("key = 'token:t1'"), self.rows("key = 'token:t2'")), (0, 1))
        self.assertEqual(asker.ended('t2'), 'yes')

    def test_a_directory_that_goes_and_comes_back(self):
        asker = self.asker(self.place)
        self.assertEqual(asker.end('t'), 'done')
        away = self.place.directory.with_name('away')
        self.place.directory.rename(away)
        self.assert_unreachable(asker.ended('t'), 'there is no directory')
        self.assert_unreachable(asker.ended('another'))
        away.rename(self.place.directory)
        until(lambda: asker.ended('t') == 'yes', 10, 'the directory')
        self.assertEqual(asker.ended('another'), 'no')
        self.assertIn('revocations unreachable', asker.log())
        self.assertIn('revocations back', asker.log())

    @each(('garbage', b'no database at all\n' * 500), ('empty', b''))
    def test_a_file_that_is_overwritten_lets_nobody_in(self, content):
        one = self.asker(self.place)
        self.assertEqual(one.end('t'), 'done')
        one.finish()
        self.doCleanups()
        one = self.asker(self.place)
        self.place.file.write_bytes(content)
        self.assertNotEqual(one.ended('t'), 'no')
        other = Asker(self.place.url)
        self.addCleanup(other.finish)
        if content:
            self.assertRegex(other.first, '^refused .*(move it away|malformed)')
        self.assertNotEqual(one.end('t3'), 'no')
        # Mended: a new file, into which a process that still knows puts what was there.
        for file in self.place.directory.iterdir():
            file.unlink()
        until(lambda: one.ended('t') == 'yes', 10, 'the new file')
        self.assertEqual(self.asker(self.place).ended('t'), 'yes')

    def test_a_locked_file_answers_and_writes_end_in_time(self):
        asker = self.asker(self.place)
        self.assertEqual(asker.end('t'), 'done')
        holder = subprocess.Popen(['sqlite3', self.place.file], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.stdin.close)
        holder.stdin.write(b"BEGIN IMMEDIATE; SELECT 'held';\n")
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline(), b'held\n')
        began = time.monotonic()
        writing = asker.send('end', 't2', now() + 3_600_000)
        self.assertEqual(asker.ended('t'), 'yes')  # meanwhile
        self.assertLess(time.monotonic() - began, 0.8 * PATIENCE)
        self.assert_unreachable(asker.answer(writing), 'locked')
        self.assertLess(time.monotonic() - began, 3 * PATIENCE)
        holder.stdin.write(b'ROLLBACK;\n')
        holder.stdin.flush()
        until(lambda: asker.end('t2') == 'done', 10, 'the lock')

    def test_a_full_disk(self):
        if not mount_small(self.place.directory, '256k'):
            self.skipTest('no mounts here')
        self.addCleanup(subprocess.run, ['umount', '--lazy', self.place.directory], check=True)
        asker = self.asker(self.place)
        self.assertEqual(asker.end('t'), 'done')
        filler = self.place.directory / 'filler'
        with filler.open('wb', buffering=0) as file:
            try:
                while True:
                    file.write(b'x' * 4096)
            except OSError:
                pass
        answers = [asker.end(f'{i}-' + 'x' * 900) for i in range(20)]
        self.assert_unreachable(answers[-1], 'make room')
        self.assertEqual(asker.ended('t'), 'yes')
        filler.unlink()
        until(lambda: asker.end('t2') == 'done', 10, 'room')
        self.assertEqual(asker.ended('t2'), 'yes')

    @each(('no_directory', lambda file: file.parent.rmdir(), 'there is no directory .*: make it'),
          ('a_directory', lambda file: file.mkdir(), 'unable to open|cannot be written|Is a dir'),
          ('damaged', lambda file: file.write_bytes(b'x' * 5000), 'move it away'),
          ('of_another_program', lambda file: subprocess.run(
              ['sqlite3', file, 'CREATE TABLE others (a)'], check=True), 'another program'))
    def test_what_cannot_be_used_is_refused_at_the_start(self, spoil, expected):
        spoil(self.place.file)
        asker = Asker(self.place.url)
        self.assertRegex(asker.first, '^refused .*(' + expected + ')')
        asker.finish()

    @each(('directory', lambda place: place.directory.chmod(0o555)),
          ('file', lambda place: (place.file.touch(), os.chown(place.file, 65534, 65534),
                                  os.chown(place.directory, 65534, 65534),
                                  place.file.chmod(0o400))))
    def test_what_cannot_be_written_is_refused_at_the_start(self, spoil):
        self.look_inside()
        self.place.directory.parent.chmod(0o755)
        pathlib.Path(DRIVER).parent.chmod(0o755)
        self.place.directory.chmod(0o755)
        spoil(self.place)
        asker = Asker(self.place.url, before=['setpriv', '--reuid', '65534', '--clear-groups'])
        self.assertRegex(asker.first, '^refused .*(cannot be written by|cannot make)')
        asker.finish()


class Redis(StoreCase):
    def test_rows_expire(self):
        store = self.store(RedisStore)
        asker = self.asker(store)
        asker.end('t', now() + 10_000)
        asker.end_all('o', '-', now(), 30)
        for key, seconds in (('token:t', 10), ('user:o', 30)):
            left = int(store.command('PTTL', f'onlogin:ended:{key}'))
            self.assertTrue(seconds * 1000 < left <= (seconds + 120) * 1000, left)

    @each(*((kind, kind) for kind in ('tcp', 'tls', 'unix')))
    def test_a_server_that_dies_and_comes_back(self, kind):
        store = self.store(lambda: RedisStore(kind))
        asker = self.asker(store)
        self.assertEqual(asker.end('t'), 'done')
        store.kill()
        began = time.monotonic()
        self.assert_unreachable(asker.ended('t'))
        self.assert_unreachable(asker.ended('another'))
        self.assert_unreachable(asker.end('t2'))
        self.assertLess(time.monotonic() - began, 3 * PATIENCE)
        store.start()
        until(lambda: asker.ended('t') == 'yes', 10, 'the connection')
        self.assertEqual(asker.ended('another'), 'no')

    @each(('tcp', 'tcp'), ('tls', 'tls'))
    def test_a_frozen_server(self, kind):
        store = self.store(lambda: RedisStore(kind))
        asker = self.asker(store)
        self.assertEqual(asker.end('t'), 'done')
        store.process.signal(signal.SIGSTOP)
        began = time.monotonic()
        asked = [asker.send('ended', 't', 'o', 'wx1', now()) for _ in range(50)]
        for name in asked:
            self.assert_unreachable(asker.answer(name))
        self.assertLess(time.monotonic() - began, 2 * PATIENCE)
        time.sleep(1.2)
        began = time.monotonic()
        self.assert_unreachable(asker.ended('t'))
        self.assertLess(time.monotonic() - began, 2 * PATIENCE)
        store.process.signal(signal.SIGCONT)
        until(lambda: asker.ended('t') == 'yes', 10, 'the connection')

    def test_a_server_that_closes_idle_connections_goes_unnoticed(self):
        store = self.store(RedisStore)
        asker = self.asker(store)
        for times in range(3):
            self.assertEqual(asker.ended('t'), 'no')
            store.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
            until(lambda: asker.log().count('disconnected') > times, 10, 'the end of the connection')
            self.assertEqual(asker.ended('t'), 'no')

    def test_no_server_at_the_start(self):
        store = self.store(RedisStore)
        store.kill()
        asker = self.asker(store)
        self.assert_unreachable(asker.ended('t'), f'redis://127.0.0.1:{store.port}')
        store.start()
        until(lambda: asker.ended('t') == 'no', 10, 'the connection')

    def test_a_wrong_password_is_named_and_not_shown(self):
        store = self.store(lambda: RedisStore('password'))
        wrong = self.asker(re.sub(':[^:@]*@', ':wrongpassword@', store.url))
        answer = wrong.ended('t')
        self.assert_unreachable(answer, 'WRONGPASS')
        self.assertNotIn('wrongpassword', answer + wrong.log())
        none = self.asker(re.sub('[^/]*@', '', store.url))
        self.assert_unreachable(none.ended('t'), 'NOAUTH', 'session.revocations')

    def test_a_certificate_of_somebody_else_is_refused(self):
        store = self.store(lambda: RedisStore('tls'))
        for url in (store.url.split('?')[0], store.url.replace('localhost', '127.0.0.1')):
            self.assert_unreachable(self.asker(url).ended('t'), 'certificate')
        refused = Asker(store.url + 'x')
        self.assertIn('ca_file must hold', refused.first)
        refused.finish()

    def test_a_replica_is_refused(self):
        store = self.store(RedisStore)
        store.command('REPLICAOF', '127.0.0.1', store.port)
        self.assert_unreachable(self.asker(store).ended('t'), 'replica')

    def test_a_server_that_may_forget_is_warned_of(self):
        asker = self.asker(self.store(lambda: RedisStore(
            'tcp', '--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru')))
        self.assertEqual(asker.ended('t'), 'no')
        self.assertIn('noeviction', asker.log())
        self.assertIn('appendonly yes', asker.log())

    def relay(self, port, delay=0):
        relay = Relay(port, delay)
        self.addCleanup(relay.finish)
        return relay

    # By which means the worker looks: each server lets it do less than the one before.
    @each(('info', ()), ('role', ('--rename-command', 'INFO', '')),
          ('writing', ('--rename-command', 'INFO', '', '--rename-command', 'ROLE', '')),
          ('user', None))
    def test_a_master_that_is_made_a_replica_is_left(self, options):
        first = self.store(lambda: RedisStore('tcp', *options) if options is not None
                           else RedisStore('user'))
        second = self.store(RedisStore)
        relay = self.relay(first.port)
        asker = self.asker(first.url.replace(str(first.port), str(relay.own_port)))
        self.assertEqual(asker.ended('t'), 'no')
        # The link to the new master breaks at once, so what it had is all that it knows.
        first.command('REPLICAOF', '127.0.0.1', free_port())
        self.assertEqual(self.asker(second).end('t'), 'done')
        until(lambda: asker.ended('t').startswith('unreachable '), 2, 'that it is a replica')
        self.assert_unreachable(asker.ended('t'), 'replica')
        self.assert_unreachable(asker.end('t2'), 'replica')
        self.assertIn('replica', asker.log())
        if options is None:
            first.command('REPLICAOF', 'NO', 'ONE')
            until(lambda: asker.ended('t') == 'no', 10, 'its return')
        else:
            relay.port = second.port
            until(lambda: asker.ended('t') == 'yes', 10, 'the new master')
        self.assertEqual(asker.end('t2'), 'done')
        self.assertIn('revocations back', asker.log())

    def test_a_replica_that_can_be_written_is_left_too(self):
        store = self.store(RedisStore)
        asker = self.asker(store)
        self.assertEqual(asker.ended('t'), 'no')
        store.command('CONFIG', 'SET', 'replica-read-only', 'no')
        store.command('REPLICAOF', '127.0.0.1', free_port())
        self.assert_unreachable(asker.end('t'), 'replica')

    @each(('emptied', lambda store: store.command('FLUSHALL')),
          ('deleted', lambda store: store.command('EVAL', "for _, key in ipairs(redis.call('KEYS', "
                                                  "'*')) do redis.call('DEL', key) end", 0)),
          ('exchanged', lambda store: store.command('SWAPDB', 0, 1)),
          ('restarted_empty', lambda store: (store.kill(), shutil.rmtree(
              store.directory / 'appendonlydir'), store.start())),
          ('gone_back', lambda store: store.command('MSET', 'onlogin:ended:store', store.mark)
           and store.command('DEL', 'onlogin:ended:token:t2')))
    def test_what_a_redis_loses_is_put_back(self, lose):
        store = self.store(RedisStore)
        one, other = self.asker(store), self.asker(store)
        self.assertEqual(one.end('t1', longest=DAY), 'done')
        store.mark = store.command('GET', 'onlogin:ended:store')
        self.assertEqual(one.end('t2', longest=DAY), 'done')
        moment = now()
        self.assertEqual(one.end_all('o2', '-', moment), 'done')
        self.assertEqual(other.ended('t1'), 'yes')
        self.assertEqual(other.ended('t2', 'o2', 'wx1', moment), 'yes')
        lose(store)
        until(lambda: 'revocations lost' in one.log(), 5, 'that it has lost them')
        self.assertRegex(one.log(), 'revocations lost.*advice=.*revoke --all')
        until(lambda: one.ended('t1') == 'yes', 5, 'the connection')
        later = self.asker(store)
        for asker in (one, other, later):
            until(lambda asker=asker: asker.ended('t2') == 'yes', 5, 'what had ended')
            self.assertEqual(asker.ended('t1'), 'yes')
            self.assertEqual(asker.ended('t', 'o2', 'wx1', moment), 'yes')
            self.assertEqual(asker.ended('t'), 'no')
        for key in ('token:t1', 'token:t2', 'user:o2'):
            self.assertGreater(int(store.command('PTTL', f'onlogin:ended:{key}')), 1000 * (DAY - 60))

    def test_what_is_evicted_stays_ended(self):
        store = self.store(lambda: RedisStore('tcp', '--maxmemory', '3mb', '--maxmemory-policy',
                                              'allkeys-lru', '--appendonly', 'no'))
        asker = self.asker(store)
        for i in range(20):
            self.assertEqual(asker.end(f't{i}'), 'done')
        with socket.create_connection(('127.0.0.1', store.port)) as other:
            for i in range(5000):
                other.sendall(f'SET x{i} {"x" * 999}\r\n'.encode())
                self.assertEqual(other.recv(5), b'+OK\r\n')
        there = store.command('EXISTS', *(f'onlogin:ended:token:t{i}' for i in range(20)))
        self.assertLess(int(there), 20)
        for i in range(20):
            self.assertEqual(asker.ended(f't{i}'), 'yes')
        until(lambda: 'revocations lost' in asker.log(), 5, 'that they are gone')
        self.assertIn('noeviction', asker.log())

    def test_a_setting_that_becomes_unsafe_is_warned_of(self):
        store = self.store(RedisStore)
        asker = self.asker(store)
        self.assertEqual(asker.ended('t'), 'no')
        store.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru')
        until(lambda: 'maxmemory-policy volatile-lru' in asker.log(), 15, 'the warning')

    @each(('ahead', 3 * 3600), ('behind', -3 * 3600))
    def test_a_wrong_clock_makes_no_key_expire_early(self, offset):
        store = self.store(RedisStore)
        clock = WrongClock()
        clock.set(offset)
        asker = self.asker(store, before=clock.before)
        self.assertEqual(asker.end('t', now() + 7_200_000, 7200), 'done')
        left = int(store.command('PTTL', 'onlogin:ended:token:t'))
        self.assertGreater(left, 7_200_000 - 20_000 * PATIENCE)

    @each(('password_and_database', 'password', 0.06), ('twice_as_far', 'password', 0.12),
          ('tls', 'tls', 0.12))
    def test_a_redis_far_away(self, kind, delay):
        store = self.store(lambda: RedisStore(kind))
        relay = self.relay(store.port, delay)
        url = store.url.replace(str(store.port), str(relay.own_port))
        asker = self.asker(url)
        self.assertEqual(asker.ended('t'), 'no')
        self.assertEqual(self.asker(url, 'at-once').end('t2'), 'done')
        connections = relay.accepted
        relay.cut()
        answers = []
        for _ in range(150):
            answers.append(asker.send('ended', 't', 'o', 'wx1', now()))
            time.sleep(0.02)
        answers = [asker.answer(name) for name in answers]
        self.assertEqual(set(answers[-50:]), {'no'})
        self.assertLess(relay.accepted - connections, 3)

    def test_a_command_waits_for_a_redis_very_far_away(self):
        store = self.store(lambda: RedisStore('password'))
        relay = self.relay(store.port, 0.8)
        commander = self.asker(store.url.replace(str(store.port), str(relay.own_port)), 'at-once')
        self.assertEqual(commander.end('t'), 'done')

    @each(('no_info', ('--rename-command', 'INFO', '')),
          ('neither', ('--rename-command', 'INFO', '', '--rename-command', 'ROLE', '')))
    def test_a_server_without_info_works(self, options):
        asker = self.asker(self.store(lambda: RedisStore('tcp', *options)))
        self.assertEqual(asker.end('t'), 'done')
        self.assertEqual(asker.ended('t'), 'yes')
        self.assertEqual(asker.log(), '')

    @each(('password', 'redis://:hidden@127.0.0.1:{port}', ('no password is set',)),
          ('user', 'redis://me:hidden@127.0.0.1:{port}', ('WRONGPASS', 'user or password')),
          ('database', 'redis://127.0.0.1:{port}/99', ('no database of that number', '`databases`')),
          ('tls', 'rediss://127.0.0.1:{port}', ('TLS', 'redis://', 'not rediss://')))
    def test_each_mistake_has_its_own_words(self, url, expected):
        asker = self.asker(url.format(port=self.store(RedisStore).port))
        answer = until(lambda: (answer := asker.ended('t')).count('no answer within') == 0 and answer,
                       10, 'the reason')
        self.assert_unreachable(answer, *expected)
        self.assertNotIn('hidden', asker.log())
        for words in expected:
            self.assertIn(words, asker.log())

    def test_no_tls_to_a_port_that_wants_it_has_words(self):
        store = self.store(lambda: RedisStore('tls'))
        asker = self.asker(f'redis://:hidden@127.0.0.1:{store.port}')
        self.assert_unreachable(asker.ended('t'), 'rediss://')

    def test_too_many_clients_has_words(self):
        store = self.store(lambda: RedisStore('tcp', '--maxclients', 1))
        with socket.create_connection(('127.0.0.1', store.port)):
            asker = self.asker(store)
            self.assert_unreachable(asker.ended('t'), 'maxclients')

    def test_a_command_that_is_renamed_away_has_words(self):
        asker = self.asker(self.store(lambda: RedisStore('tcp', '--rename-command', 'EVAL', '')))
        self.assertEqual(asker.ended('t'), 'no')
        self.assert_unreachable(asker.end('t'), 'EVAL', 'rename-command')

    def test_something_else_that_listens(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            listener.settimeout(10 * PATIENCE)
            asker = self.asker(f'redis://127.0.0.1:{listener.getsockname()[1]}')
            asked = asker.send('ended', 't', 'o', 'wx1', now())
            with listener.accept()[0] as connection:
                connection.sendall(b'220 mail.example ESMTP\r\n')
                self.assert_unreachable(asker.answer(asked))

    def test_another_databases_keys_do_not_count(self):
        store = self.store(RedisStore)
        one = self.asker(store)
        other = self.asker(store.url + '/4')
        self.assertEqual(one.end('t'), 'done')
        self.assertEqual(other.ended('t'), 'no')


class Off(StoreCase):
    def test_nothing_ends(self):
        asker = self.asker('off')
        self.assertEqual(asker.ended('t'), 'no')
        self.assert_unreachable(asker.end('t'), 'session.revocations')
