"""Restarts, upgrades and crashes while users log in: with a socket that outlives the worker, as
systemd's does, nobody notices the first two."""

import concurrent.futures
import contextlib
import os
import shutil
import signal
import threading
import time

from harness import ONLOGIN, PATIENCE, Case, configuration, each, magic, new_directory
from holder import Holder


class Load:
    """Clients that log in through nginx all the time, by GET and by POST in turn."""

    CLIENTS = 8

    def __init__(self, nginx):
        self.nginx = nginx
        self.stop = threading.Event()
        self.answers = []

    def client(self):
        connection = self.nginx.connect()
        while not self.stop.is_set():
            code = magic('delay-20')
            self.answers.append(self.nginx.login(code, connection))
            self.answers.append(self.nginx.ask(
                'POST', '/onLogin', 'code=' + code[:-1] + '_',
                {'Content-Type': 'application/x-www-form-urlencoded'}, connection))
        connection.close()

    @contextlib.contextmanager
    def running(self):
        with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
            clients = [pool.submit(self.client) for _ in range(self.CLIENTS)]
            try:
                time.sleep(0.5)
                yield
                time.sleep(0.5)
            finally:
                self.stop.set()
            for client in clients:
                client.result()


class Restart(Case):
    lasts = 30

    def setUp(self):
        self.holder = Holder(self)
        self.nginx = self.own_nginx(self.holder.path, limits=False)
        self.load = Load(self.nginx)

    def assert_nothing_lost(self, at_least=50):
        self.assertGreater(len(self.load.answers), at_least)
        for answer in self.load.answers:
            self.assert_logged_in(answer)

    def test_the_old_worker_ends_and_then_the_next_one_starts(self):
        worker = self.holder.start()
        with self.load.running():
            for _ in range(4):
                self.assertEqual(worker.stop(), 0)
                worker = self.holder.start()
                time.sleep(0.2)
        self.assert_nothing_lost()

    def test_the_next_worker_starts_and_then_the_old_one_ends(self):
        worker = self.holder.start()
        with self.load.running():
            for _ in range(4):
                old, worker = worker, self.holder.start()
                self.assertEqual(old.stop(), 0)
                time.sleep(0.2)
        self.assert_nothing_lost()

    def test_several_workers_one_after_the_other(self):
        workers = [self.holder.start() for _ in range(3)]
        with self.load.running():
            for index in [0, 1, 2] * 2:
                self.assertEqual(workers[index].stop(), 0)
                workers[index] = self.holder.start()
        self.assert_nothing_lost()

    def test_all_workers_at_once(self):
        workers = [self.holder.start() for _ in range(3)]
        with self.load.running():
            for worker in workers:
                worker.process.signal(signal.SIGTERM)
            for worker in workers:
                self.assertEqual(worker.wait(15 * PATIENCE), 0)
            for _ in workers:
                self.holder.start()
        self.assert_nothing_lost()

    def test_an_upgrade_replaces_the_program(self):
        program = new_directory() / 'onlogin'
        shutil.copy(ONLOGIN, program)
        worker = self.holder.start(program=program)
        with self.load.running():
            shutil.copy(ONLOGIN, program.with_name('next'))
            program.with_name('next').rename(program)  # as install and dpkg do
            time.sleep(0.3)
            self.assertEqual(worker.stop(), 0)
            worker = self.holder.start(program=program)
            if os.geteuid() == 0:  # the worker shows itself to nobody else
                self.assertEqual(os.readlink(f'/proc/{worker.pid}/exe'), str(program))
        self.assert_nothing_lost()

    def test_reloads_good_and_bad(self):
        worker = self.holder.start()
        with self.load.running():
            for config, good in [(configuration(session={'lifetime_s': 60}), True), ('{', False),
                                 (configuration(), True)] * 3:
                worker.configure(config)
                self.assertEqual('outcome=ok' in worker.reload(), good)
                self.assertEqual(self.holder.check(worker), 0 if good else 1)
        self.assertEqual(worker.stop(), 0)
        self.assert_nothing_lost()

    def test_after_a_crash_the_next_worker_goes_on(self):
        worker = self.holder.start()
        with self.load.running():
            time.sleep(0.5)
            worker.process.signal(signal.SIGKILL)
            self.assertEqual(worker.wait(5 * PATIENCE), -signal.SIGKILL)
            time.sleep(0.3)
            self.holder.start()
            killed = len(self.load.answers)
            time.sleep(0.5)
        # What was in flight; nginx sends most of it again, because the connections were kept.
        lost = [answer for answer in self.load.answers if answer.status != 200]
        self.assertLessEqual(len(lost), Load.CLIENTS)
        for answer in lost:
            self.assert_refused(answer, 502, 502, 'later')
        self.assertGreater(len(self.load.answers), killed)
        for answer in self.load.answers[killed + Load.CLIENTS:]:
            self.assert_logged_in(answer)


class SharedSocket(Case):
    """Whoever else has the socket may change its flags: they belong to all."""

    def setUp(self):
        self.holder = Holder(self)

    def test_a_socket_that_became_blocking_holds_nothing_up(self):
        worker = self.holder.start()
        for _ in range(3):
            self.holder.hand_over()
            self.assert_unharmed(worker)

    @each(('SIGTERM', signal.SIGTERM), ('SIGINT', signal.SIGINT))
    def test_it_stops_after_the_socket_became_blocking(self, number):
        worker = self.holder.start()
        self.assert_logged_in(worker.login())
        self.holder.hand_over()
        worker.process.signal(number)
        self.assertEqual(worker.wait(2 * PATIENCE), 0)
