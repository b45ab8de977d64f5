"""Other web servers than nginx alone, with the files of nginx/hosting as they ship, on free ports.

Each runs as www-data, as Debian does it, or as whoever runs the tests if that is not root.
"""

import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

import fcgi
from harness import (APP, ONLOGIN, PATIENCE, ROOT, SANITIZER, Nginx, Process, check_no_leak,
                     configuration, free_port, magic, new_directory, until, wechat, write_private)
from test_session_keys import new_key

HOSTING = ROOT / 'nginx/hosting'
MODULES = '/usr/lib/apache2/modules'
ROOT_USER = os.geteuid() == 0


def as_server(command):
    """`command` as the user that web servers have."""
    if not ROOT_USER:
        return command
    return ['setpriv', '--reuid=www-data', '--regid=www-data', '--clear-groups',
            '--pdeathsig', 'TERM', '--', *command]


def give(path):
    """To that user."""
    if ROOT_USER:
        user = pwd.getpwnam('www-data')
        for each in [path, *path.rglob('*')]:
            os.chown(each, user.pw_uid, user.pw_gid)


class Place:
    """A directory of that user with the program, its configuration and the fake WeChat's CA."""

    def __init__(self, config=None, program=ONLOGIN):
        self.directory = new_directory()
        self.program = self.directory / 'worker/onlogin'
        self.program.parent.mkdir()
        shutil.copy(program, self.program)
        self.program.chmod(0o755)
        shutil.copy(fcgi.__file__, self.program.parent)  # for show_environment.py
        shutil.copy(wechat().ca, self.directory / 'ca.pem')
        if not isinstance(config, str):
            config = config or configuration()
            config['wechat']['ca_file'] = 'ca.pem'
            if 'session' in config:
                write_private(self.directory / 'session.keys', new_key() + '\n')
                config['session'] = {'keys_file': 'session.keys',
                                     'revocations': 'sqlite:revocations.db'} | config['session']
            config = json.dumps(config)
        self.config_file = self.directory / 'onlogin.json'
        write_private(self.config_file, config)
        for part in ('log', 'onlogin', 'empty'):
            (self.directory / part).mkdir()
        self.socket = self.directory / 'onlogin.sock'

    def edit(self, name, edits):
        """The text of a file of nginx/hosting with the paths of here."""
        text = (HOSTING / name).read_text()
        for old, new in [*edits, ('/usr/sbin/onlogin', self.program),
                         ('/etc/onlogin/onlogin.json', self.config_file),
                         ('/run/onlogin/onlogin.sock', self.socket)]:
            text = text.replace(old, str(new))
        return text

    def spawn(self):
        """The worker behind spawn-fcgi."""
        give(self.directory)
        with (self.directory / 'log/worker.log').open('ab') as log:
            process = Process(as_server(['spawn-fcgi', '-n', '-s', self.socket, '-M', '0600', '--',
                                         self.program, '-c', self.config_file]),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        until(lambda: 'serving' in (self.directory / 'log/worker.log').read_text(), 10,
              'the worker')
        return process


class Server:
    """One web server. `kind` is a row of SERVERS."""

    def __init__(self, config=None, program=ONLOGIN, edits=()):
        self.place = Place(config, program)
        self.directory = self.place.directory
        self.port = free_port()
        self.processes = []
        self.start(edits)
        until(self.reachable, 10, self.name)

    name = ''
    needs_length = False  # of a POST, even if it has no body

    def start(self, edits):
        raise NotImplementedError

    def run(self, command, environment=None, stdin=subprocess.DEVNULL):
        give(self.directory)
        with (self.directory / 'log/output').open('ab') as output:
            process = Process(as_server(command), stdin=stdin, stdout=output, stderr=output,
                              env=environment)
        self.processes.append(process)
        return process

    def reachable(self):
        for process in self.processes:
            if not process.alive():
                raise AssertionError(f'{self.name} did not start: {self.log()}')
        with socket.socket() as probe:
            return probe.connect_ex(('127.0.0.1', self.port)) == 0

    def log(self):
        return ''.join(path.read_text(errors='replace')
                       for path in sorted((self.directory / 'log').iterdir()))

    # A client

    def connect(self):
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=30 * PATIENCE)

    def plain(self):
        return socket.create_connection(('127.0.0.1', self.port), timeout=30 * PATIENCE)

    def ask(self, method, target, body=None, headers=None, **options):
        """As a mini program does, with the Referer that it cannot change."""
        connection = self.connect()
        began = time.monotonic()
        headers = {'Referer': f'https://servicewechat.com/{APP}/1/page-frame.html',
                   **(headers or {})}
        try:
            connection.request(method, target, body, headers, **options)
            response = connection.getresponse()
            return fcgi.Answer(response.status, {name.lower(): value for name, value
                                                 in response.getheaders()},
                               response.read(), time.monotonic() - began)
        finally:
            connection.close()

    def send_raw(self, data, last=False):
        """The whole of what comes back for `data`. `last`: the server hears that nothing follows."""
        with self.plain() as plain:
            plain.sendall(data)
            if last:
                plain.shutdown(socket.SHUT_WR)
            answer = b''
            try:
                while piece := plain.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
        return answer

    def login(self, code=None):
        """As the official sample: wx.request({url, data: {code}})."""
        code = magic() if code is None else code
        return self.ask('GET', '/onLogin?code=' + urllib.parse.quote(code, safe=''),
                        headers={'content-type': 'application/json'})

    def post(self, body, content_type='application/x-www-form-urlencoded', **options):
        return self.ask('POST', '/onLogin', body, {'Content-Type': content_type}, **options)

    # Its end

    graceful = None  # the signal that lets requests end first

    def stop(self):
        """Lets requests end, then ends itself."""
        self.processes[-1].signal(self.graceful)

    def left(self):
        """The ids of processes that still run the program."""
        found = []
        for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
            try:
                if bytes(self.place.program) in path.read_bytes().split(b'\0'):
                    found.append(int(path.parent.name))
            except OSError:
                pass
        return found

    def finish(self):
        for process in reversed(self.processes):
            if not process.awaited:
                process.end(15 * PATIENCE)
        until(lambda: not self.left(), 10, 'the end of the worker')
        for log in (self.directory / 'log').iterdir():
            text = log.read_text(errors='replace')
            if report := SANITIZER.search(text):
                raise AssertionError('a sanitizer report:\n' + text[max(report.start() - 200, 0):])
            check_no_leak(f'{self.name}: {log.name}', text)


class Apache(Server):
    graceful = signal.SIGWINCH  # as `apachectl graceful-stop`, which is how systemd stops it
    mpm = 'event'
    modules = ()
    more = ()  # lines of its configuration, where Debian has them elsewhere
    file = ''

    def start(self, edits):
        for name in ('apache-common.conf', self.file):
            (self.directory / 'onlogin' / name).write_text(self.place.edit(name, edits))
        modules = [f'mpm_{self.mpm}', 'authz_core', 'alias', 'mime', 'setenvif', 'env', 'headers',
                   *self.modules]
        (self.directory / 'apache.conf').write_text('\n'.join([
            f'ServerRoot {self.directory}', f'Listen 127.0.0.1:{self.port}', 'ServerName localhost',
            f'PidFile {self.directory}/apache.pid', f'DefaultRuntimeDir {self.directory}',
            *(f'LoadModule {name}_module {MODULES}/mod_{name}.so' for name in modules),
            *(line.format(directory=self.directory) for line in self.more),
            'TypesConfig /dev/null', f'ErrorLog {self.directory}/log/error.log', 'LogLevel warn',
            # From Debian's apache2.conf, as the CustomLog below from its site.
            r'LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined',
            '<Directory />', 'AllowOverride None', 'Require all denied', '</Directory>',
            f'<Directory {self.directory}/empty>', 'Require all granted', '</Directory>',
            f'<VirtualHost 127.0.0.1:{self.port}>', f'DocumentRoot {self.directory}/empty',
            'CustomLog ${APACHE_LOG_DIR}/access.log combined',
            f'Include onlogin/{self.file}', '</VirtualHost>', '']))
        self.run(['apache2', '-f', self.directory / 'apache.conf', '-DFOREGROUND'],
                 dict(os.environ, APACHE_LOG_DIR=f'{self.directory}/log'))


class ApacheProxyFcgi(Apache):
    name = 'apache_proxy_fcgi'
    file = 'apache-proxy-fcgi.conf'
    modules = ('proxy', 'proxy_fcgi')

    def start(self, edits):
        self.processes.append(self.place.spawn())
        super().start(edits)


class ApacheFcgid(Apache):
    name = 'apache_fcgid'
    file = 'apache-fcgid.conf'
    modules = ('fcgid',)
    more = ('FcgidIPCDir {directory}', 'FcgidProcessTableFile {directory}/fcgid.table')


class ApacheCgid(Apache):
    name = 'apache_cgid'
    file = 'apache-cgid.conf'
    modules = ('cgid',)


class ApacheCgi(Apache):
    name = 'apache_cgi'
    file = 'apache-cgid.conf'
    mpm = 'prefork'
    modules = ('cgi',)


class Lighttpd(Server):
    graceful = signal.SIGINT
    needs_length = True
    file = ''

    def start(self, edits):
        edits = [*edits, ('/var/log/lighttpd/', f'{self.directory}/log/'),
                 ('/var/cache/lighttpd/', f'{self.directory}/')]
        (self.directory / self.file).write_text(self.place.edit(self.file, edits))
        (self.directory / 'lighttpd.conf').write_text('\n'.join([
            f'server.document-root = "{self.directory}/empty"',
            f'server.errorlog = "{self.directory}/log/error.log"',
            f'server.port = {self.port}', 'server.bind = "127.0.0.1"',
            f'server.upload-dirs = ( "{self.directory}" )',
            'server.modules = ( "mod_access", "mod_alias" )',
            'server.feature-flags = ( "server.h2proto" => "enable", "server.h2c" => "enable" )',
            # From Debian's lighttpd.conf and 10-accesslog.conf.
            'server.http-parseopts = (',
            *(f'"{option}" => "enable",' for option in (
                'header-strict', 'host-strict', 'host-normalize', 'url-normalize-unreserved',
                'url-normalize-required', 'url-ctrls-reject', 'url-path-2f-decode',
                'url-path-dotseg-remove')), ')',
            'server.modules += ( "mod_accesslog" )',
            f'accesslog.filename = "{self.directory}/log/access.log"',
            f'include "{self.directory}/{self.file}"', '']))
        self.run(['lighttpd', '-D', '-f', self.directory / 'lighttpd.conf'])


class LighttpdFastcgi(Lighttpd):
    name = 'lighttpd_fastcgi'
    file = 'lighttpd-fastcgi.conf'

    def start(self, edits):
        self.processes.append(self.place.spawn())
        super().start(edits)


class LighttpdSpawned(Lighttpd):
    name = 'lighttpd_spawned'
    file = 'lighttpd-spawned.conf'


class LighttpdCgi(Lighttpd):
    name = 'lighttpd_cgi'
    file = 'lighttpd-cgi.conf'


class NginxFcgiwrap(Server):
    name = 'nginx_fcgiwrap'
    graceful = signal.SIGQUIT
    workers, limits = 20, False

    def start(self, edits):
        # As `fcgiwrap -c20`, but the children of that one would outlive a test that is killed.
        socket_file = self.directory / 'fcgiwrap.socket'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(socket_file))
            listener.listen(100)
            for _ in range(self.workers):
                self.run(['fcgiwrap'], stdin=listener)
        self.nginx = Nginx(self.place.socket, limits=self.limits, edits=[
            *((re.escape(old), new) for old, new in edits),
            ('/usr/sbin/onlogin', str(self.place.program)),
            ('/etc/onlogin/onlogin.json', str(self.place.config_file)),
            ('/run/fcgiwrap.socket', str(socket_file))],
            instead={'snippets/onlogin-location.conf': HOSTING / 'nginx-fcgiwrap.conf'})
        self.port = self.nginx.port

    def connect(self):
        return self.nginx.connect()

    def plain(self):
        return self.nginx.context.wrap_socket(super().plain(), server_hostname='localhost')

    def stop(self):
        self.nginx.process.signal(self.graceful)

    def finish(self):
        self.nginx.finish()
        super().finish()


class NginxFcgiwrapOfDebian(NginxFcgiwrap):
    """As it comes: one process."""

    workers, limits = 1, True


SERVERS = (ApacheProxyFcgi, ApacheFcgid, ApacheCgid, ApacheCgi, LighttpdFastcgi, LighttpdSpawned,
           LighttpdCgi, NginxFcgiwrap)
