"""Starts what the tests talk to (a fake WeChat, the worker, nginx) and ends it, whatever happens.

Environment: BUILD names the build directory (build); FAKE_WECHAT_RESPONDER the fake's responder;
E2E_PATIENCE multiplies what the tests allow for (1; 4 for sanitizer builds).
"""

import atexit
import base64
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import secrets
import shutil
import signal
import socket
import ssl
import string
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import fcgi
import nginx_http2

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get('BUILD', 'build')
SANITIZED = any(word in BUILD.name for word in ('address', 'undefined', 'thread'))
PATIENCE = float(os.environ.get('E2E_PATIENCE', '4' if SANITIZED else '1'))

# A login against a WeChat that answers at once takes less than this.
AT_ONCE = 1.0 * PATIENCE


def a_while(ms):
    """A delay that WeChat may take and the worker still waits for, longer where all is slow."""
    return min(int(ms * PATIENCE), 3000)


os.environ['PATH'] += ':/usr/local/sbin:/usr/sbin:/sbin'  # nginx

APP = 'wx0123456789abcdef'
OTHER_APP = 'wx1111111111111111'
ODD_APP = 'wx2222222222222222'
SECRETS = {
    APP: secrets.token_hex(16),
    OTHER_APP: secrets.token_hex(16),
    ODD_APP: 'a+b&c=d%41/' + secrets.token_hex(8),  # shows how it is encoded
}

# Mini programs that WeChat refuses, whatever the code.
REFUSED = {f'wx{errcode}': errcode for errcode in (40164, 40243, 45011, 48001)}
SECRETS.update({app: secrets.token_hex(16) for app in REFUSED})

# What no log may hold: AppSecrets, codes, session keys.
private = set(SECRETS.values())


def keep_private(text):
    if len(text) < 2:
        raise ValueError(f'{text!r} is too short: it would be found everywhere')
    private.add(text)
    private.add(urllib.parse.quote(text, safe=''))
    return text


def check_no_leak(where, text):
    for word in list(private):  # other threads may add to it
        if word in text:
            line = next(line for line in text.splitlines() if word in line)
            raise AssertionError(f'{where} holds {word!r}: {line}')


# --- Processes ------------------------------------------------------------------------------------

running = []


class Process:
    """A child that ends with us at the latest."""

    def __init__(self, command, **options):
        # The signal comes with the end of the thread that started it: the main one, please.
        self.popen = subprocess.Popen(['setpriv', '--pdeathsig', 'TERM', '--', *map(str, command)],
                                      start_new_session=True, **options)
        self.pid = self.popen.pid
        self.awaited = False  # its end
        running.append(self)

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds):
        """Its exit status. Raises AssertionError if it does not come."""
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'process {self.pid} did not end within {seconds} s') from None
        self.awaited = True
        if self in running:
            running.remove(self)
        return status

    def end(self, seconds=15):
        """By SIGTERM, then by force. Returns the exit status."""
        if self.alive():
            self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except AssertionError:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait(5)
            raise


def end_everything():
    for process in reversed(list(running)):
        try:
            process.end(5)
        except (AssertionError, OSError):
            pass


# All that a run leaves in files. Who made it removes it; lanes are forked from that process.
HOME = pathlib.Path(tempfile.mkdtemp(prefix='onlogin-e2e.'))
HOME.chmod(0o711)  # programs of other users find what is given to them
OWNER = os.getpid()


@atexit.register
def remove_everything():
    if os.getpid() == OWNER:
        end_everything()
        if not os.environ.get('E2E_KEEP'):
            shutil.rmtree(HOME, ignore_errors=True)


def new_directory():
    return pathlib.Path(tempfile.mkdtemp(dir=HOME, prefix=''))


def snapshot(name):
    """A copy of a program and what it says in Chinese, so that a build does not disturb a run."""
    copy = new_directory() / name
    if (BUILD / name).exists():
        shutil.copy(BUILD / name, copy)
    if (BUILD / 'locale').exists():
        shutil.copytree(BUILD / 'locale', copy.parent / 'locale')
    return copy


ONLOGIN = snapshot('onlogin')
RESPONDER = os.environ.get('FAKE_WECHAT_RESPONDER') or snapshot('fake-wechat')


ports = []  # sockets that hold those which free_port() has given


def free_port():
    """One that nobody else is given, in this run or another, until the tests of the class are done:
    servers that say SO_REUSEADDR, as all do, can listen there; where none does, nobody answers.
    Below those that the system gives to outgoing connections, above those of tests/demo."""
    while True:
        holder = socket.socket()
        try:
            holder.bind(('127.0.0.1', random.randrange(22000, 32000)))
        except OSError:
            holder.close()
            continue
        # Not before bind(): two that say it both get the same port.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ports.append(holder)
        return holder.getsockname()[1]


def release_ports(but):
    """All but the first ones."""
    while len(ports) > but:
        ports.pop().close()


def end_listening(listener):
    """Also of a thread in accept(). close() alone would leave it there, for what is next given the
    number of the descriptor: should the system interrupt the call, it goes on with that."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def until(condition, seconds=10.0, what='it'):
    """Waits for `condition()` to be true, and returns it."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f'{what} did not come within {seconds * PATIENCE} s')
        time.sleep(0.02)


def together(calls):
    """Calls all at the same time, and returns their results in order."""
    with concurrent.futures.ThreadPoolExecutor(max(len(calls), 1)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


# --- WeChat ---------------------------------------------------------------------------------------

class FakeWechat:
    def __init__(self):
        self.directory = new_directory()
        self.port = free_port()
        self.url = f'https://localhost:{self.port}'
        self.ca = self.directory / 'ca.pem'
        self.certificate = self.directory / 'server.pem'
        self.key = self.directory / 'server.key'
        environment = dict(os.environ)
        environment['FAKE_WECHAT_APPS'] = ','.join(
            f'{app}:{secret}:{REFUSED.get(app, 0)}' for app, secret in SECRETS.items())
        environment['FAKE_WECHAT_RESPONDER'] = str(RESPONDER)
        output = self.directory / 'output'
        with output.open('wb') as file:
            self.process = Process([ROOT / 'tests/fake-wechat/onlogin-fake-wechat',
                                    '-p', self.port, '-d', self.directory],
                                   env=environment, stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=subprocess.STDOUT)

        def ready():
            text = output.read_text()
            if not self.process.alive():
                raise AssertionError('the fake WeChat did not start: ' + text)
            return text.endswith('ready\n')
        until(ready, 20, 'the fake WeChat')
        self.context = ssl.create_default_context(cafile=self.ca)

    def request(self, method, path, query, body=None, content_type=None):
        """Any request of it, and its answer."""
        connection = http.client.HTTPSConnection('localhost', self.port, context=self.context,
                                                 timeout=10 * PATIENCE)
        began = time.monotonic()
        connection.request(method, path + '?' + urllib.parse.urlencode(query), body,
                           {'Content-Type': content_type} if content_type else {})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return fcgi.Answer(response.status,
                           {name.lower(): value for name, value in response.getheaders()},
                           text, time.monotonic() - began)

    def get(self, path, /, **query):
        return self.request('GET', path, query)

    def post(self, path, body, /, content_type='application/json', **query):
        """`body` is bytes, text, or what JSON is made of."""
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        return self.request('POST', path, query,
                            body if isinstance(body, bytes) else body.encode(), content_type)

    def ask(self, path, /, **query):
        """The text that a path of its own, /fake/..., answers."""
        answer = self.get(path, **query)
        if answer.status != 200:
            raise AssertionError(f'the fake WeChat refused {path}: {answer.body.decode()[:500]}')
        return answer.body.decode()

    def code(self, app=APP, **options):
        """A login code whose exchange does what the options of the fake say."""
        options.setdefault('session_key', base64.b64encode(secrets.token_bytes(16)).decode())
        keep_private(options['session_key'])
        return keep_private(self.ask('/fake/code', appid=app, **options))

    def phone_code(self, app=APP, **options):
        """A phone code, of a number that nobody else has unless told."""
        if 'user' not in options:
            options.setdefault('phone', '1' + ''.join(random.choices('3456789', k=10)))
        if 'phone' in options:
            keep_private(options['phone'].split()[-1])
        return keep_private(self.ask('/fake/phone-code', appid=app, **options))

    def exchanges(self, code):
        """How many exchanges of `code` it has seen."""
        return int(self.ask('/fake/exchanges', code=code))

    def user_data(self, user='alice', app=APP, **options):
        """encryptedData, iv, rawData, signature: for the last session_key of that user, who has
        logged in before."""
        return json.loads(self.ask('/fake/user-data', appid=app, user=user, **options))

    def fetch_token(self, app=APP, force=False):
        """The answer to who fetches an access token, as the worker does."""
        return self.post('/cgi-bin/stable_token',
                         {'grant_type': 'client_credential', 'appid': app, 'secret': SECRETS[app],
                          'force_refresh': force})

    def access_token(self, app=APP, **options):
        """access_token (empty: none yet), expires_in, and how often it was fetched: fetches, and
        forced of them. Options say how the coming fetches go; ok=1 takes them back."""
        return self.token_state('/fake/access-token', appid=app, **options)

    def spoil_token(self, app=APP, how='dead', **options):
        """Lets WeChat refuse the access token; then as access_token()."""
        return self.token_state('/fake/spoil-token', appid=app, how=how, **options)

    def token_state(self, path, /, **query):
        state = json.loads(self.ask(path, **query))
        if state['access_token']:
            keep_private(state['access_token'])
        return state

    def seen(self, path):
        """How many requests of that path of WeChat it has seen, and of the last one access_token,
        method, query, content_type, body_bytes."""
        return json.loads(self.ask('/fake/seen', path=path))

    def end(self):
        self.process.end()


def magic(what='', word=None):
    """A code that spells out what its exchange does, never used before. Costs no request."""
    word = word or ''.join(random.choices(string.ascii_letters, k=12))
    return keep_private(f'{what}.ok-{word}' if what else f'ok-{word}')


shared_wechat = None


def wechat():
    """The fake WeChat of this run."""
    global shared_wechat
    if shared_wechat is None:
        shared_wechat = FakeWechat()
    return shared_wechat


class RawServer:
    """raw-server.py in one of its modes."""

    SESSION_KEY = keep_private('tiihtNczf5v6AKRyjwEUhQ==')

    def __init__(self, mode, certificate=None, key=None):
        fake = wechat()
        self.output = new_directory() / 'output'
        with self.output.open('wb') as file:
            self.process = Process([ROOT / 'tests/fake-wechat/raw-server.py',
                                    '--cert', certificate or fake.certificate,
                                    '--key', key or fake.key, '--port', 0, '--mode', mode],
                                   stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        until(lambda: self.lines() or not self.process.alive(), 10, 'the raw server')
        self.port = self.lines()[0]['listening']
        self.url = f'https://localhost:{self.port}'

    def lines(self):
        return [json.loads(line) for line in self.output.read_text().splitlines(True)
                if line.endswith('\n')]

    def seen(self, code):
        """How many requests with `code` it has read."""
        return sum(line.get('js_code') == code for line in self.lines())

    def connections(self):
        """How many connections to it are established."""
        wanted = f'0100007F:{self.port:04X}'
        count = 0
        for line in pathlib.Path('/proc/net/tcp').read_text().splitlines()[1:]:
            _, _, remote, state, *_ = line.split()
            count += remote == wanted and state == '01'
        return count

    def end(self):
        self.process.end()


# --- The worker -----------------------------------------------------------------------------------

def configuration(apps=None, fake=None, **sections):
    """Of a worker that uses a fake WeChat: `fake`, or that of this run. `apps`: appids, or whole
    entries."""
    apps = [APP] if apps is None else apps
    fake = fake or wechat()
    result = {
        'apps': [{'appid': a, 'secret': SECRETS[a]} if isinstance(a, str) else a for a in apps],
        'wechat': {'url': fake.url, 'ca_file': str(fake.ca)},
        'log': {'level': 'debug'},
    }
    for name, section in sections.items():
        result.setdefault(name, {}).update(section)
    return result


def write_private(path, text):
    path.write_text(text)
    path.chmod(0o600)


SANITIZER = re.compile(r'ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer')

workers = []


class Worker:
    """The worker behind spawn-fcgi, or on a listening socket that the test holds."""

    def __init__(self, config=None, listener=None, environment=None, stderr=None, wait=True,
                 directory=None, mode='0600', program=ONLOGIN, before=()):
        self.directory = directory or new_directory()
        self.config_file = self.directory / 'onlogin.json'
        self.configure(config or configuration())
        self.socket = self.directory / 'onlogin.sock' if listener is None \
            else pathlib.Path(listener.getsockname())
        self.log_file = self.directory / f'onlogin{len(list(self.directory.glob("*.log")))}.log'
        environment = dict(os.environ, **(environment or {}))
        command = [*before, program, '-c', self.config_file]
        if listener is None:
            command = ['spawn-fcgi', '-n', '-s', self.socket, '-M', mode, '-b', '4096', '--',
                       *command]
        with self.log_file.open('ab') as file:
            self.process = Process(command, env=environment, stdin=listener or subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL,
                                   stderr=file if stderr is None else stderr)
        self.pid = self.process.pid
        workers.append(self)
        if wait:
            def ready():
                if not self.process.alive():
                    raise AssertionError('the worker did not start: ' + self.log())
                return self.log_lines('serving')
            until(ready, 10, 'the worker')

    def await_socket(self):
        """For a worker whose log does not tell when it serves."""
        def listens():
            with socket.socket(socket.AF_UNIX) as probe:
                return probe.connect_ex(str(self.socket)) == 0
        until(listens, what='the socket')

    def configure(self, config):
        write_private(self.config_file, config if isinstance(config, str)
                      else json.dumps(config, indent=2))

    def log(self):
        return self.log_file.read_text(errors='replace')

    def log_lines(self, *words):
        """The whole lines that hold all the words."""
        return [line for line in re.findall('.*\n', self.log())
                if all(word in line for word in words)]

    def await_log(self, *words, count=1, seconds=5.0):
        return until(lambda: len(found := self.log_lines(*words)) >= count and found, seconds,
                     f'a log line with {words}')

    def ask(self, variables, body=b'', **options):
        return fcgi.ask(self.socket, variables, body, **options)

    def login(self, code=None, **more):
        """A login by GET, with a fresh code unless told."""
        code = magic() if code is None else code
        return self.ask(fcgi.get('code=' + urllib.parse.quote(code, safe=''), **more))

    def post(self, body, content_type='application/x-www-form-urlencoded', **more):
        body = body if isinstance(body, bytes) else body.encode()
        return self.ask(fcgi.post(body, content_type, **more), body)

    def connect(self, **options):
        return fcgi.Connection(self.socket, **options)

    def reload(self):
        """By SIGHUP; returns the line of the log that tells how it went."""
        before = len(self.log_lines(' reload '))
        self.process.signal(signal.SIGHUP)
        return self.await_log(' reload ', count=before + 1)[-1]

    def stop(self, seconds=15):
        """By SIGTERM. Its exit status."""
        if self.process.alive():
            self.process.signal(signal.SIGTERM)
        return self.wait(seconds * PATIENCE)

    def wait(self, seconds):
        status = self.process.wait(seconds)
        self.check_log()
        return status

    def check_log(self):
        text = self.log()
        if report := SANITIZER.search(text):
            raise AssertionError('a sanitizer report:\n' + text[max(report.start() - 200, 0):])
        check_no_leak("the worker's log", text)

    def finish(self):
        """Stops it, if it still runs, and checks that it lived an orderly life."""
        if self in workers:
            workers.remove(self)
        if self.process.awaited:  # the test looked at how it ended
            self.check_log()
        elif (status := self.stop()) != 0:
            raise AssertionError(f'the worker ended with {status}: {self.log()[-2000:]}')


# --- nginx ----------------------------------------------------------------------------------------

class Nginx:
    """nginx with the files of nginx/ as they ship, but for what an installation edits too."""

    def __init__(self, worker_socket, limits=True, edits=(), connections=4096, instead=None,
                 sites=('onlogin.conf',), http2=False, more=None):
        """`instead`: files that take the place of others, by their names below nginx/.
        `more`: texts of further files, by their names.
        `http2`: as the site says it is turned on."""
        self.directory = new_directory()
        self.port, plain_port = free_port(), free_port()
        self.access_log = self.directory / 'log/onlogin.log'
        self.error_log = self.directory / 'log/error.log'
        self.certificate = self.directory / 'server.pem'
        make_certificate(self.certificate, self.directory / 'server.key', 'localhost')
        for part in ('log', 'temp', 'snippets'):
            (self.directory / part).mkdir()
        self.plain_port = plain_port
        edits = [
            *(nginx_http2.edits() if http2 else ()),
            *edits,
            (r'listen 80;', f'listen 127.0.0.1:{plain_port};'),
            (r'listen 443 ', f'listen 127.0.0.1:{self.port} '),
            (r'(?m)^\s*listen \[::\].*\n', ''),
            (r'/etc/letsencrypt/live/login\.example\.com/fullchain\.pem', str(self.certificate)),
            (r'/etc/letsencrypt/live/login\.example\.com/privkey\.pem',
             str(self.directory / 'server.key')),
            (r'login\.example\.com', 'localhost'),
            (r'/run/onlogin/onlogin\.sock', str(worker_socket)),
            (r'/var/log/nginx/', f'{self.directory}/log/'),
        ]
        if not limits:  # the load of a test comes from one address
            edits += [(r'(?m)^\s*limit_(req|conn) .*\n', '')]
        for source in [*(ROOT / 'nginx' / site for site in sites),
                       *(ROOT / 'nginx/snippets').glob('*.conf')]:
            name = source.relative_to(ROOT / 'nginx')
            text = (instead or {}).get(str(name), source).read_text()
            for pattern, replacement in edits:
                text = re.sub(pattern, lambda _: replacement, text)
            (self.directory / name).write_text(text)
        for name, text in (more or {}).items():
            write_private(self.directory / name, text)
        included = '\n'.join(f'include {site};' for site in sites)
        temp = '\n'.join(f'{module}_temp_path temp/{module};'
                         for module in ('client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'))
        (self.directory / 'nginx.conf').write_text(
            ('user root;\n' if os.geteuid() == 0 else '') +
            f'daemon off;\npid nginx.pid;\nworker_processes 1;\nerror_log log/main-error.log;\n'
            f'events {{ worker_connections {connections}; }}\nhttp {{\n{temp}\n'
            f'{included}\n}}\n')
        with (self.directory / 'output').open('wb') as file:
            self.process = Process(['nginx', '-e', 'stderr', '-p', self.directory,
                                    '-c', self.directory / 'nginx.conf'],
                                   stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.context = ssl.create_default_context(cafile=self.certificate)

        def ready():
            if not self.process.alive():
                raise AssertionError((self.directory / 'output').read_text())
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', self.port)) == 0
        until(ready, 10, 'nginx')

    def reload(self):
        """Until the processes with the old configuration have gone."""
        children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children')
        old = set(children.read_text().split())
        self.process.signal(signal.SIGHUP)
        until(lambda: (new := set(children.read_text().split())) and not new & old, 10, 'the reload')

    def complaints(self):
        """What `nginx -t` says of its configuration."""
        done = subprocess.run(['nginx', '-t', '-q', '-e', 'stderr', '-p', self.directory,
                               '-c', self.directory / 'nginx.conf'],
                              capture_output=True, text=True, timeout=20 * PATIENCE)
        return done.stderr

    def connect(self):
        return http.client.HTTPSConnection('localhost', self.port, context=self.context,
                                           timeout=30)

    def ask(self, method, target, body=None, headers=None, connection=None, connect=None):
        own = connection or (connect or self.connect)()
        began = time.monotonic()
        own.request(method, target, body, headers or {})
        response = own.getresponse()
        text = response.read()
        if connection is None:
            own.close()
        return fcgi.Answer(response.status,
                           {name.lower(): value for name, value in response.getheaders()},
                           text, time.monotonic() - began)

    def send_raw(self, data, last=None):
        """The whole of what comes back for `data`; what comes up to `last` is the whole, if given, for
        nginx waits 5 s for the rest of a request that it has answered."""
        with socket.create_connection(('127.0.0.1', self.port), timeout=20) as plain, \
                self.context.wrap_socket(plain, server_hostname='localhost') as tls:
            tls.sendall(data)
            answer = b''
            while not (last and answer.endswith(last)) and (piece := tls.recv(65536)):
                answer += piece
        return answer

    def login(self, code=None, connection=None):
        """As the official sample: wx.request({url, data: {code}})."""
        code = magic() if code is None else code
        return self.ask('GET', '/onLogin?code=' + urllib.parse.quote(code, safe=''),
                        headers={'content-type': 'application/json'}, connection=connection)

    def post(self, body, content_type='application/x-www-form-urlencoded'):
        return self.ask('POST', '/onLogin', body, {'Content-Type': content_type})

    def finish(self):
        self.process.end()
        for log in (self.directory / 'log').iterdir():
            check_no_leak(f"nginx's {log.name}", log.read_text(errors='replace'))


def make_certificate(certificate, key, name, days=30):
    """Signed by itself."""
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                    'ec_paramgen_curve:prime256v1', '-nodes', '-days', str(days), '-subj', f'/CN={name}',
                    '-addext', f'subjectAltName=DNS:{name}', '-keyout', str(key), '-out',
                    str(certificate)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


# --- Tests ----------------------------------------------------------------------------------------

def each(*rows):
    """Makes a test of each row. A row is a tuple: the end of the test's name, then arguments."""
    def mark(function):
        function.rows = rows
        return function
    return mark


class Case(unittest.TestCase):
    maxDiff = None

    # Whether no other class runs meanwhile. For those that measure time or load so closely that a
    # neighbour would spoil it, or that make so much load that they would spoil a neighbour's.
    alone = False

    # About how many seconds the class takes, if more than ten or so: the longest begin first.
    lasts = 0

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        for name in dir(cls):
            function = getattr(cls, name)
            for label, *values in getattr(function, 'rows', ()):
                def test(self, function=function, values=values):
                    function(self, *values)
                setattr(cls, f'{name}[{label}]', test)
            if hasattr(function, 'rows'):
                setattr(cls, name, None)  # the rows are the tests

    @classmethod
    def start_worker(cls, *arguments, **options):
        """For all tests of the class."""
        worker = Worker(*arguments, **options)
        cls.addClassCleanup(worker.finish)
        return worker

    @classmethod
    def start_wechat(cls):
        """A fake WeChat of its own, for all tests of the class; see configuration()."""
        fake = FakeWechat()
        cls.addClassCleanup(fake.end)
        return fake

    @classmethod
    def start_nginx(cls, *arguments, **options):
        nginx = Nginx(*arguments, **options)
        cls.addClassCleanup(nginx.finish)
        return nginx

    def own_worker(self, *arguments, **options):
        """For this test."""
        worker = Worker(*arguments, **options)
        self.addCleanup(worker.finish)
        return worker

    def own_wechat(self):
        fake = FakeWechat()
        self.addCleanup(fake.end)
        return fake

    def own_nginx(self, *arguments, **options):
        nginx = Nginx(*arguments, **options)
        self.addCleanup(nginx.finish)
        return nginx

    @classmethod
    def raw_server(cls, *arguments, **options):
        """For all tests of the class."""
        server = RawServer(*arguments, **options)
        cls.addClassCleanup(server.end)
        return server

    def look_inside(self):
        """Skips the test unless it may: the worker shows its files to nobody but root."""
        if os.geteuid() != 0:
            self.skipTest('only root can look inside')

    # What every answer of the worker promises (but health's).
    def check_form(self, answer):
        self.assertEqual(answer.headers.get('content-type'), 'application/json; charset=utf-8',
                         answer)
        self.assertEqual(answer.headers.get('cache-control'), 'no-store', answer)
        self.assertIsInstance(answer.json, dict, answer)
        self.assertIsInstance(answer.json.get('code'), int, answer)
        self.assertTrue(answer.json.get('message'), answer)

    def assert_logged_in(self, answer, **data):
        """200, an openid, and these members of `data`."""
        self.assertEqual(answer.status, 200, answer)
        self.check_form(answer)
        if 'session_key' not in answer.json['data']:  # else as WeChat, too: see test_login
            self.assertEqual(set(answer.json), {'code', 'message', 'data'}, answer)
        self.assertEqual((answer.json['code'], answer.json['message']), (0, 'ok'), answer)
        self.assertTrue(answer.json['data'].get('openid'), answer)
        for name, value in data.items():
            self.assertEqual(answer.json['data'].get(name), value, answer)

    def assert_refused(self, answer, status, code, recover, retry_after=None):
        """A row of the contract's table. `later` says when, all others do not."""
        self.assertEqual(answer.status, status, answer)
        self.check_form(answer)
        self.assertEqual(set(answer.json), {'code', 'message', 'recover'}, answer)
        self.assertEqual((answer.json['code'], answer.json['recover']), (code, recover), answer)
        if recover == 'later':
            self.assertRegex(answer.headers.get('retry-after', ''), '^[1-9][0-9]*$', answer)
        else:
            self.assertNotIn('retry-after', answer.headers, answer)
        if retry_after is not None:
            self.assertEqual(answer.headers['retry-after'], str(retry_after), answer)

    def assert_unharmed(self, worker):
        """The same process logs the next user in, as fast as ever."""
        self.assertTrue(worker.process.alive(), 'the worker has ended: ' + worker.log()[-3000:])
        began = time.monotonic()
        self.assert_logged_in(worker.login())
        self.assertLess(time.monotonic() - began, AT_ONCE)
