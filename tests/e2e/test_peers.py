"""Peers on the FastCGI socket that break the protocol, stop half-way or say nothing: they lose
their connection, and nobody else notices."""

import os
import random
import socket
import struct
import time

import fcgi
from harness import PATIENCE, Case, each, magic, together, until, wechat

GET = fcgi.pairs(fcgi.get('code=ok-broken-peer'))
POST = fcgi.pairs(fcgi.post(b'code=ok-broken-peer'))
PARAMS_BEGIN = fcgi.begin() + fcgi.record(fcgi.PARAMS, GET)
PARAMS = fcgi.begin() + fcgi.stream(fcgi.PARAMS, GET)
MID_BODY = fcgi.begin() + fcgi.stream(fcgi.PARAMS, POST) + fcgi.record(fcgi.STDIN, b'code=')


def absurd(*lengths):
    return fcgi.begin() + fcgi.record(
        fcgi.PARAMS, b''.join(struct.pack('>I', 0x80000000 | number) for number in lengths)) \
        + fcgi.record(fcgi.PARAMS) + fcgi.record(fcgi.STDIN)


# What they send and then wait for an answer.
BROKEN = [
    ('http', b'GET /onLogin?code=ok-broken-peer HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    ('tls', bytes.fromhex('16030100b5010000b10303') + b'\x42' * 170),
    ('http2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0' * 50),
    ('zeros', b'\0' * 1000),
    ('ones', b'\xff' * 1000),
    ('random', random.Random(1).randbytes(5000)),
    ('version_0', fcgi.record(fcgi.BEGIN, b'\0\1\0\0\0\0\0\0', version=0)),
    ('version_2', fcgi.record(fcgi.BEGIN, b'\0\1\0\0\0\0\0\0', version=2)),
    ('version_changes', fcgi.begin() + fcgi.record(fcgi.PARAMS, GET, version=2)),
    ('no_begin', fcgi.stream(fcgi.PARAMS, GET) + fcgi.record(fcgi.STDIN)),
    ('stdin_first', fcgi.record(fcgi.STDIN, b'code=ok-broken-peer')),
    ('stdin_before_params', fcgi.begin() + fcgi.record(fcgi.STDIN)),
    ('abort_first', fcgi.record(fcgi.ABORT)),
    ('end_first', fcgi.record(fcgi.END, b'\0' * 8)),
    ('stdout', PARAMS + fcgi.record(fcgi.STDOUT, b'hello')),
    ('params_twice', PARAMS + fcgi.stream(fcgi.PARAMS, GET) + fcgi.record(fcgi.STDIN)),
    ('begin_twice', fcgi.begin() * 2 + fcgi.stream(fcgi.PARAMS, GET) + fcgi.record(fcgi.STDIN)),
    ('begin_twice_with_params', PARAMS + fcgi.begin()),
    ('multiplexed', fcgi.begin(1) + fcgi.begin(2) + fcgi.stream(fcgi.PARAMS, GET, 1)
     + fcgi.record(fcgi.STDIN, b'', 1)),
    ('id_changes', fcgi.begin(1) + fcgi.stream(fcgi.PARAMS, GET, 2)
     + fcgi.record(fcgi.STDIN, b'', 2)),
    ('id_changes_in_the_body', PARAMS + fcgi.record(fcgi.STDIN, b'', 3)),
    ('begin_short', fcgi.record(fcgi.BEGIN, b'\0\1') + fcgi.stream(fcgi.PARAMS, GET)),
    ('begin_empty', fcgi.record(fcgi.BEGIN) + fcgi.stream(fcgi.PARAMS, GET)),
    ('begin_long', fcgi.record(fcgi.BEGIN, b'\0\1' + b'\0' * 20) + fcgi.stream(fcgi.PARAMS, GET)),
    ('params_cut', fcgi.begin() + fcgi.stream(fcgi.PARAMS, GET[:-3]) + fcgi.record(fcgi.STDIN)),
    ('params_cut_in_a_length', fcgi.begin() + fcgi.stream(fcgi.PARAMS, GET + b'\x80\0')
     + fcgi.record(fcgi.STDIN)),
    ('params_cut_before_the_second_length', fcgi.begin() + fcgi.stream(fcgi.PARAMS, GET + b'\x05')
     + fcgi.record(fcgi.STDIN)),
    ('absurd_lengths', absurd(0x7ffffffe, 0x7ffffffe)),
    ('absurd_lengths_that_wrap_to_0', absurd(0x7fffffff, 0x7fffffff)),
    ('absurd_name_length', absurd(0x7ffffffe, 1)),
    ('absurd_value_length', absurd(1, 0x7ffffffe)),
]

# What they send before they die. Not one of these is a whole request.
CUT = [
    ('nothing', b''),
    ('one_byte', b'\1'),
    ('half_a_header', fcgi.begin()[:5]),
    ('half_a_begin', fcgi.begin()[:12]),
    ('begin', fcgi.begin()),
    ('params_between_two', fcgi.begin() + fcgi.record(
        fcgi.PARAMS, fcgi.pairs({'REQUEST_METHOD': 'GET', 'QUERY_STRING': 'code=ok-broken-peer'}))),
    ('params_without_end', PARAMS_BEGIN),
    ('params_inside_one', fcgi.begin() + fcgi.record(fcgi.PARAMS, GET)[:-10]),
    ('params_without_end_header', PARAMS_BEGIN + fcgi.record(fcgi.PARAMS)[:7]),
    ('params', PARAMS),
    ('mid_body', MID_BODY),
    ('body_without_end', MID_BODY + fcgi.record(fcgi.STDIN, b'ok-broken-peer')),
    ('inside_a_body_record', MID_BODY + fcgi.record(fcgi.STDIN, b'ok-broken-peer')[:-1]),
]


class Peers(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()

    def tearDown(self):
        self.assert_unharmed(self.worker)
        self.assertEqual(wechat().exchanges('ok-broken-peer'), 0, 'half a request is no request')

    def read_all(self, connection):
        """What comes until the worker ends the connection."""
        text = b''
        try:
            while True:
                text += connection.receive(1)
        except fcgi.Gone:
            return text

    @each(*BROKEN)
    def test_a_broken_peer_loses_its_connection(self, data):
        with self.worker.connect(timeout=5 * PATIENCE) as connection:
            try:
                connection.send(data)
                self.assertNotIn(b'Status: 200', self.read_all(connection))
            except fcgi.Gone:
                pass

    @each(*BROKEN)
    def test_a_broken_peer_that_leaves_harms_nobody(self, data):
        with self.worker.connect() as connection:
            connection.send(data)

    @each(*CUT)
    def test_a_request_cut_by_the_peers_death_is_dropped(self, data):
        with self.worker.connect() as connection:
            connection.send(data)

    @each(*CUT)
    def test_a_request_cut_by_half_a_close_is_dropped(self, data):
        with self.worker.connect(timeout=5 * PATIENCE) as connection:
            connection.send(data)
            connection.half_close()
            self.assertNotIn(b'Status: 200', self.read_all(connection))

    @each(*CUT)
    def test_a_request_cut_by_a_reset_is_dropped(self, data):
        with self.worker.connect() as connection:
            connection.send(data)
            # A unix socket resets when it closes with unread input; this one has none, so it
            # is the worker's write that fails.
            connection.socket.shutdown(socket.SHUT_RDWR)

    @each(*(cut for cut in CUT))
    def test_a_peer_that_stops_half_way_disturbs_nobody(self, data):
        with self.worker.connect() as connection:
            connection.send(data)
            self.assert_unharmed(self.worker)

    @each(('authorizer', 2), ('filter', 3), ('unknown', 9), ('zero', 0), ('largest', 65535))
    def test_another_role_is_refused_by_the_book(self, role):
        with self.worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get('code=ok-broken-peer'), role=role))
            self.assertEqual(connection.read_end(), (b'', fcgi.UNKNOWN_ROLE))

    @each(('mpxs', {'FCGI_MPXS_CONNS': ''}),
          ('all', {'FCGI_MAX_CONNS': '', 'FCGI_MAX_REQS': '', 'FCGI_MPXS_CONNS': ''}),
          ('none', {}), ('many', [('FCGI_MAX_CONNS', '')] * 2000))
    def test_questions_about_the_responder_are_answered(self, names):
        with self.worker.connect() as connection:
            connection.send(fcgi.record(fcgi.GET_VALUES, fcgi.pairs(names), id=0))
            kind, id, _ = connection.read_record()
            self.assertEqual((kind, id), (fcgi.GET_VALUES_RESULT, 0))
            connection.send(fcgi.request(fcgi.get('code=' + magic())))
            self.assert_logged_in(connection.read_answer())

    @each(('12', 12), ('255', 255), ('0', 0))
    def test_unknown_management_records_are_named(self, kind):
        with self.worker.connect() as connection:
            connection.send(fcgi.record(kind, b'x' * 10, id=0))
            answer, id, content = connection.read_record()
            self.assertEqual((answer, id, content[0]), (fcgi.UNKNOWN_TYPE, 0, kind))
            connection.send(fcgi.request(fcgi.get('code=' + magic())))
            self.assert_logged_in(connection.read_answer())

    def test_many_management_records_at_once_are_all_answered(self):
        with self.worker.connect() as connection:
            connection.send(b''.join(fcgi.record(kind, b'', id=0)
                                     for kind in [fcgi.GET_VALUES, 77] * 50))
            kinds = [connection.read_record()[0] for _ in range(100)]
            self.assertEqual(kinds, [fcgi.GET_VALUES_RESULT, fcgi.UNKNOWN_TYPE] * 50)

    def test_a_request_right_behind_a_question_is_answered(self):
        with self.worker.connect() as connection:
            connection.send(fcgi.record(fcgi.GET_VALUES, fcgi.pairs({'FCGI_MAX_CONNS': ''}), id=0)
                            + fcgi.request(fcgi.get('code=' + magic())))
            self.assertEqual(connection.read_record()[0], fcgi.GET_VALUES_RESULT)
            self.assert_logged_in(connection.read_answer())

    def test_a_flood_of_questions_that_reads_no_answer_harms_nobody(self):
        with self.worker.connect(timeout=0.5) as connection:
            try:
                for _ in range(2000):
                    connection.send(fcgi.record(12, b'', id=0) * 100)
            except (TimeoutError, fcgi.Gone):
                pass
            self.assert_unharmed(self.worker)

    def test_a_peer_that_reads_no_answers_harms_nobody(self):
        with self.worker.connect(timeout=0.5) as connection:
            try:
                for _ in range(20_000):
                    connection.send(fcgi.request(fcgi.get(path='/onLogin/health'), keep=True) * 10)
            except (TimeoutError, fcgi.Gone):
                pass
            self.assert_unharmed(self.worker)

    def test_200_such_peers_at_once_disturb_nobody(self):
        held = []
        try:
            for i in range(200):
                connection = self.worker.connect()
                held.append(connection)
                data = [*CUT, *BROKEN][i % (len(CUT) + len(BROKEN))][1]
                try:
                    connection.send(data)
                except fcgi.Gone:
                    pass
                if i % 50 == 0:
                    self.assert_unharmed(self.worker)
            self.assert_unharmed(self.worker)
            for answer in together([self.worker.login] * 20):
                self.assert_logged_in(answer)
        finally:
            for connection in held:
                connection.close()

    def test_200_peers_that_come_and_go_disturb_nobody(self):
        for i in range(200):
            with self.worker.connect() as connection:
                connection.send([*CUT, *BROKEN][i % (len(CUT) + len(BROKEN))][1])


class Patience(Case):
    """How long a peer may take. One test: it has to wait for that."""

    def test_stalled_peers_lose_their_connection_and_idle_ones_keep_it(self):
        worker = self.own_worker()
        stalled = [worker.connect(timeout=30 * PATIENCE) for _ in CUT]
        for connection, (_, data) in zip(stalled, CUT):
            connection.send(data)
        with worker.connect() as idle:
            idle.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
            self.assert_logged_in(idle.read_answer())
            began = time.monotonic()
            for connection in stalled:
                self.assertTrue(connection.ends())
                connection.close()
            self.assertGreater(time.monotonic() - began, 2, 'some time it has')
            self.assertLess(time.monotonic() - began, 15 * PATIENCE)
            idle.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
            self.assert_logged_in(idle.read_answer())


class Descriptors(Case):
    def test_connections_end_with_their_peers(self):
        self.look_inside()
        worker = self.own_worker()

        def open_files():
            return len(os.listdir(f'/proc/{worker.pid}/fd'))
        self.assert_unharmed(worker)
        before = open_files()
        held = [worker.connect() for _ in range(100)]
        until(lambda: open_files() >= before + 95, what='100 connections')
        for connection in held:
            connection.close()
        until(lambda: open_files() <= before, what='the end of the connections')
