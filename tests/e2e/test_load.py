"""Many at once, scarce means, and a WeChat that comes and goes."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

import fcgi
import harness
import nginx_http2
from harness import (AT_ONCE, PATIENCE, Case, a_while, configuration, each, end_listening, free_port,
                     magic, new_directory, together, until, wechat)


def cpu_seconds(worker):
    """What the worker has used so far."""
    fields = pathlib.Path(f'/proc/{worker.pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


class ManyAtOnce(Case):
    alone = True  # each has to be done in a second or two

    @each(('http2', 'auto'), ('http11', '1.1'))
    def test_300_logins_at_the_same_time_take_as_long_as_one(self, http):
        worker = self.own_worker(configuration(wechat={'http': http}))
        codes = [wechat().code(delay_ms=1000) for _ in range(20)]
        codes += [magic('delay-1000') for _ in range(280)]
        began = time.monotonic()
        held = []
        for code in codes:
            connection = worker.connect()
            connection.send(fcgi.request(fcgi.get('code=' + code)))
            held.append(connection)
        for connection in held:
            self.assert_logged_in(connection.read_answer())
            connection.close()
        self.assertLess(time.monotonic() - began, 1 + 2 * PATIENCE)
        for code in codes[:40]:
            self.assertEqual(wechat().exchanges(code), 1)

    def test_100_requests_with_one_code_share_one_exchange(self):
        worker = self.own_worker()
        code = wechat().code(delay_ms=a_while(700))
        for answer in together([lambda: worker.login(code)] * 100):
            self.assert_logged_in(answer)
        self.assertEqual(wechat().exchanges(code), 1)


class FewConnectionsToWechat(Case):
    alone = True  # some have to be done within half a second of another

    def test_logins_wait_for_a_connection(self):
        worker = self.own_worker(configuration(wechat={'http': '1.1', 'max_connections': 2}))
        codes = [magic('delay-100') for _ in range(10)]
        for answer in together([lambda c=c: worker.login(c) for c in codes]):
            self.assert_logged_in(answer)

    def test_but_not_beyond_their_time(self):
        worker = self.own_worker(configuration(
            wechat={'http': '1.1', 'max_connections': 1, 'timeout_ms': 1000}))
        codes = [magic('delay-700') for _ in range(6)]
        answers = together([lambda c=c: worker.login(c) for c in codes])
        self.assertEqual([answer.status for answer in answers].count(200), 1, answers)
        for code, answer in zip(codes, answers):
            self.assertLess(answer.seconds, 1 + 0.5 * PATIENCE)
            if answer.status == 504:
                self.assert_refused(answer, 504, 504, 'login')
            elif answer.status != 200:
                # It never went out: the same code may come again.
                self.assertIn((answer.status, answer.json['recover']),
                              ((502, 'later'), (503, 'later')))
                self.assertEqual(wechat().exchanges(code), 0)
            self.assertLessEqual(wechat().exchanges(code), 1)
        self.assert_unharmed(worker)


class Descriptors(Case):
    def setUp(self):
        self.look_inside()

    def test_a_lack_of_descriptors_passes(self):
        worker = self.own_worker()
        self.assert_unharmed(worker)
        open_files = len(os.listdir(f'/proc/{worker.pid}/fd'))
        resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (open_files + 20, open_files + 20))
        held = [worker.connect() for _ in range(60)]
        line, = worker.await_log(' error ', 'accept')
        self.assertIn('advice=', line)
        before = cpu_seconds(worker)
        time.sleep(0.5)
        self.assertLess(cpu_seconds(worker) - before, 0.2 * PATIENCE, 'it waits, it does not spin')
        self.assertTrue(worker.process.alive())
        for connection in held:
            connection.close()
        answer = worker.login()
        self.assert_logged_in(answer)
        self.assertLess(answer.seconds, AT_ONCE)

    def test_without_a_descriptor_for_wechat_a_login_fails_as_it_should(self):
        if harness.SANITIZED:
            self.skipTest('the sanitizer needs descriptors for its own checks')
        worker = self.own_worker()
        with worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get(path='/onLogin/health'), keep=True))
            self.assertEqual(connection.read_answer().status, 200)
            open_files = len(os.listdir(f'/proc/{worker.pid}/fd'))
            resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (open_files, 4096))
            connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
            answer = connection.read_answer()
            self.assert_refused(answer, 502, 502, 'later')
            self.assertIn('LimitNOFILE=', worker.await_log(' error wechat ')[0])
            resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (4096, 4096))
            time.sleep(1.1)  # a failed look-up of a name is not repeated at once
            connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
            self.assert_logged_in(connection.read_answer())


class Rest(Case):
    """Whatever a peer does, a worker that waits uses no time."""

    lasts = 20

    def rests(self, worker):
        time.sleep(0.2)
        before = cpu_seconds(worker)
        time.sleep(0.6)
        self.assertLess(cpu_seconds(worker) - before, 0.1 * PATIENCE)

    def setUp(self):
        self.worker = self.own_worker(configuration(wechat={'timeout_ms': 20_000}))
        self.peer = self.worker.connect()
        self.addCleanup(self.peer.close)

    def waiting(self, behind=b''):
        self.peer.send(fcgi.request(fcgi.get('code=' + magic('delay-1500')), keep=True) + behind)

    def test_without_anything(self):
        self.rests(self.worker)

    def test_while_a_login_waits(self):
        self.waiting()
        self.rests(self.worker)
        self.assert_logged_in(self.peer.read_answer())

    def test_while_a_peer_that_stopped_sending_waits(self):
        self.waiting()
        self.peer.half_close()
        self.rests(self.worker)
        self.assert_logged_in(self.peer.read_answer())

    def test_while_the_next_requests_are_there_already(self):
        self.waiting(fcgi.request(fcgi.get('code=' + magic()), keep=True) * 50)
        self.rests(self.worker)
        for _ in range(51):
            self.assertIn(self.peer.read_answer().status, (200, 401))

    def test_while_half_a_request_is_there(self):
        self.peer.send(fcgi.request(fcgi.get('code=' + magic()))[:-5])
        self.rests(self.worker)

    def test_while_a_peer_does_not_read(self):
        self.peer.socket.settimeout(0.3)
        try:
            for _ in range(20_000):
                self.peer.send(fcgi.request(fcgi.get(path='/onLogin/health'), keep=True) * 10)
        except (TimeoutError, fcgi.Gone):
            pass
        self.rests(self.worker)

    def test_while_a_peer_lingers(self):
        body = b'x' * 100_000
        self.peer.send(fcgi.request(fcgi.post(body), body))
        self.assert_refused(self.peer.read_answer(), 413, 413, 'never')
        self.rests(self.worker)

    def test_while_it_drains(self):
        self.waiting()
        time.sleep(0.1)
        self.worker.process.signal(signal.SIGTERM)
        self.rests(self.worker)
        self.assert_logged_in(self.peer.read_answer())
        self.assertEqual(self.worker.wait(5 * PATIENCE), 0)

    def test_memory_stays_where_it_is(self):
        if harness.SANITIZED:
            self.skipTest('the sanitizer keeps freed memory')

        def resident():
            text = pathlib.Path(f'/proc/{self.worker.pid}/status').read_text()
            return int(text.split('VmRSS:')[1].split()[0])

        def work():
            with self.worker.connect() as connection:
                for i in range(1000):
                    query = ('code=' + magic(), 'code=%', 'code=' + magic('errcode-40029'))[i % 3]
                    connection.send(fcgi.request(fcgi.get(query), keep=True))
                    connection.read_answer()
        work()
        before = resident()
        for _ in range(2):
            work()
        self.assertLess(resident() - before, 1500, 'kB')


class ComingAndGoing(Case):
    """WeChat's side ends, restarts, and closes connections when it likes."""

    lasts = 20

    @each(('http2', 'auto'), ('http11', '1.1'))
    def test_a_wechat_that_dies_takes_its_logins_along_and_no_others(self, http):
        fake = self.own_wechat()
        worker = self.own_worker(configuration(fake=fake, wechat={'http': http}))
        self.assert_logged_in(worker.login())
        codes = [fake.code(delay_ms=8000) for _ in range(10)]

        def die():
            until(lambda: all(fake.exchanges(code) for code in codes), what='the exchanges')
            fake.end()
        *answers, _ = together([*(lambda c=c: worker.login(c) for c in codes), die])
        for answer in answers:
            self.assertIn(answer.status, (502, 504), answer)
            self.assert_refused(answer, answer.status, answer.status, 'login')
        self.assert_refused(worker.login(), 502, 502, 'later')

    def front(self, settings):
        """An nginx in front of the fake WeChat, with settings of its own. Returns its URL."""
        directory, port, fake = new_directory(), free_port(), wechat()
        temp = '\n'.join(f'{module}_temp_path temp/{module};'
                         for module in ('client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'))
        (directory / 'temp').mkdir()
        (directory / 'nginx.conf').write_text(f'''
daemon off;
master_process off;
pid nginx.pid;
error_log error.log crit;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    {temp}
    server {{
        listen 127.0.0.1:{port} ssl{nginx_http2.listen_option()};
        {nginx_http2.directive()}
        ssl_certificate {fake.certificate};
        ssl_certificate_key {fake.key};
        {settings}
        location / {{ proxy_pass {fake.url}; }}
    }}
}}
''')
        process = harness.Process(['nginx', '-e', 'stderr', '-p', directory, '-c',
                                   directory / 'nginx.conf'], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.end)
        return f'https://localhost:{port}'

    @each(('after_1', 1), ('after_3', 3))
    def test_a_wechat_that_ends_connections_after_some_requests_loses_no_login(self, count):
        url = self.front(f'keepalive_requests {count};')
        worker = self.own_worker(configuration(wechat={'http': '1.1', 'url': url}))
        for answer in self.rounds_of_logins(worker):
            self.assert_logged_in(answer)

    def test_a_wechat_that_ends_http_2_connections_after_some_requests_gets_no_code_twice(self):
        """nginx closes while requests that it never looked at are on their way, and the reset can
        overtake what it says of them: then nobody knows, and the client is told to log in again."""
        url = self.front('keepalive_requests 3;')
        worker = self.own_worker(configuration(wechat={'url': url}))
        answers = self.rounds_of_logins(worker)
        for answer in answers:
            if answer.status != 200:
                self.assert_refused(answer, 502, 502, 'login')
        self.assertGreater(sum(answer.status == 200 for answer in answers), len(answers) / 2)

    def rounds_of_logins(self, worker):
        """First one after the other, then eight at once; none may reach WeChat twice."""
        until(lambda: worker.login().status == 200, what='the server in front')
        answers = [worker.login() for _ in range(10)]
        codes = [wechat().code(delay_ms=20) for _ in range(40)]
        for at in range(0, 40, 8):
            answers += together([lambda c=c: worker.login(c) for c in codes[at:at + 8]])
        for code, answer in zip(codes, answers[10:]):
            self.assertLessEqual(wechat().exchanges(code), 1, answer)
        return answers

    def test_a_connection_that_freezes_takes_one_deadline_and_no_more(self):
        """What a balancer does whose backend is gone: nothing comes, nobody closes."""
        host, port = wechat().url.removeprefix('https://').split(':')
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(end_listening, listener)
        frozen, open_ones = set(), []

        def pump(source, to, number):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    if number in frozen:
                        return
                    to.sendall(data)
                to.shutdown(socket.SHUT_WR)

        def relay():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection((host, int(port)))
                    number = len(open_ones)
                    open_ones.append((client, server))
                    for pair in ((client, server), (server, client)):
                        threading.Thread(target=pump, args=(*pair, number), daemon=True).start()

        threading.Thread(target=relay, daemon=True).start()
        url = f'https://localhost:{listener.getsockname()[1]}'
        worker = self.own_worker(configuration(wechat={'url': url, 'timeout_ms': 1000}))
        for _ in range(3):
            self.assert_logged_in(worker.login())
        frozen.update(range(len(open_ones)))
        self.assert_refused(worker.login(wechat().code()), 504, 504, 'login')
        for _ in range(3):
            self.assert_logged_in(worker.login())
        for pair in open_ones:
            for end in pair:
                end.close()

    def test_a_wechat_that_ends_idle_connections_loses_no_login(self):
        url = self.front('keepalive_timeout 1s;')
        workers = [self.own_worker(configuration(wechat={'http': http, 'url': url}))
                   for http in ('auto', '1.1')]
        until(lambda: workers[0].login().status == 200, what='the server in front')
        for wait, logins in ((0.5, 1), (1.5, 1), (0, 10), (1.5, 1), (0, 10), (1.5, 10)):
            time.sleep(wait)
            codes = [wechat().code(delay_ms=20) for _ in range(2 * logins)]
            for answer in together([lambda w=w, c=c: w.login(c)
                                    for w, c in zip(workers * logins, codes)]):
                self.assert_logged_in(answer)
            for code in codes:
                self.assertEqual(wechat().exchanges(code), 1)
