"""Connections that the server in front keeps, and clients that leave."""

import time

import fcgi
from backends import with_sessions
from harness import (APP, AT_ONCE, PATIENCE, SECRETS, Case, a_while, configuration, each,
                     keep_private, magic, together, until, wechat)


class Kept(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()

    def test_requests_follow_each_other_on_one_connection(self):
        with self.worker.connect() as connection:
            for i in range(1, 30):
                body = f'code={magic()}'.encode()
                for data in (fcgi.request(fcgi.get('code=' + magic()), id=i, keep=True),
                             fcgi.request(fcgi.post(body), body, id=i, keep=True)):
                    connection.send(data)
                    self.assert_logged_in(connection.read_answer(i))

    def test_good_and_bad_requests_follow_each_other(self):
        with self.worker.connect() as connection:
            for _ in range(3):
                for query, status in (('code=' + magic(), 200), ('', 400), ('code=%', 400)):
                    connection.send(fcgi.request(fcgi.get(query), keep=True))
                    self.assertEqual(connection.read_answer().status, status)

    def test_the_next_request_may_come_before_the_answer(self):
        with self.worker.connect() as connection:
            connection.send(b''.join(fcgi.request(fcgi.get('code=' + magic('delay-100')), id=i,
                                                  keep=True) for i in (1, 2, 3)))
            for i in (1, 2, 3):
                self.assert_logged_in(connection.read_answer(i))

    def test_a_connection_not_to_be_kept_is_closed(self):
        with self.worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get('code=' + magic())))
            self.assert_logged_in(connection.read_answer())
            self.assertTrue(connection.ends())

    def test_the_last_request_decides_about_the_connection(self):
        with self.worker.connect() as connection:
            for keep in (True, False):
                connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=keep))
                self.assert_logged_in(connection.read_answer())
            self.assertTrue(connection.ends())

    @each(('ids_up_to_the_largest', 65535), ('id_256', 256))
    def test_any_request_id_comes_back(self, id):
        answer = self.worker.ask(fcgi.get('code=' + magic()), id=id)
        self.assert_logged_in(answer)

    @each(('1', 1), ('7', 7), ('8', 8), ('255', 255))
    def test_padding_does_not_matter(self, padding):
        body = f'code={magic()}'.encode()
        self.assert_logged_in(self.worker.ask(fcgi.post(body), body, padding=padding, piece=11))

    @each(('1', 1), ('3', 3), ('9', 9), ('1000', 1000))
    def test_a_request_may_come_in_small_writes(self, piece):
        body = f'code={magic()}'.encode()
        with self.worker.connect() as connection:
            for _ in range(2):
                body = f'code={magic()}'.encode()
                connection.send(fcgi.request(fcgi.post(body), body, keep=True, padding=3),
                                piece=piece, pause=0.0005)
                self.assert_logged_in(connection.read_answer())

    def test_a_request_may_come_slowly(self):
        data = fcgi.request(fcgi.get('code=' + magic()))
        with self.worker.connect() as connection:
            connection.send(data, piece=len(data) // 4, pause=0.3)
            self.assert_logged_in(connection.read_answer())

    def test_variables_may_be_in_many_records(self):
        variables = fcgi.get('code=' + magic(), HTTP_X_LONG='x' * 3000)
        self.assert_logged_in(self.worker.ask(variables, piece=1))

    def test_variables_of_length_0_127_128_and_more_are_read(self):
        for size in (0, 1, 127, 128, 129, 255, 256, 16383, 60_000):
            self.assert_logged_in(self.worker.login(**{'HTTP_X' + '_' * size: 'x' * size}))

    def test_the_answer_to_an_oversize_request_is_readable(self):
        body = b'x' * 2_000_000
        with self.worker.connect() as connection:
            try:
                connection.send(fcgi.request(fcgi.post(body), body, keep=True))
            except fcgi.Gone:
                pass
            self.assert_refused(connection.read_answer(), 413, 413, 'never')
        self.assert_unharmed(self.worker)

    def test_a_peer_that_stopped_sending_still_gets_its_answer(self):
        with self.worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get('code=' + wechat().code(delay_ms=300))))
            connection.half_close()
            self.assert_logged_in(connection.read_answer())

    def test_a_peer_that_stops_sending_while_it_waits_still_gets_its_answer(self):
        with self.worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get('code=' + wechat().code(delay_ms=600)),
                                         keep=True))
            time.sleep(0.2)
            connection.half_close()
            self.assert_logged_in(connection.read_answer())

    def test_half_closed_right_behind_a_quick_request_is_no_loss(self):
        for _ in range(20):
            with self.worker.connect() as connection:
                connection.send(fcgi.request(fcgi.get(path='/onLogin/health'), keep=True))
                connection.half_close()
                self.assertEqual(connection.read_answer().status, 200)

    def test_an_idle_connection_may_end_at_any_time(self):
        for half in (True, False):
            with self.worker.connect() as connection:
                connection.send(fcgi.request(fcgi.get('code=' + magic()), keep=True))
                self.assert_logged_in(connection.read_answer())
                if half:
                    connection.half_close()
                    self.assertTrue(connection.ends())
        self.assert_unharmed(self.worker)


class Leaving(Case):
    """A client that leaves takes its exchange with it."""

    @classmethod
    def setUpClass(cls):
        cls.silent = cls.raw_server('silent')
        cls.worker = cls.start_worker(configuration(
            [APP, {'appid': 'silent', 'secret': SECRETS[APP], 'url': cls.silent.url}],
            wechat={'http': '1.1', 'timeout_ms': 20_000}, limits={'in_flight': 2}))

    def setUp(self):
        self.cancelled = len(self.worker.log_lines(' cancelled '))

    def begin(self, app, code):
        connection = self.worker.connect()
        connection.send(fcgi.request(fcgi.get(f'code={code}&appid={app}',
                                              REQUEST_ID='left-' + code[-6:]), keep=True))
        return connection

    def assert_cancelled(self, count=1):
        return self.worker.await_log(' cancelled ', count=self.cancelled + count)[-count:]

    def login(self):
        answer = self.worker.ask(fcgi.get(f'code={magic()}&appid={APP}'))
        self.assert_logged_in(answer)
        self.assertLess(answer.seconds, AT_ONCE)

    def test_the_log_tells_who_left(self):
        code = magic()
        connection = self.begin('silent', code)
        until(lambda: self.silent.seen(code), what='the request')
        connection.close()
        line, = self.assert_cancelled()
        self.assertIn('request=left-' + code[-6:], line)
        self.assertIn('app=silent', line)
        self.login()

    def test_the_exchange_ends(self):
        code = magic()
        connection = self.begin('silent', code)
        until(lambda: self.silent.seen(code), what='the request')
        self.assertEqual(self.silent.connections(), 1)
        connection.close()
        until(lambda: self.silent.connections() == 0, 3, 'the end of the exchange')
        self.assertEqual(self.silent.seen(code), 1)

    def test_its_place_is_free_again(self):
        for _ in range(3):
            codes = [magic(), magic()]
            held = [self.begin('silent', code) for code in codes]
            until(lambda: all(self.silent.seen(code) for code in codes), what='the requests')
            answer = self.worker.ask(fcgi.get(f'code={magic()}&appid={APP}'))
            self.assert_refused(answer, 503, 503, 'later')
            self.cancelled = len(self.worker.log_lines(' cancelled '))
            for connection in held:
                connection.close()
            self.assert_cancelled(2)
            self.login()

    def test_who_shares_the_exchange_is_not_disturbed(self):
        code = wechat().code(delay_ms=800)
        leaving, staying = (self.begin(APP, code) for _ in range(2))
        time.sleep(0.2)
        leaving.close()
        self.assert_cancelled()
        self.assert_logged_in(staying.read_answer())
        self.assertEqual(wechat().exchanges(code), 1)

    def test_a_login_after_the_only_one_left_is_an_exchange_of_its_own(self):
        code = magic()
        first = self.begin('silent', code)
        until(lambda: self.silent.seen(code) == 1, what='the first exchange')
        first.close()
        self.assert_cancelled()
        second = self.begin('silent', code)
        until(lambda: self.silent.seen(code) == 2, what='the second exchange')
        second.close()
        self.assert_cancelled(2)

    def test_an_abort_ends_the_request(self):
        code = magic()
        with self.begin('silent', code) as connection:
            until(lambda: self.silent.seen(code), what='the request')
            connection.send(fcgi.record(fcgi.ABORT))
            text, _ = connection.read_end()
            self.assertEqual(text, b'')
            until(lambda: self.silent.connections() == 0, 3, 'the end of the exchange')
        self.assert_cancelled()
        self.login()

    def test_an_abort_of_another_request_changes_nothing(self):
        with self.begin(APP, magic('delay-400')) as connection:
            connection.send(fcgi.record(fcgi.ABORT, id=77))
            self.assert_logged_in(connection.read_answer())

    def test_200_who_leave_disturb_nobody(self):
        worker = self.own_worker(configuration(
            [APP, {'appid': 'silent', 'secret': SECRETS[APP], 'url': self.silent.url}],
            wechat={'timeout_ms': 20_000}))
        held = []
        for i in range(200):
            connection = worker.connect()
            held.append(connection)
            app = 'silent' if i % 2 else APP
            code = magic('delay-30000')
            connection.send(fcgi.request(fcgi.get(f'code={code}&appid={app}')))
        together([connection.close for connection in held])
        worker.await_log(' cancelled ', count=200)
        answer = worker.ask(fcgi.get(f'code={magic()}&appid={APP}'))
        self.assert_logged_in(answer)
        self.assertLess(answer.seconds, AT_ONCE)


class LeavingThroughNginx(Case):
    def test_a_client_that_hangs_up_cancels_its_login(self):
        worker = self.own_worker(configuration(wechat={'timeout_ms': 20_000}))
        nginx = self.own_nginx(worker.socket)
        code = wechat().code(delay_ms=15_000)
        connection = nginx.connect()
        connection.request('GET', '/onLogin?code=' + code)
        until(lambda: wechat().exchanges(code) == 1, what='the exchange')
        connection.sock.close()
        connection.close()
        worker.await_log(' cancelled ')
        self.assert_unharmed(worker)


class InFlight(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker({**with_sessions([APP]), 'limits': {'in_flight': 3}})

    def fill(self):
        held = []
        for _ in range(3):
            code = wechat().code(delay_ms=a_while(1200))
            connection = self.worker.connect()
            connection.send(fcgi.request(fcgi.get('code=' + code)))
            held.append(connection)
            until(lambda: wechat().exchanges(code) == 1, what='the exchange')
        return held

    def test_too_much_in_flight_is_told_at_once(self):
        held = self.fill()
        code = wechat().code()
        answer = self.worker.login(code)
        self.assert_refused(answer, 503, 503, 'later')
        self.assertLess(answer.seconds, 0.3 * PATIENCE)
        self.assertEqual(wechat().exchanges(code), 0)
        for connection in held:
            self.assert_logged_in(connection.read_answer())
            connection.close()
        self.assert_logged_in(self.worker.login(code))

    def test_health_is_asked_whatever_is_in_flight(self):
        held = self.fill()
        self.assertEqual(self.worker.ask(fcgi.get(path='/onLogin/health')).status, 200)
        for connection in held:
            self.assert_logged_in(connection.read_answer())
            connection.close()

    def test_what_does_not_wait_for_wechat_goes_on(self):
        """Sessions, logouts, user data, an access token that is at hand; phone numbers do not."""
        user = self.worker.login(ONLOGIN_APPID=APP).json['data']
        token = {'HTTP_AUTHORIZATION': 'Bearer ' + keep_private(user['token'])}
        tokens = fcgi.get(ONLOGIN_ACTION='access_token', ONLOGIN_APPID=APP)
        self.assertEqual(self.worker.ask(tokens).status, 204)
        held = self.fill()
        for action, status in (('auth', 204), ('decrypt', 400), ('sign', 200)):
            answer = self.worker.ask(fcgi.post(b'', ONLOGIN_ACTION=action, **token))
            self.assertEqual(answer.status, status, answer)
        kept = self.worker.ask(tokens)
        self.assertEqual(kept.status, 204)
        now = keep_private(kept.headers['onlogin-access-token'])
        for why in ('ONLOGIN_REFUSED_TOKEN', 'ONLOGIN_SUSPECTED_TOKEN'):
            answer = self.worker.ask({**tokens, why: now})  # WeChat is to say
            self.assert_refused(answer, 503, 503, 'later')
        # Another has been got since: it is at hand.
        answer = self.worker.ask({**tokens, 'ONLOGIN_REFUSED_TOKEN': 'the-one-before'})
        self.assertEqual(answer.headers.get('onlogin-access-token'), now)
        answer = self.worker.ask(fcgi.post(b'', ONLOGIN_ACTION='check_session', **token))
        self.assert_refused(answer, 503, 503, 'later')
        code = wechat().phone_code(APP)
        phone = fcgi.post(f'code={code}'.encode(), ONLOGIN_ACTION='phone', **token)
        self.assert_refused(self.worker.ask(phone, f'code={code}'.encode()), 503, 503, 'later')
        self.assertEqual(self.worker.ask(fcgi.post(b'', ONLOGIN_ACTION='logout', **token)).status, 200)
        for connection in held:
            self.assert_logged_in(connection.read_answer())
            connection.close()

    def test_a_burst_is_served_as_far_as_the_limit_goes(self):
        worker = self.own_worker(configuration(limits={'in_flight': 10}))
        answers = together([lambda: worker.login(keep_private(magic('delay-500')))] * 30)
        self.assertGreaterEqual([answer.status for answer in answers].count(200), 10)
        for answer in answers:
            if answer.status != 200:
                self.assert_refused(answer, 503, 503, 'later')
        self.assert_unharmed(worker)

    def test_bad_requests_take_no_place_for_long(self):
        for _ in range(20):
            self.assert_refused(self.worker.ask(fcgi.get('')), 400, 400, 'never')
        self.assert_unharmed(self.worker)
