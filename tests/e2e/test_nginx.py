"""The files of nginx/: what clients get when it is nginx that answers, and what its logs keep."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import time
import urllib.parse

from fcgi import Answer
from harness import (APP, OTHER_APP, Case, a_while, configuration, each, keep_private, magic,
                     new_directory, together, until, wechat)


class NginxCase(Case):
    def assert_from_nginx(self, answer, status, recover, code=None):
        self.assert_refused(answer, status, code or status, recover)
        self.assertIn('strict-transport-security', answer.headers)

    def parse(self, text):
        """The answer in the bytes of a connection."""
        head, _, body = text.partition(b'\r\n\r\n')
        status, *rest = head.decode().split('\r\n')
        headers = dict((name.lower(), value) for name, _, value in
                       (line.partition(': ') for line in rest))
        return Answer(int(status.split()[1]), headers, body)


class Answers(NginxCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(configuration([APP, OTHER_APP]))
        cls.nginx = cls.start_nginx(cls.worker.socket)

    def test_413(self):
        answer = self.nginx.post(b'x' * 20_000)
        self.assert_from_nginx(answer, 413, 'never')

    @each(*((target, '/' + target) for target in ('', 'onlogin', 'onLoginx', 'favicon.ico',
                                                  'onlogin-error')))
    def test_404(self, target):
        answer = self.nginx.ask('GET', target + '?code=' + magic())
        self.assert_from_nginx(answer, 404, 'never')

    def test_414(self):
        self.assert_from_nginx(self.nginx.ask('GET', '/onLogin?code=' + 'a' * 9_000), 414, 'never')

    def test_431(self):
        answer = self.nginx.ask('GET', '/onLogin', headers={'X-Long': 'a' * 9_000})
        self.assert_from_nginx(answer, 431, 'never')

    def test_400(self):
        answer = self.parse(self.nginx.send_raw(
            b'GET /onLogin HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'))
        self.assert_from_nginx(answer, 400, 'never')

    @each(('appid', 'ONLOGIN_APPID', OTHER_APP), ('appid_dashed', 'Onlogin-Appid', OTHER_APP),
          ('action', 'ONLOGIN_ACTION', 'nonsense'), ('action_dashed', 'Onlogin-Action', 'nonsense'),
          ('method', 'REQUEST_METHOD', 'PUT'), ('proxy', 'Proxy', 'http://127.0.0.1:1'))
    def test_clients_cannot_send_what_nginx_says(self, header, value):
        answer = self.nginx.ask('GET', f'/onLogin?appid={APP}&code=' + wechat().code(),
                                headers={header: value})
        self.assert_logged_in(answer)

    def test_the_referer_chooses_the_app(self):
        answer = self.nginx.ask('GET', '/onLogin?code=' + wechat().code(OTHER_APP), headers={
            'Referer': f'https://servicewechat.com/{OTHER_APP}/1/page-frame.html'})
        self.assert_logged_in(answer)

    @each(('as it ships', False, '1.1'), ('HTTP/2 turned on', True, '2'))
    def test_clients_that_offer_http_2_log_in(self, http2, expected):
        nginx = self.own_nginx(self.worker.socket, http2=http2)
        self.assertEqual(nginx.complaints(), '')
        done = subprocess.run(
            ['curl', '-q', '--silent', '--show-error', '--http2', '--noproxy', '*', '--cacert',
             str(nginx.certificate), '--write-out', '\n%{http_version} %{http_code}',
             '--data-urlencode', 'code=' + magic(), '--data-urlencode', 'appid=' + APP,
             f'https://localhost:{nginx.port}/onLogin'], capture_output=True, text=True,
            timeout=20)
        body, version = done.stdout.rsplit('\n', 1)
        self.assertEqual(version, f'{expected} 200', done)
        self.assertEqual(json.loads(body)['code'], 0)

    def test_requests_have_one_id_in_both_logs(self):
        self.assert_logged_in(self.nginx.ask('GET', f'/onLogin?appid={APP}&code={magic()}&x=1'))
        worker = self.worker.await_log(' login ')[-1]
        id = re.search(r'request=(\w+)', worker)[1]
        until(lambda: f'id={id} ' in self.nginx.access_log.read_text(), what='the line')

    def test_plain_http_points_to_https(self):
        with socket.create_connection(('127.0.0.1', self.nginx.plain_port), timeout=10) as plain:
            plain.sendall(b'GET /onLogin?x=1 HTTP/1.0\r\nHost: localhost\r\n\r\n')
            answer = b''
            while data := plain.recv(65536):
                answer += data
        self.assertRegex(answer, rb'^HTTP/1.1 301 ')
        self.assertIn(b'Location: https://localhost/onLogin?x=1\r\n', answer)


class Limits(NginxCase):
    def test_a_flood_from_one_address_is_429(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket)

        def flood():
            connection = nginx.connect()
            try:
                for _ in range(1500):
                    answer = nginx.ask('GET', '/onLogin/health', connection=connection)
                    if answer.status != 200:
                        return answer
            finally:
                connection.close()
        answer = next(filter(None, together([flood] * 3)))
        self.assert_from_nginx(answer, 429, 'later')


    def test_what_wechat_prefetches_for_all_users_has_a_limit_of_its_own(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket)

        def starts(count, **more):
            connection = nginx.connect()
            try:
                query = urllib.parse.urlencode({'appid': APP, 'timestamp': '1795692722123',
                                                'path': 'pages/index', 'query': '', 'scene': 1001,
                                                'code': '', **more})
                return {nginx.ask('GET', '/onLogin?' + query, connection=connection).status
                        for _ in range(count)}
            finally:
                connection.close()
        statuses = set().union(*together([lambda: starts(200)] * 3))
        self.assertEqual(statuses, {400})  # without a code; 600 at once would be too many for others
        self.assertIn(429, set().union(*together([lambda: starts(1000)] * 3)))
        self.assertIn(200, {nginx.login().status})  # users log in all the same


class WithoutAWorker(NginxCase):
    def test_no_worker_is_502(self):
        nginx = self.own_nginx(new_directory() / 'nobody.sock')
        self.assert_from_nginx(nginx.login(), 502, 'later')
        self.assert_from_nginx(nginx.post('code=' + magic()), 502, 'later')
        self.assert_from_nginx(nginx.ask('GET', '/onLogin/health'), 502, 'later')

    def test_a_worker_that_has_ended_is_502(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket)
        self.assert_logged_in(nginx.login())
        worker.stop()
        self.assert_from_nginx(nginx.login(), 502, 'later')

    def test_a_worker_that_dies_in_the_middle_is_502(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket)
        code = wechat().code(delay_ms=3000)

        def kill():
            until(lambda: wechat().exchanges(code) == 1, what='the exchange')
            worker.process.signal(signal.SIGKILL)
        answer, _ = together([lambda: nginx.post('code=' + code), kill])
        self.assert_from_nginx(answer, 502, 'later')
        worker.process.wait(5)

    def test_a_worker_that_hangs_is_504(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket,
                               edits=[('fastcgi_read_timeout 15s', 'fastcgi_read_timeout 1s')])
        self.assert_logged_in(nginx.login())
        worker.process.signal(signal.SIGSTOP)
        try:
            self.assert_from_nginx(nginx.login(), 504, 'login')
        finally:
            worker.process.signal(signal.SIGCONT)
        self.assert_unharmed(worker)

    def test_out_of_connections_is_503(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket, connections=16)
        clients = [nginx.connect() for _ in range(9)]
        for client in clients:  # 9 logins in all have 18 connections
            client.request('GET', '/onLogin?code=' + magic(f'delay-{a_while(1000)}'))
        statuses = []
        for client in clients:
            try:
                response = client.getresponse()
            except OSError:
                continue  # not even accepted
            answer = Answer(response.status, {name.lower(): value for name, value
                                              in response.getheaders()}, response.read())
            statuses.append(answer.status)
            if answer.status != 200:
                self.assert_from_nginx(answer, 503, 'later')
            client.close()
        self.assertEqual(set(statuses), {200, 503})

    def test_errors_of_the_worker_pass_through(self):
        worker = self.own_worker(configuration(limits={'in_flight': 1}))
        nginx = self.own_nginx(worker.socket)
        code = wechat().code(delay_ms=a_while(1000))

        def second():
            until(lambda: wechat().exchanges(code) == 1, what='the exchange')
            return nginx.login()
        first, answer = together([lambda: nginx.login(code), second])
        self.assert_logged_in(first)
        self.assert_refused(answer, 503, 503, 'later')
        self.assertNotIn('connections', answer.json['message'], "the worker's, not nginx's")


class Logs(NginxCase):
    """No code in any of nginx's logs, whatever fails: `finish` looks for all of them."""

    def ask_in_all_ways(self, nginx):
        code = magic()
        nginx.login(code)
        nginx.post('code=' + code)
        nginx.ask('GET', '/onLogin?code=' + code, headers={
            'Referer': f'https://servicewechat.com/{APP}/1/page-frame.html?code={code}#{code}'})
        nginx.ask('GET', '/elsewhere?code=' + code)
        nginx.ask('GET', f'/onLogin?code={code}&x=' + 'a' * 9_000)
        nginx.ask('GET', '/onLogin?code=' + code, headers={'X-Long': 'a' * 9_000})
        nginx.ask('POST', '/onLogin?code=' + code, b'x' * 20_000)
        nginx.send_raw(f'GET /onLogin?code={code} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'.encode())
        nginx.send_raw(f'get /onLogin?code={code} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
        nginx.send_raw(f'GET /onLogin?code={code}\r\n\r\n'.encode())
        nginx.send_raw(f'GET /onLogin?code={code} HTTP/9.9\r\nHost: a\r\n\r\n'.encode())
        nginx.send_raw(f'\x01 /onLogin?code={code} HTTP/1.1\r\n\r\n'.encode())
        with socket.create_connection(('127.0.0.1', nginx.plain_port), timeout=10) as plain:
            plain.sendall(f'GET /onLogin?code={code} HTTP/1.0\r\nHost: localhost\r\n\r\n'.encode())
            plain.recv(65536)
        with socket.create_connection(('127.0.0.1', nginx.port), timeout=10) as plain:
            plain.sendall(f'GET /onLogin?code={code} HTTP/1.0\r\nHost: localhost\r\n\r\n'.encode())
            plain.recv(65536)
        until(lambda: len(nginx.access_log.read_text().splitlines()) >= 12, what='the log')

    def test_with_a_worker(self):
        worker = self.own_worker()
        self.ask_in_all_ways(self.own_nginx(worker.socket))

    def test_without_a_worker(self):
        self.ask_in_all_ways(self.own_nginx(new_directory() / 'nobody.sock'))

    def test_with_a_worker_that_speaks_nonsense(self):
        with socket.socket(socket.AF_UNIX) as listener:
            path = new_directory() / 'nonsense.sock'
            listener.bind(str(path))
            listener.listen(100)
            nginx = self.own_nginx(path)
            nginx_login = keep_private(magic())

            def nonsense():
                with contextlib.suppress(OSError):
                    while True:
                        peer, _ = listener.accept()
                        with peer:
                            peer.recv(65536)
                            peer.sendall(b'HTTP/1.1 200 OK\r\n\r\nnonsense' * 100)

            def log_in():
                try:
                    return nginx.login(nginx_login)
                finally:
                    listener.shutdown(socket.SHUT_RDWR)
            answer, _ = together([log_in, nonsense])
            self.assert_from_nginx(answer, 502, 'later')

    def test_a_client_that_hangs_up(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket)
        code = wechat().code(delay_ms=2000)
        connection = nginx.connect()
        connection.request('GET', '/onLogin?code=' + code)
        until(lambda: wechat().exchanges(code) == 1, what='the exchange')
        connection.sock.close()
        connection.close()
        worker.await_log(' cancelled ')
        time.sleep(0.2)
