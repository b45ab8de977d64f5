"""Hosts that lack something: descriptors, rights, disk space, certificates."""

import grp
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import time

import fcgi
from harness import (APP, ONLOGIN, PATIENCE, SANITIZED, SECRETS, Case, Process, Worker,
                     configuration, each, magic, new_directory, together, until, write_private)

NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']


def check(file, *before, program=ONLOGIN, **options):
    """What `onlogin -t` says."""
    return subprocess.run([*before, program, '-t', '-c', str(file)], capture_output=True, text=True,
                          timeout=20 * PATIENCE, stdin=subprocess.DEVNULL, **options)


class FewDescriptors(Case):
    def worker(self, limit):
        """One that may open so many files."""
        path = new_directory() / 'socket'
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(path))
        listener.listen(1024)
        worker = Worker(listener=listener, before=['prlimit', f'--nofile={limit}:{limit}', '--'])
        self.addCleanup(worker.finish)
        return worker

    @each(('48', 48, 100), ('64', 64, 100), ('200', 200, 700))
    def test_200_at_once_are_all_logged_in(self, limit, delay_ms):
        worker = self.worker(limit)
        held = []
        for _ in range(200):  # more than it may open, before the first one has its answer
            held.append(worker.connect())
            held[-1].send(fcgi.request(fcgi.get('code=' + magic(f'delay-{delay_ms}'))))
        for connection in held:
            self.assert_logged_in(connection.read_answer())
            connection.close()
        line, = worker.log_lines(' error ', ' accept ')
        self.assertIn('LimitNOFILE=', line)
        self.assertIn('ulimit -n', line)
        self.assert_unharmed(worker)

    def test_a_start_says_that_wechat_gets_fewer_connections(self):
        line, = self.worker(64).log_lines(' warn few open files ')
        self.assertIn('connections_to_wechat=32', line)

    def test_idle_connections_make_room_for_others(self):
        worker = self.worker(48)
        held = [worker.connect() for _ in range(8)]
        for connection in held:
            connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
            self.assert_logged_in(connection.read_answer())
        for _ in range(3):
            self.assert_unharmed(worker)
        self.assertTrue(held[0].ends(), 'the one that was idle for longest')
        for connection in held:
            connection.close()

    def test_nginx_which_keeps_connections_loses_no_login(self):
        worker = self.worker(48)
        nginx = self.own_nginx(worker.socket, limits=False)
        for _ in range(3):
            for answer in together([lambda: nginx.login(magic('delay-50'))] * 50):
                self.assert_logged_in(answer)
            # A POST that nginx sends into a connection that is just being closed, too.
            for answer in together([lambda: nginx.post('code=' + magic('delay-50'))] * 50):
                self.assert_logged_in(answer)

    @each(('0', 20), ('16', 16), ('47', 47))
    def test_an_absurd_limit_ends_the_start(self, limit):
        if SANITIZED:
            self.skipTest('the sanitizer needs descriptors itself')
        file = new_directory() / 'onlogin.json'
        write_private(file, f'{{"apps": [{{"appid": "{APP}", "secret": "{SECRETS[APP]}"}}]}}')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(new_directory() / 'socket'))
            listener.listen()
            done = subprocess.run(['prlimit', f'--nofile={limit}:{limit}', '--', ONLOGIN, '-c',
                                   file], stdin=listener, capture_output=True, text=True,
                                  timeout=20 * PATIENCE)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, r'^onlogin: [^\n]*open files[^\n]*LimitNOFILE=[^\n]*\n$')


class Rights(Case):
    """As a user who may not read what it needs."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest('only root can become another user')
        self.directory = new_directory()
        self.directory.chmod(0o755)
        self.program = self.directory / 'onlogin'
        shutil.copy(ONLOGIN, self.program)
        self.etc = self.directory / 'etc'
        self.etc.mkdir()
        self.etc.chmod(0o755)
        self.file, self.secret = self.etc / 'onlogin.json', self.etc / 'app.secret'
        self.file.write_text(f'{{"apps": [{{"appid": "{APP}", "secret_file": "app.secret"}}]}}')
        self.file.chmod(0o644)
        write_private(self.secret, SECRETS[APP])
        shutil.chown(self.secret, 65534, 65534)

    def check(self, environment=None):
        return check(self.file, *NOBODY, program=self.program,
                     env=dict(os.environ, **(environment or {})))

    def complaint(self, environment=None):
        done = self.check(environment)
        self.assertEqual((done.returncode, done.stdout), (1, ''), done)
        self.assertEqual(done.stderr.count('\n'), 1, done)
        return done.stderr

    def mended_by(self, command):
        """The advice is the end of the line, and works."""
        complaint = self.complaint()
        self.assertIn('Permission denied for user nobody: ', complaint)
        self.assertTrue(complaint.endswith(f': {command}\n'), complaint)
        subprocess.run(command, shell=True, check=True)
        self.assertEqual(self.check().returncode, 0)

    def test_the_right_rights_are_fine(self):
        self.assertEqual(self.check().returncode, 0)

    def test_a_secret_of_another_user(self):
        shutil.chown(self.secret, 0, 0)
        self.mended_by(f'chown nobody {self.secret}')

    def test_a_secret_that_its_owner_may_not_read(self):
        self.secret.chmod(0o000)
        self.mended_by(f'chmod u+r {self.secret}')

    def test_a_configuration_of_another_user(self):
        self.file.chmod(0o600)
        self.mended_by(f'chown nobody {self.file}')

    def test_a_directory_that_is_closed(self):
        self.etc.chmod(0o700)
        group = grp.getgrgid(65534).gr_name
        self.mended_by(f'chgrp {group} {self.etc} && chmod g+x {self.etc}')

    def test_a_directory_of_secrets_that_is_closed_is_not_opened_to_all(self):
        # As the Debian package makes it.
        secrets = self.etc / 'secrets'
        secrets.mkdir(mode=0o700)
        self.secret.rename(secrets / 'app.secret')
        shutil.chown(secrets / 'app.secret', 0, 0)
        self.file.write_text(self.file.read_text().replace('app.secret', 'secrets/app.secret'))
        self.assertIn('run it as root, or as the user that the worker runs as; if that is nobody, '
                      'give it', self.complaint())
        self.mended_by(f'chown nobody {secrets} {secrets}/app.secret')
        self.assertEqual(stat.S_IMODE(secrets.stat().st_mode), 0o700)

    def test_a_secret_that_systemd_was_not_given(self):
        """As a service sees a file that is missing: it may not look into the directory."""
        credentials = self.directory / 'handed-over'
        credentials.mkdir(mode=0o755)
        shutil.chown(self.secret, 0, 0)
        said = self.complaint({'CREDENTIALS_DIRECTORY': str(credentials)})
        self.assertIn('/etc/onlogin/secrets (LoadCredential=): put it there', said)
        self.assertNotIn('chown', said)

    def test_a_closed_directory_of_credentials_is_named(self):
        closed = self.directory / 'credentials'
        closed.mkdir(mode=0o700)
        self.secret.unlink()
        self.assertIn(f'{closed}: Permission denied for user nobody: systemd made it for the user',
                      self.complaint({'CREDENTIALS_DIRECTORY': str(closed)}))

    def test_ca_certificates_that_are_closed(self):
        ca = self.etc / 'ca.pem'
        shutil.copy('/etc/ssl/certs/ca-certificates.crt', ca)
        ca.chmod(0o600)
        self.file.write_text(f'{{"apps": [{{"appid": "{APP}", "secret_file": "app.secret"}}],'
                             f'\n"wechat": {{"ca_file": "ca.pem"}}}}')
        self.mended_by(f'chmod a+r {ca}')


class Certificates(Case):
    def config(self, **wechat):
        file = new_directory() / 'onlogin.json'
        write_private(file, json.dumps(
            {'apps': [{'appid': APP, 'secret': SECRETS[APP]}], 'wechat': wechat}))
        return file

    def test_a_host_without_any_is_told_which_package_brings_them(self):
        if os.geteuid() != 0:
            self.skipTest('only root can hide them')
        hidden = ['unshare', '--mount', 'sh', '-c',
                  'mount -t tmpfs none /etc/ssl/certs || exit 77; exec "$@"', 'sh']
        done = check(self.config(), *hidden)
        if done.returncode == 77 or 'unshare' in done.stderr:
            self.skipTest('no mounts here')
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, r'^[^\n]*/etc/ssl/certs/ca-certificates\.crt: '
                                      r'[^\n]*package ca-certificates[^\n]*\n$')
        # Who does not need them does not miss them.
        self.assertEqual(check(self.config(url='http://127.0.0.1:1'), *hidden).returncode, 0)

    def test_a_missing_ca_file_is_named(self):
        done = check(self.config(ca_file='/nowhere/ca.pem'))
        self.assertEqual(done.returncode, 1, done)
        self.assertIn('wechat.ca_file: /nowhere/ca.pem: No such file', done.stderr)

    def test_a_service_is_reminded_that_its_tmp_may_be_its_own(self):
        file = self.config(ca_file='/tmp/onlogin-nowhere/ca.pem')
        for variables, reminded in (({}, False), ({'INVOCATION_ID': '0' * 32}, True)):
            environment = {name: value for name, value in os.environ.items()
                           if name != 'INVOCATION_ID'}
            done = check(file, env=dict(environment, **variables))
            self.assertEqual('PrivateTmp=' in done.stderr, reminded, done)


class LogOnFullDisk(Case):
    """Logins go on, and when there is space again the log owns up."""

    def test_a_device_that_is_full(self):
        with open('/dev/full', 'w') as full:
            worker = self.own_worker(stderr=full, wait=False)
        worker.await_socket()
        for _ in range(20):
            self.assert_unharmed(worker)

    def test_a_file_system_that_has_space_again(self):
        if os.geteuid() != 0:
            self.skipTest('only root can mount')
        place = new_directory() / 'log'
        place.mkdir()
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'none', place],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest('no mounts here')
        self.addCleanup(subprocess.run, ['umount', '--lazy', place], check=True)
        log = place / 'onlogin.log'
        with log.open('ab') as file:
            worker = self.own_worker(stderr=file, wait=False)
        worker.await_socket()
        self.assert_unharmed(worker)
        (place / 'other').write_bytes(b'x' * 4096)
        for _ in range(300):
            self.assert_logged_in(worker.login())
        (place / 'other').unlink()
        self.assert_unharmed(worker)
        self.assert_unharmed(worker)
        time.sleep(0.2)
        text = log.read_text()
        self.assertRegex(text, r'log lines lost count=\d+\n')
        whole = [line for line in text.splitlines() if line.startswith('20')]
        self.assertLessEqual(len(text.splitlines()) - len(whole), 0, 'every line begins anew')
        self.assertEqual(worker.stop(), 0)

    def test_closed_standard_descriptors_are_not_taken_by_sockets(self):
        self.look_inside()
        path = new_directory() / 'socket'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            worker = Worker(listener=listener, wait=False,
                            before=['sh', '-c', 'exec "$@" 1>&- 2>&-', 'sh'])
            self.addCleanup(worker.finish)
            until(lambda: worker.login().status == 200, what='a login')
        for number in (0, 1, 2):
            self.assertEqual(os.readlink(f'/proc/{worker.pid}/fd/{number}'), '/dev/null')


class Sockets(Case):
    def test_one_that_a_crash_left_behind_is_replaced(self):
        directory = new_directory()
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(directory / 'onlogin.sock'))
            stale.listen()
        self.assert_unharmed(self.own_worker(directory=directory))

    def test_one_that_is_in_use_is_left_alone(self):
        worker = self.own_worker()
        done = subprocess.run(['spawn-fcgi', '-n', '-s', worker.socket, '--', ONLOGIN, '-c',
                               worker.config_file], capture_output=True, text=True, timeout=20)
        self.assertNotEqual(done.returncode, 0, done)
        self.assertIn('already in use', done.stderr)
        self.assert_unharmed(worker)

    @each(('loopback', '127.0.0.1', 'every user'), ('everywhere', '0.0.0.0', 'whole network'))
    def test_a_port_works_and_is_warned_of_once(self, address, who):
        directory = new_directory()
        file = directory / 'onlogin.json'
        write_private(file, json.dumps(configuration()))
        with socket.create_server((address, 0)) as listener, (directory / 'log').open('wb') as log:
            process = Process([ONLOGIN, '-c', file], stdin=listener, stderr=log,
                              stdout=subprocess.DEVNULL)
            self.addCleanup(process.end)
            port = listener.getsockname()[1]
            for _ in range(3):
                with socket.create_connection(('127.0.0.1', port), timeout=20) as client:
                    client.sendall(fcgi.request(fcgi.get('code=' + magic())))
                    answer = b''
                    while piece := client.recv(65536):
                        answer += piece
                self.assertIn(b'openid', answer)
        lines = [line for line in (directory / 'log').read_text().splitlines()
                 if ' warn open to others ' in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], rf'address={re.escape(address)}:{port} .*{who}')

    def test_a_unix_socket_is_no_reason_to_warn(self):
        worker = self.own_worker()
        self.assertEqual(worker.log_lines(' warn open '), [])
