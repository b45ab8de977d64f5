"""`onlogin doctor` on a host with services, with other users, and with web servers that start the worker."""

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess

import harness
from harness import APP, ONLOGIN, SECRETS, configuration, each, new_directory, write_private
from test_doctor import DoctorCase, visit

NOBODY = 65534


def systemctl(file, socket='inactive', **properties):
    """A stand-in that tells of one service of this configuration."""
    unit = {'Id': 'onlogin.service', 'LoadState': 'loaded', 'ActiveState': 'activating',
            'SubState': 'auto-restart', 'UnitFileState': 'enabled', 'StatusText': '', 'MainPID': '0',
            'ExecStart': f'{{ path=/usr/sbin/onlogin ; argv[]=/usr/sbin/onlogin -c {file} ; '
                         'ignore_errors=no }', **properties}
    lines = '\n'.join(f'{name}={value}' for name, value in unit.items())
    return f"#!/bin/sh\ncat <<'END'\n{lines}\n\nId=onlogin-spawn-fcgi.service\n" \
           f'LoadState=not-found\nActiveState=inactive\n\nId=onlogin.socket\nLoadState=loaded\n' \
           f'ActiveState={socket}\nEND\n'


class Services(DoctorCase):
    def visit_with(self, journal='', **properties):
        file = new_directory() / 'onlogin.json'
        write_private(file, json.dumps(configuration()))
        return self.visit_file(file, journal, **properties)

    def visit_file(self, file, journal='', **properties):
        return visit(file, nginx=self.nginx, programs={
            'systemctl': systemctl(file, **properties),
            'journalctl': f"#!/bin/sh\ncat <<'END'\n{journal}\nEND\n"})

    def test_the_status_of_a_service_that_fails(self):
        findings = self.visit_with(StatusText='revocations.db: database or disk is full')
        findings.find('worker', 'bad', 'onlogin.service: activating (auto-restart), and says: '
                      'revocations.db: database or disk is full', 'mend what it says')
        self.assertFalse([f for f in findings if 'none runs' in f.text])

    @each(('ours', 'onlogin: /etc/onlogin/onlogin.json:1: apps: is empty',
           'says: /etc/onlogin/onlogin.json:1: apps: is empty'),
          ("systemd's", 'onlogin.service: Failed at step USER spawning /usr/sbin/onlogin: No such '
           'process', 'says: onlogin.service: Failed at step USER'))
    def test_last_words_where_there_is_no_status(self, words, expected):
        noise = 'onlogin.service: Main process exited, code=exited, status=1/FAILURE\n' \
                "onlogin.service: Failed with result 'exit-code'.\n" \
                'onlogin.service: Scheduled restart job, restart counter is at 9.\n' \
                'Stopped onlogin.service - WeChat mini-program login.\n' \
                'Starting onlogin.service - WeChat mini-program login...'
        findings = self.visit_with(f'something older\n{words}\n{noise}')
        findings.find('worker', 'bad', 'onlogin.service', expected)

    def test_a_service_that_failed_without_a_word(self):
        self.visit_with(ActiveState='failed', SubState='failed').find(
            'worker', 'bad', 'onlogin.service: failed (failed)', 'systemctl restart onlogin.service')

    def test_a_service_that_its_socket_starts_is_as_it_should_be(self):
        findings = self.visit_with(ActiveState='inactive', SubState='dead', socket='active')
        findings.find('worker', 'ok', 'onlogin.service starts with the next login')
        self.assertFalse([f for f in findings if f.check == 'worker' and f.verdict == 'bad'])

    def test_a_service_that_is_switched_off(self):
        self.visit_with(ActiveState='inactive', SubState='dead', UnitFileState='disabled').find(
            'worker', 'warn', 'none runs', 'systemctl enable --now onlogin.service')

    def test_a_service_that_runs_is_not_mentioned(self):
        findings = self.visit_file(self.worker.config_file, ActiveState='active', SubState='running',
                                   MainPID=str(self.worker.pid))
        self.assertFalse([f for f in findings if 'onlogin.service' in f.text])

    def test_a_service_of_another_configuration_is_not_mentioned(self):
        file = new_directory() / 'onlogin.json'
        write_private(file, json.dumps(configuration()))
        findings = visit(file, nginx=self.nginx,
                         programs={'systemctl': systemctl('/etc/onlogin/onlogin.json')})
        findings.find('worker', 'warn', 'none runs')


class Strangers(DoctorCase):
    """Another user of the host runs the program that is installed there."""

    def setUp(self):
        super().setUp()
        self.look_inside()
        self.directory = new_directory()
        self.directory.chmod(0o755)
        self.program = self.directory / 'onlogin'
        shutil.copy(ONLOGIN, self.program)
        self.file = self.directory / 'onlogin.json'
        self.secret = self.directory / 'app.secret'
        write_private(self.secret, SECRETS[APP])
        self.file.write_text(json.dumps(configuration([{'appid': APP, 'secret_file': 'app.secret'}],
                                                      wechat={'ca_file': ''})))
        self.his = new_directory()
        self.his.chmod(0o755)
        os.chown(self.his, NOBODY, NOBODY)

    def run_his(self, path, *before, **environment):
        """His worker, with the admin's configuration and an AppSecret of his own."""
        write_private(self.his / 'app.secret', 'f' * 32)
        os.chown(self.his / 'app.secret', NOBODY, NOBODY)
        script = 'import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); ' \
                 's.listen(); os.dup2(s.fileno(), 0); os.execv(sys.argv[2], sys.argv[2:])'
        process = harness.Process(
            [*before, 'setpriv', '--reuid', str(NOBODY), '--regid', str(NOBODY), '--clear-groups',
             '/usr/bin/python3', '-c', script, path, self.program, '-c', self.file],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, CREDENTIALS_DIRECTORY=str(self.his), **environment))
        self.addCleanup(process.end)
        harness.until(lambda: os.readlink(f'/proc/{process.pid}/exe') == str(self.program),
                      what='his worker')
        return process

    def ask(self, nginx=None):
        return visit(self.file, nginx=nginx or self.nginx, program=self.program)

    def assert_not_believed(self, process, nginx=None):
        findings = self.ask(nginx)
        findings.find('worker', 'warn', f'process {process.pid} of nobody', 'stranger')
        self.assertFalse([f for f in findings if 'give it to the user' in f.mend
                          or 'systemctl restart onlogin' == f.mend])
        findings.find('secret', 'ok', 'owner root')
        os.chown(self.secret, NOBODY, NOBODY)
        findings = self.ask(nginx)
        findings.find('secret', 'bad', 'it belongs to nobody', 'chown -h root')
        return findings

    def test_his_worker_is_none_of_the_deployment(self):
        self.assert_not_believed(self.run_his(self.his / 'any.sock'))

    def test_his_socket_where_the_sites_is_in_a_view_of_his_own(self):
        """He lays a directory of his own over the one of the site's socket, which is not there."""
        place = new_directory()
        place.chmod(0o755)
        site = place / 'onlogin.sock'
        nginx = self.own_nginx(site)
        process = self.run_his(site, 'unshare', '--mount', 'sh', '-c',
                               f'mount --bind {self.his} {place} && exec "$@"', 'sh')
        self.assertTrue((self.his / 'onlogin.sock').exists())
        findings = self.ask(nginx)
        findings.find('socket', 'bad', f'{site}: No such file')
        self.assertFalse([f for f in findings if 'another instance' in f.text])
        self.assertFalse([f for f in findings if f.check == 'worker' and f.verdict == 'ok'])
        self.assertNotIn(f'process {process.pid} as', str(findings))

    def test_his_socket_in_a_directory_that_all_share(self):
        shared = new_directory()
        shared.chmod(0o1777)
        site = shared / 'onlogin.sock'
        process = self.run_his(site)
        nginx = self.own_nginx(site)
        findings = self.assert_not_believed(process, nginx)
        findings.find('socket', 'bad', f'{site}: nobody listens there, a stranger')

    def test_his_link_on_the_way_to_a_file(self):
        link = self.his / 'link'
        link.symlink_to(self.secret)
        self.file.write_text(json.dumps(configuration(
            [{'appid': APP, 'secret_file': str(link)}], wechat={'ca_file': ''})))
        self.ask().find('secret', 'bad', f'{self.his}: it belongs to nobody')

    def test_a_configuration_of_his_is_not_read_by_root(self):
        os.chown(self.file, NOBODY, NOBODY)
        findings = self.ask()
        findings.find('config', 'bad', 'is not read')
        findings.find('files', 'bad', 'it belongs to nobody', 'chown -h root')
        self.assertFalse([f for f in findings if f.check == 'app'])


class ByWebServer(DoctorCase):
    """As nginx/hosting/ says it: the web server's user owns configuration and secret."""

    def setUp(self):
        super().setUp()
        self.look_inside()
        self.user = pwd.getpwnam('www-data')
        self.directory = new_directory()
        self.directory.chmod(0o755)
        self.file, self.secret = self.directory / 'onlogin.json', self.directory / 'app.secret'
        write_private(self.secret, SECRETS[APP])
        write_private(self.file, json.dumps(configuration(
            [{'appid': APP, 'secret_file': 'app.secret'}], wechat={'ca_file': ''})))
        for file in (self.file, self.secret):
            os.chown(file, self.user.pw_uid, self.user.pw_gid)
        self.program = self.directory / 'onlogin'
        shutil.copy(ONLOGIN, self.program)

    def ask(self, **options):
        return visit(self.file, program=self.program, **options)

    def assert_content(self, findings):
        for file in (self.file, self.secret):
            self.assertEqual([f.verdict for f in findings if f.text.startswith(f'{file}: owner')],
                             ['ok'], findings)
        self.assertFalse([f for f in findings if 'chown' in f.mend], findings)
        findings.find('config', 'ok')

    def test_by_cgi(self):
        fcgiwrap = new_directory() / 'fcgiwrap.sock'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(fcgiwrap))
            nginx = self.own_nginx(fcgiwrap, edits=[
                (r'fastcgi_pass onlogin;',
                 'fastcgi_pass onlogin; fastcgi_param SCRIPT_FILENAME /usr/sbin/onlogin;')])
            findings = self.ask(nginx=nginx)
            self.assert_content(findings)
            findings.find('worker', 'ok', 'none runs: the web server starts it, as www-data')

    def test_as_a_child_of_the_web_server(self):
        path = new_directory() / 'onlogin.sock'
        nginx = self.own_nginx(path, edits=[(r'fastcgi_pass onlogin;', 'return 404;')])
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
            listener.bind(str(path))
            listener.listen()
            worker = harness.Process(
                ['setpriv', '--reuid', 'www-data', '--regid', 'www-data', '--clear-groups',
                 self.program], stdin=listener, stderr=subprocess.DEVNULL,
                env=dict(os.environ, ONLOGIN_CONFIG=str(self.file)))
            self.addCleanup(worker.end)
            harness.until(lambda: os.readlink(f'/proc/{worker.pid}/exe') == str(self.program))
            findings = self.ask(nginx=nginx)
            self.assert_content(findings)
            findings.find('worker', 'ok', f'process {worker.pid} as www-data')

    def test_with_a_service_the_web_servers_user_is_a_stranger(self):
        findings = visit(self.file, nginx=self.nginx, program=self.program)
        findings.find('config', 'bad', 'is not read')
        for file in (self.file, self.secret):
            if file == self.file:
                findings.find('files', 'bad', str(file), 'it belongs to www-data')

    def test_a_file_that_neither_owns(self):
        os.chown(self.secret, NOBODY, NOBODY)
        fcgiwrap = new_directory() / 'fcgiwrap.sock'
        nginx = self.own_nginx(fcgiwrap, edits=[(r'fastcgi_pass onlogin;', 'return 404;')])
        self.ask(nginx=nginx).find('secret', 'bad', 'it belongs to nobody',
                                   f'chown -h www-data {self.secret}', 'suexec')
