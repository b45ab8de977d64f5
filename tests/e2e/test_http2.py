"""HTTP/2 to WeChat, seen from the other side: what becomes of each stream."""

import json
import pathlib
import subprocess

import fcgi
import harness
from harness import PATIENCE, Case, configuration, keep_private, magic, new_directory, until, wechat

HERE = pathlib.Path(__file__).resolve().parent

keep_private('aHR0cDIgaHR0cDIgaHQ=')  # its session_key


class Observer:
    """http2-server.js"""

    def __init__(self):
        self.output = new_directory() / 'output'
        with self.output.open('wb') as file:
            self.process = harness.Process(
                ['node', HERE / 'http2-server.js', wechat().certificate, wechat().key],
                stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT)
        until(lambda: self.lines() or not self.process.alive(), 20, 'the HTTP/2 server')
        self.url = f'https://localhost:{self.lines()[0]["listening"]}'

    def lines(self):
        return [json.loads(line) for line in self.output.read_text().splitlines(True)
                if line.endswith('\n')]

    def await_open(self, *codes):
        """The numbers of the connections that they came on."""
        def there():
            found = {line['open']: line['connection'] for line in self.lines() if 'open' in line}
            return all(code in found for code in codes) and {found[code] for code in codes}
        return until(there, what='the streams')

    def ends(self):
        return {line['end']: line for line in self.lines() if 'end' in line}

    def await_end(self, *codes):
        """At once: they are open for 20 s otherwise."""
        until(lambda: set(codes) <= set(self.ends()), 3, f'the end of {len(codes)} streams')
        return [self.ends()[code] for code in codes]

    def answer(self, code):
        self.process.popen.stdin.write(code.encode() + b'\n')
        self.process.popen.stdin.flush()


def held(count):
    """Codes that the server answers when it is told."""
    return [f'held-{magic()}' for _ in range(count)]


class Streams(Case):
    """An exchange that is cancelled ends at WeChat's side at once, and nobody else's does."""

    @classmethod
    def setUpClass(cls):
        cls.server = Observer()
        cls.addClassCleanup(cls.server.process.popen.stdin.close)
        cls.addClassCleanup(cls.server.process.end)

    def setUp(self):
        self.worker = self.own_worker(configuration(
            wechat={'url': self.server.url, 'timeout_ms': 20_000}))

    def begin(self, code):
        connection = self.worker.connect()
        connection.send(fcgi.request(fcgi.get(f'code={keep_private(code)}'), keep=True))
        return connection

    def begin_on_one_connection(self, *codes):
        """One after the other, so that a connection is there for all but the first."""
        clients = []
        for code in codes:
            clients.append(self.begin(code))
            connections = self.server.await_open(*codes[:len(clients)])
            self.assertEqual(len(connections), 1)
        return clients

    def assert_left(self, *codes):
        for end in self.server.await_end(*codes):
            self.assertFalse(end['answered'], end)

    def assert_answered(self, client, code):
        self.assertNotIn(code, self.server.ends())
        self.server.answer(code)
        self.assert_logged_in(client.read_answer(), openid='o-http2')

    def assert_unharmed(self, worker):
        self.assert_logged_in(worker.login(), openid='o-http2')

    def test_a_client_that_leaves_takes_its_stream_along(self):
        code, = held(1)
        client = self.begin(code)
        self.server.await_open(code)
        client.close()
        self.assert_left(code)
        self.assert_unharmed(self.worker)

    def test_a_client_that_leaves_disturbs_nobody_on_the_same_connection(self):
        codes = held(4)
        clients = self.begin_on_one_connection(*codes)
        for at in (0, 2):
            clients[at].close()
            self.assert_left(codes[at])
            self.assertTrue(self.server.ends()[codes[at]]['reset'])
        for at in (1, 3):
            self.assert_answered(clients[at], codes[at])
        code = magic()
        self.assert_logged_in(self.worker.login(code), openid='o-http2')
        self.assertEqual(len(self.server.await_open(code, *codes)), 1)

    def test_many_who_leave_together_all_take_their_streams_along(self):
        stays, *codes = held(51)
        staying, *clients = self.begin_on_one_connection(stays, *codes)
        harness.together([client.close for client in clients])
        self.assert_left(*codes)
        self.assert_answered(staying, stays)

    def test_all_who_leave_together_take_their_streams_along(self):
        codes = held(50)
        clients = self.begin_on_one_connection(*codes)
        harness.together([client.close for client in clients])
        self.assert_left(*codes)
        self.assert_unharmed(self.worker)

    def test_an_exchange_whose_time_is_up_ends(self):
        late, in_time = held(2)
        self.worker.configure(configuration(
            wechat={'url': self.server.url, 'timeout_ms': int(2000 * PATIENCE)}))
        self.assertIn('outcome=ok', self.worker.reload())
        first = self.begin(late)
        self.server.await_open(late)
        self.worker.configure(configuration(wechat={'url': self.server.url, 'timeout_ms': 20_000}))
        self.assertIn('outcome=ok', self.worker.reload())
        second = self.begin(in_time)
        self.assertEqual(len(self.server.await_open(late, in_time)), 1)
        self.assert_refused(first.read_answer(), 504, 504, 'login')
        self.assert_left(late)
        self.assert_answered(second, in_time)
