"""What the process keeps from others, and what of its environment it does not heed."""

import base64
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import threading
import urllib.parse

import harness
from harness import (APP, ONLOGIN, SECRETS, Case, configuration, each, end_listening, free_port,
                     keep_private, new_directory, until, wechat, write_private)

SECRET = SECRETS[APP]


class Privacy(Case):
    @classmethod
    def setUpClass(cls):
        cls.directory = new_directory()
        write_private(cls.directory / 'app.secret', SECRET)
        cls.worker = cls.start_worker(
            configuration([{'appid': APP, 'secret_file': 'app.secret'}]), directory=cls.directory)
        cls.proc = pathlib.Path(f'/proc/{cls.worker.pid}')

    def test_there_are_no_core_dumps(self):
        self.assertRegex((self.proc / 'limits').read_text(), r'(?m)^Max core file size +0 +0 ')

    def test_the_command_line_holds_no_secret(self):
        self.assertNotIn(SECRET.encode(), (self.proc / 'cmdline').read_bytes())

    def test_the_environment_holds_no_secret(self):
        self.look_inside()
        self.assertNotIn(SECRET.encode(), (self.proc / 'environ').read_bytes())

    def test_all_descriptors_that_the_system_allows_are_used(self):
        soft, hard = resource.prlimit(self.worker.pid, resource.RLIMIT_NOFILE)
        self.assertEqual(soft, hard)

    def test_no_file_is_left_open(self):
        self.look_inside()
        self.assert_unharmed(self.worker)
        for name in os.listdir(self.proc / 'fd'):
            target = os.readlink(self.proc / 'fd' / name)
            self.assertRegex(target, r'^(socket|pipe|anon_inode):|^/dev/(null|urandom)$|\.log$')

    def test_the_socket_is_ours_alone(self):
        self.assertEqual(self.worker.socket.stat().st_mode & 0o777, 0o600)


class Dumpable(Case):
    def test_others_of_the_same_user_cannot_look_inside(self):
        # The files in /proc of a process that is not dumpable are root's.
        directory = new_directory()
        program = directory / 'onlogin'
        shutil.copy(ONLOGIN, program)
        config = directory / 'onlogin.json'
        write_private(config, f'{{"apps": [{{"appid": "{APP}", "secret": "{SECRET}"}}]}}')
        user = []
        if os.geteuid() == 0:
            directory.chmod(0o755)
            shutil.chown(config, 65534, 65534)
            user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
        with socket.socket(socket.AF_UNIX) as listener, \
                (directory / 'onlogin.log').open('wb') as log:
            listener.bind(str(directory / 'onlogin.sock'))
            listener.listen()
            process = harness.Process([*user, program, '-c', config], stdin=listener, stderr=log,
                                      stdout=subprocess.DEVNULL)
            self.addCleanup(process.end)
            until(lambda: ' serving ' in (directory / 'onlogin.log').read_text() or
                  not process.alive(), what='the worker')
            self.assertTrue(process.alive(), (directory / 'onlogin.log').read_text())
            self.assertEqual(os.stat(f'/proc/{process.pid}/environ').st_uid, 0)


class Environment(Case):
    @each(*((name, name) for name in ('https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY',
                                      'all_proxy', 'ALL_PROXY')))
    def test_proxies_of_the_environment_are_not_used(self, name):
        worker = self.own_worker(environment={name: f'http://127.0.0.1:{free_port()}'})
        self.assert_logged_in(worker.login())

    def test_tls_keys_are_written_nowhere(self):
        file = new_directory() / 'keys'
        worker = self.own_worker(environment={'SSLKEYLOGFILE': str(file)})
        self.assert_logged_in(worker.login())
        worker.stop()
        self.assertFalse(file.exists())

    @each(('curl_home', 'CURL_HOME', '.curlrc', 'proxy = http://127.0.0.1:1\n'),
          ('netrc', 'HOME', '.netrc', 'default login a password b\n'))
    def test_files_for_curl_are_not_read(self, variable, file, text):
        directory = new_directory()
        write_private(directory / file, text)
        worker = self.own_worker(environment={variable: str(directory)})
        self.assert_logged_in(worker.login())


class Tunnel(threading.Thread):
    """An HTTP proxy that knows CONNECT, and notes to where. `user`, as name:password, if it wants
    to know."""

    def __init__(self, user=None):
        super().__init__(daemon=True)
        self.user = user and b'Basic ' + base64.b64encode(user.encode())
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.targets = []

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            head += client.recv(1)
        if self.user and b'\r\nProxy-Authorization: ' + self.user + b'\r\n' not in head:
            client.sendall(b'HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n')
            return
        target = head.split()[1].decode()
        self.targets.append(target)
        host, _, port = target.rpartition(':')
        server = socket.create_connection((host, int(port)))
        client.sendall(b'HTTP/1.1 200 OK\r\n\r\n')

        def copy(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        threading.Thread(target=copy, args=(server, client), daemon=True).start()
        copy(client, server)


class Proxy(Case):
    """wechat.proxy"""

    def test_the_configured_proxy_is_used(self):
        tunnel = Tunnel()
        tunnel.start()
        self.addCleanup(end_listening, tunnel.listener)
        worker = self.own_worker(configuration(
            wechat={'proxy': f'http://127.0.0.1:{tunnel.port}'}))
        for _ in range(3):
            self.assert_logged_in(worker.login())
        self.assertEqual(set(tunnel.targets), {f'localhost:{wechat().port}'})

    @each(('plain', 'worker', 'w0rd-for-the-proxy'), ('odd', 'w@/rker', 'p@:/?#% w0rd'))
    def test_a_proxy_that_asks_for_a_password_gets_it(self, user, password):
        tunnel = Tunnel(user + ':' + keep_private(password))
        tunnel.start()
        self.addCleanup(end_listening, tunnel.listener)
        quoted = ':'.join(urllib.parse.quote(word, safe='') for word in (user, password))
        worker = self.own_worker(configuration(
            wechat={'proxy': f'http://{quoted}@127.0.0.1:{tunnel.port}'}))
        self.assert_logged_in(worker.login())
        self.assertEqual(tunnel.targets, [f'localhost:{wechat().port}'])

    def test_a_proxy_out_of_reach_makes_wechat_so(self):
        worker = self.own_worker(configuration(
            wechat={'proxy': f'http://127.0.0.1:{free_port()}'}))
        self.assert_refused(worker.login(), 502, 502, 'later')
