"""Reloading, stopping, restarting: no login is lost by it."""

import concurrent.futures
import json
import re
import signal
import socket
import subprocess
import threading
import time

import fcgi
import harness
from harness import (APP, OTHER_APP, PATIENCE, SECRETS, Case, a_while, configuration, each,
                     keep_private, magic, new_directory, together, until, wechat, write_private)


class Reload(Case):
    def test_a_good_configuration_takes_effect(self):
        worker = self.own_worker(configuration([APP], session={'lifetime_s': 100}))
        query = f'appid={OTHER_APP}&code='
        self.assert_refused(worker.ask(fcgi.get(query + wechat().code(OTHER_APP))), 400, 400,
                            'never')
        worker.configure(configuration([APP, OTHER_APP], session={'lifetime_s': 200}))
        self.assertIn('outcome=ok', worker.reload())
        self.assert_logged_in(worker.ask(fcgi.get(query + wechat().code(OTHER_APP))),
                              expires_in=200)

    def test_an_app_that_is_gone_is_unknown(self):
        worker = self.own_worker(configuration([APP, OTHER_APP]))
        worker.configure(configuration([APP]))
        worker.reload()
        answer = worker.ask(fcgi.get(f'code={magic()}&appid={OTHER_APP}'))
        self.assert_refused(answer, 400, 400, 'never')
        self.assert_unharmed(worker)

    @each(('syntax', '{ "apps": [', r'onlogin\.json:1'),
          ('no_apps', '{ "apps": [] }', r'onlogin\.json:1: apps'),
          ('unknown_key', '{ "apps": [],\n "wechatt": {} }', r'onlogin\.json:2: wechatt'),
          ('empty', '', r'onlogin\.json'))
    def test_a_bad_configuration_changes_nothing(self, text, reason):
        worker = self.own_worker()
        worker.configure(text)
        line = worker.reload()
        self.assertIn(' error ', line)
        self.assertRegex(line, reason)
        self.assert_unharmed(worker)

    def test_a_missing_configuration_changes_nothing(self):
        worker = self.own_worker()
        worker.config_file.unlink()
        self.assertIn(' error ', worker.reload())
        self.assert_unharmed(worker)

    def test_a_secret_is_read_again(self):
        wrong = keep_private('f' * 31 + '0')
        directory = new_directory()
        write_private(directory / 'app.secret', wrong + '\n')
        worker = self.own_worker(configuration([{'appid': APP, 'secret_file': 'app.secret'}]),
                                 directory=directory)
        self.assert_refused(worker.login(wechat().code()), 500, 40125, 'never')
        write_private(directory / 'app.secret', SECRETS[APP] + '\n')
        self.assertIn('outcome=ok', worker.reload())
        self.assert_logged_in(worker.login(wechat().code()))
        (directory / 'app.secret').chmod(0o644)
        self.assertIn('chmod', worker.reload())
        self.assert_logged_in(worker.login(wechat().code()))

    def test_a_copy_of_a_secret_is_no_better_than_the_file_that_it_is_of(self):
        directory, credentials = new_directory(), new_directory()
        write_private(directory / 'app.secret', SECRETS[APP] + '\n')
        write_private(credentials / 'app.secret', SECRETS[APP] + '\n')
        worker = self.own_worker(configuration([{'appid': APP, 'secret_file': 'app.secret'}]),
                                 directory=directory,
                                 environment={'CREDENTIALS_DIRECTORY': str(credentials)})
        (directory / 'app.secret').chmod(0o644)
        self.assertIn(f'chmod 600 {directory}/app.secret', worker.reload())
        self.assert_logged_in(worker.login(wechat().code()))
        (directory / 'app.secret').chmod(0o600)
        self.assertIn('outcome=ok', worker.reload())

    def test_logins_in_flight_go_on(self):
        worker = self.own_worker(configuration([APP, OTHER_APP]))
        codes = [wechat().code(OTHER_APP, delay_ms=700) for _ in range(5)]

        def reload():
            time.sleep(0.2)
            worker.configure(configuration([APP]))
            worker.reload()
            return worker.login()
        answers = together([*(lambda c=c: worker.ask(fcgi.get(f'code={c}&appid={OTHER_APP}'))
                              for c in codes), reload])
        for answer in answers:
            self.assert_logged_in(answer)

    def test_another_wechat_is_asked_from_then_on(self):
        server = self.raw_server('keepalive-reset')
        worker = self.own_worker()
        self.assert_logged_in(worker.login())
        worker.configure(configuration(wechat={'url': server.url}))
        worker.reload()
        code = magic()
        self.assert_logged_in(worker.login(code))
        self.assertEqual(server.seen(code), 1)

    def test_limits_are_read_again(self):
        worker = self.own_worker()
        body = b'code=' + magic().encode() + b'&x=' + b'x' * 500
        self.assert_logged_in(worker.post(body))
        worker.configure(configuration(limits={'body_bytes': 100}))
        worker.reload()
        self.assert_refused(worker.post(body), 413, 413, 'never')

    def test_the_log_follows(self):
        worker = self.own_worker()
        worker.configure(configuration(log={'level': 'info', 'format': 'json'}))
        worker.process.signal(signal.SIGHUP)
        line = worker.await_log('reload')[-1]
        self.assertEqual(json.loads(line)['event'], 'reload')

    def test_many_reloads_under_load_lose_nothing(self):
        worker = self.own_worker()
        stop = threading.Event()

        def log_in():
            answers = []
            while not stop.is_set():
                answers.append(worker.login(magic('delay-20')))
            return answers

        def reload():
            for _ in range(20):
                worker.process.signal(signal.SIGHUP)
                time.sleep(0.03)
            stop.set()
            return []
        for answers in together([log_in] * 3 + [reload]):
            for answer in answers:
                self.assert_logged_in(answer)


class Stop(Case):
    def in_flight(self, worker, count, delay_ms, **options):
        codes = [wechat().code(delay_ms=delay_ms) for _ in range(count)]
        held = []
        for code in codes:
            connection = worker.connect()
            connection.send(fcgi.request(fcgi.get('code=' + code), **options))
            held.append(connection)
        until(lambda: all(wechat().exchanges(code) for code in codes), what='the exchanges')
        return held

    @each(('SIGTERM', signal.SIGTERM), ('SIGINT', signal.SIGINT))
    def test_an_idle_worker_stops_at_once(self, number):
        worker = self.own_worker()
        worker.process.signal(number)
        self.assertEqual(worker.wait(1 * PATIENCE), 0)
        self.assertTrue(worker.log_lines(' stopped'))

    @each(('SIGTERM', signal.SIGTERM), ('SIGINT', signal.SIGINT))
    def test_what_is_in_flight_is_finished(self, number):
        worker = self.own_worker()
        held = self.in_flight(worker, 20, a_while(1000))
        held += self.in_flight(worker, 5, a_while(1000), keep=True)
        worker.process.signal(number)
        for connection in held:
            self.assert_logged_in(connection.read_answer())
            self.assertTrue(connection.ends())
            connection.close()
        self.assertEqual(worker.wait(1 * PATIENCE), 0)

    def test_idle_kept_connections_do_not_hold_it(self):
        worker = self.own_worker()
        held = [worker.connect() for _ in range(10)]
        for connection in held[:5]:
            connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
            self.assert_logged_in(connection.read_answer())
        self.assertEqual(worker.stop(1), 0)
        for connection in held:
            self.assertTrue(connection.ends())
            connection.close()

    def test_what_is_left_at_the_end_is_answered_503(self):
        worker = self.own_worker(configuration(limits={'drain_ms': 500},
                                               wechat={'timeout_ms': 30_000}))
        held = self.in_flight(worker, 10, 20_000)
        began = time.monotonic()
        worker.process.signal(signal.SIGTERM)
        for connection in held:
            self.assert_refused(connection.read_answer(), 503, 503, 'later')
            connection.close()
        self.assertEqual(worker.wait(1 * PATIENCE), 0)
        self.assertLess(time.monotonic() - began, 0.5 + 1 * PATIENCE)

    def test_what_was_sent_before_is_served(self):
        # Requests that lie in sockets when the signal comes, read by nobody yet.
        worker = self.own_worker()
        kept = [worker.connect() for _ in range(10)]
        for connection in kept:
            connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
            self.assert_logged_in(connection.read_answer())
        worker.process.signal(signal.SIGSTOP)
        new = [worker.connect() for _ in range(10)]
        for connection in kept + new:
            connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
        worker.process.signal(signal.SIGTERM)
        worker.process.signal(signal.SIGCONT)
        for connection in kept + new:
            self.assert_logged_in(connection.read_answer())
            connection.close()
        self.assertEqual(worker.wait(1 * PATIENCE), 0)

    def test_what_came_in_time_is_served_even_by_a_worker_without_time(self):
        for _ in range(5):
            worker = self.own_worker()
            silent = [worker.connect() for _ in range(5)]
            self.assert_unharmed(worker)  # it has them all
            worker.process.signal(signal.SIGTERM)
            worker.await_log(' stopping ')
            worker.process.signal(signal.SIGSTOP)
            if in_time := not worker.log_lines(' stopped') and worker.process.alive():
                for connection in silent:
                    connection.send(fcgi.request(fcgi.get('code=' + magic())))
                time.sleep(0.3)
            worker.process.signal(signal.SIGCONT)
            if in_time:
                for connection in silent:
                    self.assert_logged_in(connection.read_answer())
            for connection in silent:
                connection.close()
            self.assertEqual(worker.wait(1 * PATIENCE), 0)
            if in_time:
                return
        self.skipTest('this machine is too busy to be in time')

    def test_a_request_that_is_half_there_is_served_when_it_comes(self):
        worker = self.own_worker()
        body = f'code={magic()}'.encode()
        data = fcgi.request(fcgi.post(body), body)
        with worker.connect() as connection:
            connection.send(data[:-20])
            self.assert_unharmed(worker)
            worker.process.signal(signal.SIGTERM)
            time.sleep(0.03)
            connection.send(data[-20:])
            answer = connection.read_answer()
            self.assertIn(answer.status, (200, 503), answer)
        self.assertEqual(worker.wait(1 * PATIENCE), 0)

    def test_requests_that_come_later_are_told_so(self):
        worker = self.own_worker()
        waiting = self.in_flight(worker, 1, a_while(1500))
        late = [worker.connect() for _ in range(3)]
        self.assert_unharmed(worker)
        worker.process.signal(signal.SIGTERM)
        time.sleep(0.4)
        late[0].send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
        answer = late[0].read_answer()
        self.assert_refused(answer, 503, 503, 'later')
        self.assertLess(answer.seconds, 0.5 * PATIENCE)
        self.assertTrue(late[0].ends())
        late[1].send(fcgi.request(fcgi.get(path='/onLogin/health')))
        answer = late[1].read_answer()
        self.assertEqual((answer.status, answer.body.strip()), (503, b'draining'), answer)
        with self.assertRaises((ConnectionRefusedError, fcgi.Gone)):
            worker.login()
        self.assert_logged_in(waiting[0].read_answer())
        self.assertEqual(worker.wait(1 * PATIENCE), 0)
        for connection in waiting + late:
            connection.close()

    @each(('SIGTERM', signal.SIGTERM), ('SIGINT', signal.SIGINT))
    def test_the_second_signal_stops_at_once(self, number):
        worker = self.own_worker(configuration(limits={'drain_ms': 60_000},
                                               wechat={'timeout_ms': 60_000}))
        held = self.in_flight(worker, 5, 30_000)
        worker.process.signal(signal.SIGTERM)
        worker.await_log(' stopping ')
        time.sleep(0.2)
        self.assertTrue(worker.process.alive())
        worker.process.signal(number)
        for connection in held:
            self.assert_refused(connection.read_answer(), 503, 503, 'later')
            connection.close()
        self.assertEqual(worker.wait(1 * PATIENCE), 0)

    @each(('once', 1), ('twice', 2))
    def test_a_name_server_that_hangs_does_not_hold_it(self, signals):
        if harness.SANITIZED:
            self.skipTest('the sanitizer wants to be loaded first')
        directory = new_directory()
        (directory / 'hang.cc').write_text('#include <netdb.h>\n#include <unistd.h>\n'
                                           'extern "C" int getaddrinfo(const char*, const char*, '
                                           'const addrinfo*, addrinfo**) noexcept\n'
                                           '{ sleep(20); return EAI_AGAIN; }\n')
        subprocess.run(['g++', '-shared', '-fPIC', '-o', directory / 'hang.so',
                        directory / 'hang.cc'], check=True)
        worker = self.own_worker(configuration(limits={'drain_ms': 300},
                                               wechat={'url': 'https://wechat.test'}),
                                 environment={'LD_PRELOAD': str(directory / 'hang.so')})
        connection = worker.connect()
        connection.send(fcgi.request(fcgi.get('code=' + magic())))
        time.sleep(0.3)
        for _ in range(signals):
            worker.process.signal(signal.SIGTERM)
            time.sleep(0.05)
        self.assertEqual(worker.wait(2 * PATIENCE), 0)
        connection.close()

    def test_stalled_peers_do_not_hold_it_beyond_its_time(self):
        worker = self.own_worker(configuration(limits={'drain_ms': 500}))
        held = [worker.connect() for _ in range(10)]
        for connection in held:
            connection.send(fcgi.begin())
        self.assert_unharmed(worker)
        self.assertEqual(worker.stop(2), 0)
        for connection in held:
            connection.close()

    def test_a_reload_while_it_stops_harms_nobody(self):
        worker = self.own_worker()
        held = self.in_flight(worker, 5, a_while(800))
        worker.process.signal(signal.SIGTERM)
        worker.process.signal(signal.SIGHUP)
        for connection in held:
            self.assert_logged_in(connection.read_answer())
            connection.close()
        self.assertEqual(worker.wait(1 * PATIENCE), 0)


class UnderLoad(Case):
    """Through nginx, with more than one client all the time."""

    CLIENTS = 8

    def run_load(self, nginx, during, seconds, delay_ms=30):
        """What clients get while `during()` runs, and for `seconds` more."""
        stop = threading.Event()

        def client():
            answers = []
            connection = nginx.connect()
            while not stop.is_set():
                answers.append(nginx.login(magic(f'delay-{delay_ms}'), connection))
            connection.close()
            return answers

        # In this thread: the processes that it starts end with it.
        with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
            clients = [pool.submit(client) for _ in range(self.CLIENTS)]
            try:
                time.sleep(0.5)
                during()
                time.sleep(seconds)
            finally:
                stop.set()
            return sum((future.result() for future in clients), [])

    def test_a_stop_loses_nothing_that_was_in_flight(self):
        worker = self.own_worker()
        nginx = self.own_nginx(worker.socket, limits=False)
        answers = self.run_load(nginx, lambda: worker.stop(), 0.2)
        good = [answer for answer in answers if answer.status == 200]
        self.assertGreater(len(good), 20)
        self.assertGreater(len(answers), len(good), 'some came too late')
        for answer in answers:
            if answer.status == 200:
                self.assert_logged_in(answer)
            elif answer.status == 503:
                self.assert_refused(answer, 503, 503, 'later')
            else:
                self.assertEqual((answer.status, answer.json['recover']), (502, 'later'), answer)
        # Whatever the worker logged has arrived, as it was logged.
        arrived = dict(re.findall(r'" (\d+) \d+ .* id=(\w+) ', line)[0][::-1]
                       for line in until(lambda: nginx.access_log.read_text(), what='the log')
                       .splitlines() if ' id=' in line)
        logged = [re.search(r'request=(\w+) .*status=(\d+)', line).groups()
                  for line in worker.log_lines(' login ')]
        self.assertEqual(len(logged), len({request for request, _ in logged}))
        for request, status in logged:
            self.assertEqual(arrived.get(request), status, request)

    def test_a_new_worker_on_the_same_socket_takes_over_without_a_loss(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(new_directory() / 'onlogin.sock'))
        listener.listen(4096)
        workers = [self.own_worker(listener=listener)]
        nginx = self.own_nginx(workers[0].socket, limits=False)

        def restart():
            for _ in range(3):
                workers.append(self.own_worker(listener=listener))
                self.assertEqual(workers[-2].stop(), 0)
                time.sleep(0.2)
        answers = self.run_load(nginx, restart, 0.3)
        self.assertGreater(len(answers), 40)
        for answer in answers:
            self.assert_logged_in(answer)

    def test_a_pause_between_two_workers_loses_nothing(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(new_directory() / 'onlogin.sock'))
        listener.listen(4096)
        first = self.own_worker(listener=listener)
        nginx = self.own_nginx(first.socket, limits=False)

        def restart():
            self.assertEqual(first.stop(), 0)
            time.sleep(0.3)
            self.own_worker(listener=listener)
        answers = self.run_load(nginx, restart, 0.5)
        self.assertGreater(len(answers), 40)
        for answer in answers:
            self.assert_logged_in(answer)
