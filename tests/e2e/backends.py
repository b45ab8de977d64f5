"""Backends behind nginx, the locations that lead to them, and users who ask them."""

import base64
import pathlib
import re
import secrets
import shutil
import socket
import subprocess

from harness import (APP, OTHER_APP, ROOT, Case, Process, configuration, free_port,
                     keep_private, new_directory, until, wechat, write_private)

EXAMPLES = ROOT / 'nginx/examples'
ECHO = pathlib.Path(__file__).parent / 'echo.py'
SHOW_ENVIRONMENT = pathlib.Path(__file__).parent / 'show_environment.py'


def with_sessions(apps=None, **session):
    """The configuration of a worker that gives out tokens."""
    directory = new_directory()
    keys = directory / 'session.keys'
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip('=')
    write_private(keys, f'k3.local.{keep_private(key)}\n')
    session = {'keys_file': str(keys), 'revocations': f'sqlite:{directory}/revocations.db',
               **session}
    return configuration(apps, session=session)


class Backend:
    """A program that serves at `port` or `path`."""

    def __init__(self, command, port=None, path=None, **options):
        self.port, self.path = port, path
        self.output = new_directory() / 'output'
        with self.output.open('wb') as file:
            self.process = Process(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                   **options)
        until(self.reachable, 20, str(command[0]))

    def reachable(self):
        if not self.process.alive():
            raise AssertionError(self.output.read_text())
        with socket.socket(socket.AF_UNIX if self.path else socket.AF_INET) as probe:
            return probe.connect_ex(str(self.path) if self.path
                                    else ('127.0.0.1', self.port)) == 0

    def finish(self):
        self.process.signal(9)  # none of them has anything to put in order
        self.process.wait(10)


def over_http(*command, **options):
    """A program whose next argument is the port."""
    port = free_port()
    return Backend([*command, port], port=port, **options)


def over_fastcgi(program):
    """A program behind spawn-fcgi."""
    path = new_directory() / 'backend.sock'
    return Backend(['spawn-fcgi', '-n', '-s', path, '-M', '0600', '--', shutil.which(program)],
                   path=path)


def over_uwsgi(file, **options):
    path = new_directory() / 'backend.sock'
    return Backend(['uwsgi', '--plugin', 'python3', '--wsgi-file', file, '--socket', path,
                    '--need-app', '--die-on-term'], path=path, **options)


def uncommented(text, first):
    """The example that a file of nginx/ has in a comment, from the line `first` to its end."""
    lines = text[text.index(first):].splitlines()
    block = lines[:next(at for at, line in enumerate(lines) if line.strip() == '# }') + 1]
    return '\n'.join(re.sub(r'^ *# ?', '', line) for line in block)


def examples(port, *firsts):
    """Edits that switch these examples of onlogin.conf on, with a backend at `port`."""
    text = (ROOT / 'nginx/onlogin.conf').read_text()
    chosen = '\n'.join(uncommented(text, f'# location {first} {{') for first in firsts)
    return add_to_server(chosen.replace('127.0.0.1:3000', f'127.0.0.1:{port}')
                         .replace('include proxy_params', 'include /etc/nginx/proxy_params') +
                         '\n    # There is nothing else.')


def for_all(appid):
    """Edits that say once for whose users guarded locations are: an appid, or any."""
    return [(r'(?<=\$onlogin_appid       \{ default )"";', f'{appid};')]


def guarded_example(port, appid='any'):
    return [(r'# location = /onlogin-auth ', 'location = /onlogin-auth '), *for_all(appid),
            *examples(port, '^~ /api/', '^~ /api/public/')]


def phone_example(port):
    return for_all('any') + examples(port, '= /api/phone', '@onlogin_phone', '~ (?s)^/onLogin/.*phone$')


def add_to_server(text):
    return [(r'    # There is nothing else\.', text)]


def cached():
    """Edits that switch the cache of onlogin.conf on."""
    return [(r'# fastcgi_cache_path', 'fastcgi_cache_path'),
            (r'#( +use_temp_path=off;)', 'use_temp_path=off;'),
            (r'/dev/shm/onlogin-auth', str(new_directory() / 'cache')),
            (r'default off;', 'default onlogin_auth;')]


class GuardCase(Case):
    SESSION = {}  # of the worker's configuration

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(with_sessions([APP, OTHER_APP], **cls.SESSION))
        cls.echo = cls.start_backend(over_http(ECHO))
        cls.nginx = cls.start_nginx(cls.worker.socket, edits=cls.edits(), limits=False,
                                    http2=True)

    @classmethod
    def start_backend(cls, backend):
        cls.addClassCleanup(backend.finish)
        return backend

    @classmethod
    def edits(cls):
        return guarded_example(cls.echo.port)

    def log_in(self, app=APP, nginx=None):
        """The data of a login of a user of his own."""
        answer = (nginx or self.nginx).ask(
            'GET', f'/onLogin?appid={app}&code=' + wechat().code(app, user=secrets.token_hex(6)))
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

    def assert_content(self, nginx):
        """`nginx -t` warns of nothing."""
        self.assertEqual(nginx.complaints(), '')

    def assert_kept_out(self, answer):
        self.assert_refused(answer, 401, 401, 'login')
