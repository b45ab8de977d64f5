"""The stores of ended sessions, and a program that asks them."""

import os
import pathlib
import queue
import secrets
import shutil
import socket
import subprocess
import threading
import time

from harness import (PATIENCE, Process, SANITIZER, check_no_leak, free_port, keep_private,
                     make_certificate, new_directory, snapshot, until)

DRIVER = snapshot('revocations-driver')

DAY = 86_400


def now():
    """In milliseconds."""
    return time.time_ns() // 1_000_000


class Asker:
    """A process of its own that asks a store, as a worker would."""

    def __init__(self, store, *options, before=()):
        self.log_file = new_directory() / 'log'
        with self.log_file.open('wb') as log:
            self.process = Process([*before, DRIVER, store, *options], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=log)
        self.last = 0
        self.answers = {}
        self.first = self.process.popen.stdout.readline().decode().rstrip()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.popen.stdout:
            name, answer = line.decode().rstrip('\n').split(' ', 1)
            self.answers[int(name)] = answer

    def send(self, *words):
        """Asks; answer() awaits what it returns."""
        self.last += 1
        line = ' '.join(map(str, (self.last, *words))) + '\n'
        self.process.popen.stdin.write(line.encode())
        self.process.popen.stdin.flush()
        return self.last

    def answer(self, name, seconds=10):
        return until(lambda: self.answers.get(name), seconds, f'the answer to {name}')

    def ask(self, *words):
        return self.answer(self.send(*words))

    def once(self, *words):
        """Asks, and ends: as a command does."""
        answer = self.ask(*words) if self.first == 'ready' else self.first
        self.finish()
        return answer

    def ended(self, jti='t', openid='o', appid='wx1', began=None):
        return self.ask('ended', jti, openid, appid, now() if began is None else began)

    def end(self, jti, expires=None, longest=0):
        return self.ask('end', jti, now() + 3_600_000 if expires is None else expires, longest)

    def end_all(self, openid='-', appid='-', moment=None, longest=DAY):
        return self.ask('end_all', openid, appid, now() if moment is None else moment, longest)

    def log(self):
        return self.log_file.read_text()

    def finish(self):
        self.process.popen.stdin.close()
        status = self.process.wait(15 * PATIENCE)
        self.reader.join()
        self.process.popen.stdout.close()
        log = self.log()
        if SANITIZER.search(log):
            raise AssertionError('a sanitizer report:\n' + log)
        check_no_leak("the asker's log", log + ' '.join(self.answers.values()))
        return status


class WrongClock:
    """A clock that others can be given: `Asker(…, before=clock.before)` goes by it from then on."""

    SOURCE = r'''
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <time.h>
        #include <unistd.h>

        int clock_gettime(clockid_t clock, struct timespec* time)
        {
            int result = syscall(SYS_clock_gettime, clock, time);
            char text[32] = "";
            int file = clock == CLOCK_REALTIME ? open(getenv("WRONG_CLOCK"), O_RDONLY) : -1;
            if (file >= 0) {
                if (read(file, text, sizeof text - 1) > 0)
                    time->tv_sec += atoll(text);
                close(file);
            }
            return result;
        }
    '''

    def __init__(self):
        directory = new_directory()
        library, self.offset = directory / 'clock.so', directory / 'offset'
        subprocess.run(['cc', '-shared', '-fPIC', '-o', library, '-x', 'c', '-'],
                       input=self.SOURCE.encode(), check=True)
        self.set(0)
        # AddressSanitizer wants to be the first library, and need not be.
        sanitizer = os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'
        self.before = ['env', f'WRONG_CLOCK={self.offset}', f'LD_PRELOAD={library}',
                       f'ASAN_OPTIONS={sanitizer}']

    def set(self, seconds):
        """Ahead of the right one."""
        self.offset.write_text(str(seconds))


class SqliteStore:
    def __init__(self):
        self.directory = new_directory() / 'state'
        self.directory.mkdir(0o700)
        self.file = self.directory / 'revocations.db'
        self.url = f'sqlite:{self.file}'

    def finish(self):
        pass


class RedisStore:
    """A redis-server of its own. `kind`: tcp, unix, tls, database or user."""

    def __init__(self, kind='tcp', *options):
        self.directory = new_directory()
        self.port = free_port()
        self.kind = kind
        self.password = keep_private(secrets.token_hex(8) + '@/:%')
        self.socket = self.directory / 'redis.sock'
        self.options = ['--bind', '127.0.0.1', '--save', '', '--dir', self.directory,
                        '--appendonly', 'yes', '--appendfsync', 'always',
                        '--unixsocket', self.socket, '--port', self.port, *options]
        quoted = self.password.replace('%', '%25').replace('@', '%40').replace('/', '%2F')
        keep_private(quoted)
        self.url = {
            'tcp': f'redis://127.0.0.1:{self.port}',
            'unix': f'redis+unix://{self.socket}?db=2',
            'database': f'redis://localhost:{self.port}/7',
            'password': f'redis://:{quoted}@127.0.0.1:{self.port}/1',
            'user': f'redis://worker:{quoted}@127.0.0.1:{self.port}',
            'tls': f'rediss://localhost:{self.port}?ca_file={self.directory}/redis.pem',
        }[kind]
        if kind == 'tls':
            certificate, key = self.directory / 'redis.pem', self.directory / 'redis.key'
            make_certificate(certificate, key, 'localhost')
            self.options += ['--port', 0, '--tls-port', self.port, '--tls-cert-file', certificate,
                             '--tls-key-file', key, '--tls-ca-cert-file', certificate,
                             '--tls-auth-clients', 'no']
        elif kind == 'password':
            self.options += ['--requirepass', self.password]
        elif kind == 'user':
            self.options += ['--user', 'worker', 'on', '>' + self.password, '~onlogin:*',
                             '+mget', '+get', '+set', '+pttl', '+eval']
        self.start()

    def start(self):
        with (self.directory / 'log').open('ab') as log:
            self.process = Process(['redis-server', *self.options], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
        until(self.answers, 20, 'redis-server')

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(str(self.socket))
                probe.sendall(b'PING\r\n')
                answer = probe.recv(100)
                return answer.startswith((b'+PONG', b'-NOAUTH'))
        except OSError:
            return False

    def command(self, *words):
        """As the first user of the first database, through the unix socket."""
        password = ['-a', self.password, '--no-auth-warning'] if self.kind == 'password' else []
        done = subprocess.run(['redis-cli', '-s', self.socket, *password, *map(str, words)],
                              capture_output=True, text=True, check=True, timeout=20 * PATIENCE)
        return done.stdout.rstrip('\n')

    def kill(self):
        self.process.popen.kill()
        self.process.wait(10 * PATIENCE)

    def finish(self):
        if self.process.alive():
            self.process.signal(18)  # SIGCONT
            self.process.end()


class Relay:
    """A way to a port of this host that is `delay` seconds long, in each direction. `port` may be
    set to another; cut() ends what goes through it."""

    def __init__(self, port, delay=0):
        self.port, self.delay = port, delay
        self.connections = []
        self.accepted = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.own_port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            client = self.listener.accept()[0]
            if self.closing:
                return client.close()
            self.accepted += 1
            try:
                server = socket.create_connection(('127.0.0.1', self.port))
            except OSError:
                client.close()
                continue
            self.connections += [client, server]
            for source, target in ((client, server), (server, client)):
                pieces = queue.Queue()
                threading.Thread(target=self.take, args=(source, pieces), daemon=True).start()
                threading.Thread(target=self.give, args=(target, pieces), daemon=True).start()

    closing = False

    def take(self, source, pieces):
        data = b'x'
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b''
            pieces.put((time.monotonic() + self.delay, data))

    @staticmethod
    def give(target, pieces):
        data = b'x'
        while data:
            due, data = pieces.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                target.sendall(data) if data else target.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def cut(self):
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def finish(self):
        self.closing = True
        socket.create_connection(('127.0.0.1', self.own_port)).close()
        self.thread.join()
        self.listener.close()
        self.cut()
        for connection in self.connections:
            connection.close()


def sql(file, commands):
    """By SQLite's own program, which waits for others."""
    subprocess.run(['sqlite3', '-cmd', '.timeout 5000', file, commands], check=True,
                   stdout=subprocess.DEVNULL, timeout=20 * PATIENCE)


def missing(program):
    """Why a test that needs the program is skipped; empty: it is there."""
    return '' if shutil.which(program) else f'there is no {program}'


def no_driver():
    return '' if pathlib.Path(DRIVER).exists() else 'make build/revocations-driver'


def mount_small(place, size):
    """A file system of that size. False if that is not possible here."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'none', place],
                          stderr=subprocess.DEVNULL).returncode == 0
