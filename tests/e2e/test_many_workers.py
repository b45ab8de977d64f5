"""Several workers on one listening socket, behind nginx, which keeps connections."""

import socket
import threading
import time

from harness import PATIENCE, Case, Worker, configuration, magic, new_directory


class Shares(Case):
    COUNT = 3
    alone = True  # the load, and the shares of who gets the processor

    def setUp(self):
        path = new_directory() / 'socket'
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.listener.bind(str(path))
        self.listener.listen(4096)
        self.workers = [self.start() for _ in range(self.COUNT)]
        # What nginx has to say of a failure. Not among its logs, since it would quote codes.
        self.errors = new_directory() / 'error.log'
        # Connections end sooner than in the shipped file, as the test is short.
        self.nginx = self.own_nginx(path, limits=False,
                                    edits=[(r'keepalive_requests 500', 'keepalive_requests 20'),
                                           (r'/\S+/error\.log emerg', f'{self.errors} error')])

    def start(self):
        worker = Worker(configuration(log={'level': 'info'}), listener=self.listener)
        self.addCleanup(worker.finish)
        return worker

    def logins(self):
        return [len(worker.log_lines(' info login ')) for worker in self.workers]

    def load(self, clients=48, seconds=3):
        """The shares of the workers in what as many clients do, each on a kept connection."""
        before = self.logins()
        failed = []
        end = time.monotonic() + seconds * min(PATIENCE, 2)

        def client():
            connection = self.nginx.connect()
            while time.monotonic() < end:
                answer = self.nginx.login(magic('delay-20'), connection=connection)
                if answer.status != 200:
                    failed.append(answer)
            connection.close()
        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [], self.errors.read_text())
        time.sleep(0.2 * PATIENCE)
        done = [after - count for after, count in zip(self.logins(), before)]
        return [count / sum(done) for count in done]

    def assert_fair(self, shares):
        self.assertGreater(min(shares), 1 / self.COUNT / 3, shares)

    def test_they_share_the_work(self):
        self.assert_fair(self.load())

    def test_one_that_is_restarted_soon_has_its_share_again(self):
        self.load(seconds=1)
        self.assertEqual(self.workers[0].stop(), 0)
        self.load(seconds=1)
        self.workers[0].finish()
        self.workers[0] = self.start()
        self.assert_fair(self.load())
