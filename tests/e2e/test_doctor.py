"""`onlogin doctor` sees what is wrong with a deployment, and says what mends it."""

import contextlib
import grp
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import harness
from harness import (APP, ODD_APP, ONLOGIN, OTHER_APP, SECRETS, Case, Nginx, check_no_leak,
                     configuration, each, free_port, make_certificate, new_directory, wechat,
                     write_private)
from test_guard import NAMES
from test_session_keys import new_key


class Finding:
    def __init__(self, row):
        self.verdict, self.check = row['verdict'], row['check']
        self.text, self.mend = row['text'], row['mend']

    def __repr__(self):
        return f'{self.verdict} {self.check}: {self.text}: {self.mend}'


class Findings(list):
    """Of one visit of the doctor."""

    def __init__(self, result):
        super().__init__(Finding(row) for row in json.loads(result.stdout)['findings'])
        self.result = result
        self.ok = json.loads(result.stdout)['ok']

    def find(self, check, verdict, *words):
        """The finding that has all the words."""
        for finding in self:
            if finding.check == check and finding.verdict == verdict \
                    and all(word in finding.text + '\n' + finding.mend for word in words):
                return finding
        raise AssertionError(f'no {verdict} {check} with {words}:\n' +
                             '\n'.join(map(str, self)))

    def bad(self):
        return [finding for finding in self if finding.verdict == 'bad']


def doctor(config_file, *arguments, nginx=None, ca=None, environment=None, program=ONLOGIN,
           programs=None):
    """Asks it, with the nginx of the test in place of the host's (None: there is none), and with
    `programs`, {name: script}, in place of others."""
    stand_ins, programs = programs or {}, new_directory()
    for name, script in stand_ins.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    environment = dict(os.environ, PATH=f'{programs}:{os.environ["PATH"]}', **(environment or {}))
    if ca or nginx:
        environment['SSL_CERT_FILE'] = str(ca or nginx.certificate)
    wrapper = programs / 'nginx'
    if nginx is not None:
        # -V and -T alone, as the doctor asks; where they find the configuration is ours.
        wrapper.write_text('#!/bin/sh\nfor last; do :; done\n[ "$last" != -V ] || exec '
                           f'/usr/sbin/nginx -V\nexec /usr/sbin/nginx -e stderr '
                           f'-p {nginx.directory} -c {nginx.directory}/nginx.conf "$@"\n')
        wrapper.chmod(0o755)
    result = subprocess.run([program, 'doctor', '-c', config_file, *arguments],
                            env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, timeout=60)
    check_no_leak('the doctor', result.stdout + result.stderr)
    return result


def visit(config_file, **options):
    return Findings(doctor(config_file, '--json', **options))


def of_tests(finding):
    """The warnings that these tests earn: root may run them, and their WeChat is a fake."""
    return finding.verdict == 'warn' and (
        (finding.check == 'worker' and 'as root' in finding.text)
        or (finding.check == 'wechat' and 'real users cannot log in' in finding.text))


class DoctorCase(Case):
    """Worker and nginx as the README has them, in a directory of their own."""

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(mode='0660')
        cls.nginx = cls.start_nginx(cls.worker.socket)

    def visit(self, config=None, nginx=None, **options):
        """Of this deployment, with another configuration or another nginx."""
        file = self.worker.config_file
        if config is not None:
            file = new_directory() / 'onlogin.json'
            write_private(file, json.dumps(config))
        return visit(file, nginx=nginx or self.nginx, **options)

    def edited_nginx(self, *edits, **options):
        return self.own_nginx(self.worker.socket, edits=edits, **options)


class Healthy(DoctorCase):
    def test_all_is_well(self):
        findings = self.visit()
        self.assertEqual([f for f in findings if f.verdict != 'ok' and not of_tests(f)], [])
        self.assertTrue(findings.ok)
        self.assertEqual(findings.result.returncode, 0)
        self.assertEqual({finding.check for finding in findings},
                         {'config', 'files', 'worker', 'nginx', 'location', 'socket', 'certificate',
                          'front', 'tls', 'prefetch', 'wechat', 'clock', 'app'})

    def test_a_site_with_http_2(self):
        findings = self.visit(nginx=self.edited_nginx(http2=True))
        self.assertEqual([f for f in findings if f.verdict != 'ok' and not of_tests(f)], [])
        findings.find('front', 'ok', 'https://localhost')

    def test_a_fake_wechat_is_no_wechat(self):
        self.visit().find('wechat', 'warn', 'real users cannot log in', 'CA of onlogin-fake-wechat',
                          'leave url and ca_file out')

    def test_nor_is_what_listens_on_this_host(self):
        url = serve_wechat(self, 0)
        config = configuration(wechat={'url': url})
        bundle = new_directory() / 'bundle.pem'  # its CA is not the fake's
        make_certificate(bundle, new_directory() / 'key', 'elsewhere')
        config['wechat']['ca_file'] = str(bundle)
        self.visit(config).find('wechat', 'warn', 'real users cannot log in', url, 'this host')

    def test_it_prints_a_line_for_each_check(self):
        result = doctor(self.worker.config_file, nginx=self.nginx)
        *lines, last = result.stdout.splitlines()
        for line in lines:
            self.assertRegex(line, r'^(ok  |warn)  [a-z]+ +\S.*$')
        self.assertRegex(last, f'^{len(lines)} checks: 0 bad, [12] to look at$')
        self.assertEqual((result.returncode, result.stderr), (0, ''))

    def test_it_names_the_worker(self):
        self.visit().find('worker', 'ok' if os.geteuid() else 'warn',
                          f'process {self.worker.pid} as ')

    def test_it_tells_how_long_each_step_to_wechat_took(self):
        self.assertRegex(self.visit().find('wechat', 'ok').text,
                         r'name \d+ ms, connection \d+ ms, TLS \d+ ms, answer \d+ ms, HTTP/2$')

    def test_a_secret_in_a_file_of_its_own(self):
        directory = new_directory()
        write_private(directory / 'app.secret', SECRETS[APP] + '\n')
        file = directory / 'onlogin.json'
        write_private(file, json.dumps(configuration([{'appid': APP, 'secret_file': 'app.secret'}])))
        visit(file, nginx=self.nginx).find('secret', 'ok', 'app.secret', 'mode 0600')

    def test_the_session_keys(self):
        directory = new_directory()
        write_private(directory / 'session.keys', new_key())
        file = directory / 'onlogin.json'
        write_private(file, json.dumps(configuration(session={'keys_file': 'session.keys'})))
        visit(file, nginx=self.nginx).find('secret', 'ok', 'session.keys', 'mode 0600')

    def test_several_mini_programs_are_asked_one_by_one(self):
        findings = self.visit(configuration([APP, OTHER_APP, ODD_APP]))
        self.assertEqual([f.text.split(':')[0] for f in findings if f.check == 'app'],
                         [APP, OTHER_APP, ODD_APP])


class Files(DoctorCase):
    def test_a_broken_configuration_is_named_as_the_check_names_it(self):
        file = new_directory() / 'onlogin.json'
        write_private(file, '{"apps": [], "wechta": {}}')
        findings = visit(file, nginx=self.nginx)
        findings.find('config', 'bad', f'{file}:1: wechta', 'did you mean "wechat"')
        findings.find('location', 'ok')  # the others go on
        self.assertFalse(findings.ok)
        self.assertEqual(findings.result.returncode, 1)

    def test_a_missing_configuration(self):
        visit('/nowhere/onlogin.json').find('config', 'bad', '/nowhere/onlogin.json')

    def test_a_directory_that_others_may_write_to(self):
        self.worker.directory.chmod(0o777)
        self.addCleanup(self.worker.directory.chmod, 0o700)
        self.visit().find('files', 'bad', str(self.worker.directory), 'chmod go-w')

    def test_no_worker(self):
        self.visit(configuration()).find('worker', 'warn', 'none runs')

    def test_a_worker_that_cannot_read_the_secret_when_it_starts_again(self):
        self.look_inside()
        directory = new_directory()
        directory.chmod(0o755)
        secret, file = directory / 'app.secret', directory / 'onlogin.json'
        write_private(secret, SECRETS[APP])
        os.chown(secret, 65534, 65534)
        file.write_text(json.dumps(configuration([{'appid': APP, 'secret_file': 'app.secret'}],
                                                 wechat={'ca_file': ''})))
        program = directory / 'onlogin'
        shutil.copy(ONLOGIN, program)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(directory / 'onlogin.sock'))
            listener.listen()
            worker = harness.Process(
                ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups',
                 program, '-c', file], stdin=listener, stderr=subprocess.DEVNULL)
            self.addCleanup(worker.end)
            nginx = self.own_nginx(directory / 'onlogin.sock')  # makes it the site's
            harness.until(lambda: any(
                f.check == 'worker' and f.verdict == 'ok' and 'nobody' in f.text
                for f in visit(file, nginx=nginx, program=program)), what='the worker')
            visit(file, nginx=nginx, program=program).find('secret', 'ok')
            os.chown(secret, 0, 0)
            visit(file, nginx=nginx, program=program).find(
                'secret', 'bad', f'process {worker.pid} of nobody', 'cannot read it')

    def test_another_program_that_calls_itself_onlogin_is_no_worker(self):
        self.look_inside()
        other = harness.Process(
            ['python3', '-c', 'import ctypes, time; '
             'ctypes.CDLL(None).prctl(15, b"onlogin"); time.sleep(60)', '-c',
             self.worker.config_file], stdin=subprocess.DEVNULL)
        self.addCleanup(other.end)
        harness.until(lambda: open(f'/proc/{other.pid}/comm').read() == 'onlogin\n')
        self.assertNotIn(str(other.pid), self.visit().find('worker', 'warn', 'process').text)

    def test_a_secret_that_systemd_copied_before_it_was_changed(self):
        self.look_inside()
        directory, copies = new_directory(), new_directory()
        file = directory / 'onlogin.json'
        write_private(file, json.dumps(configuration([{'appid': APP, 'secret_file': 'a.secret'}])))
        write_private(directory / 'a.secret', SECRETS[APP])
        write_private(copies / 'a.secret', SECRETS[OTHER_APP])
        worker = self.own_worker(json.loads(file.read_text()), directory=directory,
                                 environment={'CREDENTIALS_DIRECTORY': str(copies)}, mode='0660')
        visit(worker.config_file).find('secret', 'warn', APP, 'systemctl restart')
        (directory / 'a.secret').unlink()  # somewhere else, which the unit alone knows
        visit(worker.config_file).find('config', 'ok')

    def test_an_output_that_cannot_be_written_is_a_failure(self):
        for command in (['-t'], ['doctor']):
            with open('/dev/full', 'w') as full:
                result = subprocess.run([ONLOGIN, *command, '-c', self.worker.config_file],
                                        stdout=full, stdin=subprocess.DEVNULL, timeout=60,
                                        stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, 1, command)
            self.assertIn('standard output', result.stderr)

    def test_without_rights_it_says_what_it_could_not_see(self):
        self.look_inside()
        directory = new_directory()
        directory.chmod(0o755)
        program = directory / 'onlogin'
        shutil.copy(ONLOGIN, program)
        result = subprocess.run(
            ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', program,
             'doctor', '--json', '-c', self.worker.config_file],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        Findings(result).find('config', 'bad', 'run the doctor as root')


class Sockets(DoctorCase):
    lasts = 25

    def impatient_nginx(self, path):
        """Does not let the doctor wait, who asks it too, for a worker that says nothing."""
        return self.own_nginx(path, edits=[('fastcgi_read_timeout 15s', 'fastcgi_read_timeout 1s')])

    def test_a_socket_that_everybody_may_use(self):
        self.worker.socket.chmod(0o666)
        self.addCleanup(self.worker.socket.chmod, 0o660)
        self.visit().find('socket', 'bad', '0666', 'chmod 0660')

    def test_a_socket_that_nginx_may_not_use(self):
        self.look_inside()
        nginx = self.own_nginx(self.worker.socket)
        file = nginx.directory / 'nginx.conf'
        file.write_text(file.read_text().replace('user root;', 'user nobody nogroup;'))
        self.visit(nginx=nginx).find('socket', 'bad', 'runs as nobody, may not pass',
                                     f'chmod a+x {self.worker.directory}')
        self.worker.directory.chmod(0o755)
        self.addCleanup(self.worker.directory.chmod, 0o700)
        self.visit(nginx=nginx).find('socket', 'bad', 'runs as nobody, may not connect',
                                     'SocketGroup=nogroup')
        # The group that nginx is told counts, and not the user's own.
        daemon = grp.getgrnam('daemon').gr_gid
        os.chown(self.worker.socket, 0, daemon)
        self.visit(nginx=nginx).find('socket', 'bad', 'may not connect')
        file.write_text(file.read_text().replace('nogroup;', 'daemon;'))
        self.visit(nginx=nginx).find('socket', 'ok', 'nobody (nginx) may connect')

    def test_a_second_instance_is_left_to_its_own_doctor(self):
        self.look_inside()
        other = self.own_worker(configuration([OTHER_APP]), mode='0660')
        nginx = self.own_nginx(other.socket)
        findings = self.visit(nginx=nginx)
        findings.find('location', 'ok', 'another instance', str(other.config_file))
        self.assertEqual(findings.bad(), [])
        visit(other.config_file, nginx=nginx).find('front', 'ok', '40029')

    def test_a_socket_where_programs_are_started(self):
        path = new_directory() / 'fcgiwrap.sock'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            path.chmod(0o660)
            nginx = self.own_nginx(path, edits=[
                (r'fastcgi_pass onlogin;',
                 'fastcgi_pass onlogin; fastcgi_param SCRIPT_FILENAME /usr/sbin/onlogin;')])
            findings = self.visit(nginx=nginx)
        findings.find('socket', 'ok', str(path))
        self.assertFalse([f for f in findings if f.check == 'worker' and 'no answer' in f.text])

    def test_a_socket_that_a_crash_left_behind(self):
        worker = self.own_worker(mode='0660')
        nginx = self.own_nginx(worker.socket)
        worker.process.signal(signal.SIGKILL)
        worker.process.wait(5)
        findings = visit(worker.config_file, nginx=nginx)
        findings.find('worker', 'bad', 'Connection refused', 'systemctl restart')
        findings.find('front', 'bad', '502', 'the login worker cannot be reached')

    def test_no_socket(self):
        nginx = self.own_nginx(self.worker.directory / 'elsewhere.sock')
        findings = self.visit(nginx=nginx)
        findings.find('socket', 'bad', 'elsewhere.sock: No such file', 'spawn-fcgi')

    def test_something_else_behind_the_socket(self):
        path = new_directory() / 'onlogin.sock'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            nginx = self.own_nginx(path)

            def hang_up():
                while True:
                    try:
                        listener.accept()[0].close()
                    except OSError:
                        return
            thread = threading.Thread(target=hang_up, daemon=True)
            thread.start()
            self.visit(nginx=nginx).find('worker', 'bad', f'no answer at {path}')
            listener.shutdown(socket.SHUT_RDWR)

    def test_something_that_sends_drop_by_drop(self):
        path = new_directory() / 'onlogin.sock'
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            nginx = self.impatient_nginx(path)

            def drip():
                connection, _ = listener.accept()
                with contextlib.suppress(OSError):
                    while True:
                        connection.send(b'x')
                        time.sleep(0.5)
            threading.Thread(target=drip, daemon=True).start()
            self.visit(nginx=nginx).find('worker', 'bad', 'no answer within 3 s')

    def test_a_worker_that_hangs(self):
        worker = self.own_worker(mode='0660')
        nginx = self.impatient_nginx(worker.socket)
        worker.process.signal(signal.SIGSTOP)
        self.addCleanup(worker.process.signal, signal.SIGCONT)
        visit(worker.config_file, nginx=nginx).find('worker', 'bad', 'no answer within 3 s')


class NginxConfiguration(DoctorCase):
    lasts = 20

    def test_a_configuration_that_nginx_refuses(self):
        nginx = self.edited_nginx()
        (nginx.directory / 'onlogin.conf').write_text('nonsense;\n')
        self.visit(nginx=nginx).find('nginx', 'bad', 'unknown directive "nonsense"', 'nginx -t')

    def test_no_location(self):
        nginx = self.edited_nginx()
        (nginx.directory / 'onlogin.conf').write_text('')
        # Another web server, which tests beside this one may have, is not this one's fault.
        findings = self.visit(nginx=nginx)
        self.assertTrue([f for f in findings if f.check == 'location' and f.verdict != 'ok'
                         and f.text.startswith('no location of nginx')], findings)

    @each(
        ('underscores_in_headers', (r'server_tokens off;', 'underscores_in_headers on;'),
         ('headers', 'bad', 'X_WX_OPENID', 'switch it off')),
        ('a read timeout below ours', (r'(fastcgi_read_timeout) 15s', 'fastcgi_read_timeout 4s'),
         ('timeouts', 'bad', '4000 ms', '4500 ms', '15s')),
        ('an access log with query strings', (r'onlogin\.log onlogin;', 'onlogin.log;'),
         ('logs', 'warn', 'access_log', 'codes')),
        ('an error log that quotes requests', (r'error\.log emerg;', 'error.log warn;'),
         ('logs', 'warn', 'error_log')),
        ('a TCP port', (r'server unix:[^ ;]*', 'server 127.0.0.1:9'),
         ('socket', 'warn', '127.0.0.1:9', 'unix socket')),
        ('an access log with request bodies', (r"time=\$request_time '", "$request_body '"),
         ('logs', 'warn', 'access_log')),
        ('no TLS', (r'listen (\S+) ssl;', 'listen 127.0.0.1:1 proxy_protocol;'),
         ('front', 'warn', 'no name or port')),
    )
    def test_it_warns_of(self, edit, expected):
        nginx = self.edited_nginx()
        for file in [nginx.directory / 'onlogin.conf', *(nginx.directory / 'snippets').iterdir()]:
            text = file.read_text()
            file.write_text(re.sub(*edit, text))
        self.visit(nginx=nginx).find(*expected)

    def guarded(self, backend, before=''):
        nginx = self.edited_nginx()
        file = nginx.directory / 'onlogin.conf'
        text = file.read_text()
        at = text.rindex('    location / {')
        file.write_text(text[:at] + '''
            location = /auth {
                internal;
                include snippets/onlogin-location.conf;
                fastcgi_param ONLOGIN_ACTION auth;
            }
            location /api/ {''' + before + '\n' + backend + '}\n' + text[at:])
        return self.visit(nginx=nginx)

    @each(('proxy_pass', 'proxy_pass http://127.0.0.1:9;', 'proxy_set_header X-WX-{} "";'),
          ('fastcgi_pass', 'fastcgi_pass 127.0.0.1:9;', 'fastcgi_param HTTP_X_WX_{} "";'),
          ('uwsgi_pass', 'uwsgi_pass 127.0.0.1:9;', 'uwsgi_param HTTP_X_WX_{} "";'))
    def test_identity_headers_of_clients_reach_a_backend_by(self, backend, setting):
        def settings(*names):
            return '\n'.join(setting.format(name.replace('-', '_') if '_WX' in setting else name)
                             for name in names)

        findings = self.guarded(backend, 'auth_request /auth;')
        findings.find('sessions', 'bad', 'location = /auth', 'session.keys_file')
        findings.find('headers', 'bad', 'location /api/', 'X-WX-OPENID')
        findings = self.guarded(backend)
        findings.find('headers', 'warn', 'location /api/', 'X-WX-OPENID')
        findings = self.guarded(backend, 'auth_request /auth;' + settings('OPENID', 'APPID'))
        findings.find('headers', 'bad', 'passes X-WX-UNIONID, X-WX-SOURCE, ')
        four = settings('OPENID', 'APPID', 'UNIONID', 'SOURCE')
        findings = self.guarded(backend, 'auth_request /auth;' + four)
        finding = findings.find('headers', 'bad', 'X-WX-FROM-OPENID', 'X-Original-Forwarded-For',
                                'snippets/onlogin-')
        self.assertNotIn('X-WX-OPENID', finding.text)
        all_names = settings(*(name.removeprefix('X-WX-') for name in NAMES)) + \
            '\n' + settings('SKEY', 'ORIGINAL-FORWARDED-FOR') \
            .replace('X-WX-ORIGINAL', 'X-ORIGINAL').replace('X_WX_ORIGINAL', 'X_ORIGINAL')
        findings = self.guarded(backend, 'auth_request /auth;' + all_names)
        findings.find('headers', 'ok')
        findings = self.guarded(backend, 'auth_request /auth;' +
                                all_names.replace('""', '$http_x_wx_openid'))
        findings.find('headers', 'bad', 'location /api/', 'X-WX-OPENID')
        if not setting.startswith('proxy'):
            return
        findings = self.guarded('if ($arg_x) { ' + backend + ' }', 'auth_request /auth;')
        findings.find('headers', 'bad', 'if ($arg_x)', 'X-WX-OPENID')


class NginxProcess(DoctorCase):
    """Whether the nginx that runs has read what is in its files."""

    def setUp(self):
        super().setUp()
        self.own = self.edited_nginx()
        self.site = self.own.directory / 'onlogin.conf'

    def later(self):
        """Times of files and of processes are told apart to a hundredth of a second."""
        time.sleep(0.1)

    def assert_it_must_be_reloaded(self, name):
        findings = self.visit(nginx=self.own)
        finding = findings.find('nginx', 'bad', f'process {self.own.process.pid}: it still has the '
                                'configuration of ', name + ' changed at ',
                                'reload nginx: systemctl reload nginx')
        self.assertRegex(finding.text, r'of \d\d:\d\d')
        self.own.reload()
        self.assertEqual(self.visit(nginx=self.own).bad(), [])

    def test_a_file_was_changed(self):
        self.later()
        self.site.write_text(self.site.read_text() + '# more\n')
        self.assert_it_must_be_reloaded('onlogin.conf')

    def test_a_snippet_came_from_elsewhere_with_its_old_time(self):
        snippet = self.own.directory / 'snippets/onlogin-location.conf'
        copy = snippet.with_suffix('.new')
        shutil.copy(snippet, copy)
        os.utime(copy, (1e9, 1e9))
        self.later()
        copy.rename(snippet)
        self.assert_it_must_be_reloaded('onlogin-location.conf')

    def test_a_certificate_was_renewed(self):
        self.later()
        make_certificate(self.own.certificate, self.own.directory / 'server.key', 'localhost')
        self.assert_it_must_be_reloaded('server.pem')

    def test_the_site_was_never_loaded(self):
        aside, link = self.site.with_suffix('.aside'), self.own.directory / 'enabled/site.conf'
        self.site.rename(aside)
        self.site.write_text('')
        link.parent.mkdir()
        main = self.own.directory / 'nginx.conf'
        main.write_text(main.read_text().replace('include onlogin.conf;',
                                                 'include onlogin.conf; include enabled/*.conf;'))
        self.own.reload()
        self.later()
        link.symlink_to(aside)
        findings = self.visit(nginx=self.own)
        findings.find('nginx', 'bad', 'it still has the configuration', '/enabled')
        findings.find('front', 'bad', 'reload nginx')
        self.assert_it_must_be_reloaded('/enabled')
        self.later()
        link.unlink()  # it serves logins, and no file says so
        self.visit(nginx=self.own).find('nginx', 'bad', '/enabled changed at ')

    def test_a_reload_that_is_on_its_way_is_waited_for(self):
        """`systemctl reload` has ended before nginx has read its files."""
        self.later()
        self.site.write_text(self.site.read_text() + '\n')
        self.own.process.signal(signal.SIGSTOP)
        self.own.process.signal(signal.SIGHUP)
        going_on = threading.Timer(0.7, self.own.process.signal, [signal.SIGCONT])
        going_on.start()
        self.addCleanup(going_on.join)
        findings = self.visit(nginx=self.own)
        self.assertEqual([f for f in findings if f.verdict == 'bad'], [])

    def test_a_reload_that_failed_changes_nothing(self):
        self.later()
        text = self.site.read_text()
        self.site.write_text('nonsense;')
        self.own.process.signal(signal.SIGHUP)
        harness.until(lambda: 'nonsense' in (self.own.directory / 'log/main-error.log').read_text()
                      or 'nonsense' in (self.own.directory / 'output').read_text())
        self.site.write_text(text + '# more\n')
        self.assert_it_must_be_reloaded('onlogin.conf')

    def test_another_program_has_its_port(self):
        self.look_inside()
        self.own.finish()
        with socket.create_server(('127.0.0.1', self.own.port)):
            self.visit(nginx=self.own).find(
                'nginx', 'bad', f'it does not run, and port {self.own.port}',
                f'(process {os.getpid()})', f'kill {os.getpid()}; systemctl start nginx')


class Front(DoctorCase):
    def test_a_server_that_denies_this_host(self):
        nginx = self.edited_nginx((r'fastcgi_pass onlogin;', 'fastcgi_pass onlogin; deny all;'))
        self.visit(nginx=nginx).find('front', 'warn', '403', 'where users come from')

    def test_a_large_page_of_somebody_else(self):
        directory = new_directory()
        directory.chmod(0o755)
        (directory / 'page').write_text('x' * 200_000)
        nginx = self.edited_nginx(
            (r'fastcgi_pass onlogin;', 'fastcgi_pass onlogin; rewrite ^ /page last;'),
            (r'location / \{', f'location = /page {{ root {directory}; }} location / {{'))
        self.visit(nginx=nginx).find('front', 'bad', 'HTTP 200', 'no JSON')

    def test_of_several_names_the_one_with_a_certificate_is_asked_for(self):
        nginx = self.edited_nginx((r'server_name login', 'server_name $hostname internal.invalid login'))
        findings = self.visit(nginx=nginx)
        findings.find('certificate', 'ok', 'localhost')
        findings.find('front', 'ok', '40029')

    def test_nginx_does_not_run(self):
        nginx = Nginx(self.worker.socket)
        nginx.finish()
        self.visit(nginx=nginx).find('front', 'bad', 'https://localhost', 'systemctl start nginx')

    def test_what_nginx_quotes_is_no_secret(self):
        nginx = self.edited_nginx()
        file = nginx.directory / 'onlogin.conf'
        file.write_text(f'{SECRETS[APP]} on;\n' + file.read_text())
        text = self.visit(nginx=nginx).find('nginx', 'bad' if os.geteuid() == 0 else 'warn',
                                            'unknown directive').text
        self.assertIn('"…"', text)

    def test_a_secret_that_others_may_read_where_systemd_copied_it_from(self):
        directory, credentials = new_directory(), new_directory()
        for place in (directory, credentials):
            write_private(place / 'app.secret', SECRETS[APP])
        worker = self.own_worker(configuration([{'appid': APP, 'secret_file': 'app.secret'}]),
                                 directory=directory,
                                 environment={'CREDENTIALS_DIRECTORY': str(credentials)})
        visit(worker.config_file).find('secret', 'ok', f'{directory}/app.secret')
        (directory / 'app.secret').chmod(0o644)
        findings = visit(worker.config_file)
        self.assertTrue([f for f in findings.bad()
                         if f'chmod 600 {directory}/app.secret' in f.text + f.mend], findings)

    def test_a_certificate_that_nobody_trusts_does_not_hide_the_rest(self):
        findings = self.visit(ca='/etc/ssl/certs/ca-certificates.crt')
        findings.find('certificate', 'bad', 'self-signed certificate', 'certbot')
        findings.find('front', 'ok', '40029')

    def test_a_certificate_for_another_name(self):
        nginx = self.edited_nginx()
        make_certificate(nginx.certificate, nginx.directory / 'server.key', 'example.org')
        nginx.reload()
        self.visit(nginx=nginx).find('certificate', 'bad', 'subject name', 'certbot certonly')

    def test_a_certificate_that_ends_soon(self):
        nginx = self.edited_nginx()
        make_certificate(nginx.certificate, nginx.directory / 'server.key', 'localhost', days=10)
        nginx.reload()
        self.visit(nginx=nginx).find('certificate', 'warn', ' days)', 'renew it soon')

    def test_tls_without_1_2(self):
        nginx = self.edited_nginx((r'ssl_protocols TLSv1\.2 TLSv1\.3', 'ssl_protocols TLSv1.3'))
        self.visit(nginx=nginx).find('tls', 'bad', 'TLS 1.2', 'ssl_protocols')

    def test_plain_http_alone(self):
        nginx = self.edited_nginx()
        file = nginx.directory / 'onlogin.conf'
        file.write_text(file.read_text().replace(' ssl;', ';'))
        nginx.reload()
        findings = self.visit(nginx=nginx)
        findings.find('front', 'warn', 'no TLS')
        findings.find('front', 'ok', 'http://localhost')


class WechatItself(DoctorCase):
    @each(('40013', {'appid': 'wxunknown', 'secret': SECRETS[APP]}, 'bad', 'compare it'),
          ('40125', {'appid': APP, 'secret': 'wrong' * 6}, 'bad', 'AppSecret is wrong'),
          ('40164', 'wx40164', 'bad', '203.0.113.7', 'whitelist'),
          ('40243', 'wx40243', 'bad', 'unfreeze'),
          ('48001', 'wx48001', 'bad', 'notices'),
          ('45011', 'wx45011', 'warn', 'later'))
    def test_it_says_what(self, app, verdict, *words):
        findings = self.visit(configuration([app]))
        errcode = self.id().split('[')[1].rstrip(']')
        findings.find('app', verdict, f'WeChat answered {errcode}', *words)

    @each(('an unknown name', 'https://nowhere.invalid', 'nowhere.invalid', 'name server'),
          ('a port where nobody is', f'https://localhost:{free_port()}', 'port 443'))
    def test_it_cannot_reach(self, url, *words):
        findings = self.visit(configuration(wechat={'url': url}))
        findings.find('wechat', 'bad', *words)
        self.assertEqual([f for f in findings if f.check == 'app'], [])

    def test_a_ca_file_of_somebody_else(self):
        findings = self.visit(configuration(wechat={'ca_file': str(self.nginx.certificate)}))
        findings.find('wechat', 'bad', 'certificate', 'ca_file')

    @each(('behind', 300, 'bad', '300 s behind'), ('ahead', -300, 'bad', '300 s ahead'),
          ('a bit behind', 30, 'warn', '30 s behind'))
    def test_a_clock(self, seconds, verdict, text):
        text = text.split(' s ')[1]
        url = serve_wechat(self, seconds)
        self.visit(configuration(wechat={'url': url})).find('clock', verdict, text, 'ntp')

    def test_something_that_is_not_wechat(self):
        url = serve_wechat(self, 0, b'<html>')
        self.visit(configuration(wechat={'url': url})).find('app', 'bad', 'JSON object')

    def test_http_1_1_is_named(self):
        self.visit(configuration(wechat={'http': '1.1'})).find('wechat', 'ok', 'HTTP/1.1')


def serve_wechat(case, seconds_ahead, body=b'{"errcode":40029,"errmsg":"invalid code"}'):
    """A server with a clock of its own; its URL."""
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(200)
            self.send_header('Date', self.date_time_string(time.time() + seconds_ahead))
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass
    server = http.server.HTTPServer(('127.0.0.1', 0), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(wechat().certificate, wechat().key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    case.addCleanup(server.server_close)
    case.addCleanup(server.shutdown)
    return f'https://localhost:{server.server_address[1]}'
