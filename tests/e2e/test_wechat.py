"""What clients hear of WeChat's answers, and of its silence: row by row of the contract."""

import base64
import time

import fcgi
from harness import (APP, AT_ONCE, OTHER_APP, PATIENCE, SECRETS, Case, configuration, each,
                     free_port, keep_private, magic, make_certificate, new_directory,
                     together, wechat)

# WeChat's errmsg for some of them, as the fake words it.
ERRMSG = ('rid:', 'req_id', 'hints', '203.0.113.7', 'invalid code', 'code been used', 'invalid ip',
          'invalid appsecret', 'api minute-quota', 'unknown error', 'system error', 'user limited')

# errcode -> status, code, recover, Retry-After
REFUSALS = [
    (40029, 401, 40029, 'login', None),
    (40163, 401, 40163, 'login', None),
    (42003, 401, 42003, 'login', None),
    (40226, 403, 40226, 'never', None),
    (45011, 429, 45011, 'later', 60),
    (45009, 429, 45009, 'later', 3600),
    *((errcode, 500, errcode, 'never', None)
      for errcode in (40013, 40125, 40164, 40243, 41002, 41004, 41008, 40002, 48000, 48001, 48004,
                      48017, 48999, 50001, 50002, 61000, 61003, 61999)),
    (-1, 503, -1, 'later', None),
    *((errcode, 502, errcode, 'login', None)
      for errcode in (-2, 1, 40001, 40014, 40028, 42001, 43001, 45010, 45012, 47999, 49000, 50000,
                      50003, 60999, 62000, 89503, 9999999)),
]


class Refusals(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()

    def refuse(self, code, row):
        answer = self.worker.login(code)
        self.assert_refused(answer, *row)
        for text in ERRMSG:
            self.assertNotIn(text, answer.body.decode())
        return answer

    @each(*((str(errcode), errcode, row) for errcode, *row in REFUSALS))
    def test_errcode_becomes_its_row(self, errcode, row):
        first = self.refuse(wechat().code(errcode=errcode), row)
        again = self.refuse(wechat().code(errcode=errcode), row)
        self.assertEqual(first.json['message'], again.json['message'], 'a fixed text')

    @each(*((str(row[0]), row[0], row[1:]) for row in REFUSALS
            if row[0] in (40029, 45011, 40164, -1, 89503)))
    def test_errcode_may_be_a_string(self, errcode, row):
        self.refuse(wechat().code(errcode=errcode, errcode_type='string'), row)

    @each(*((str(row[0]), row[0]) for row in REFUSALS if row[0] != -1))
    def test_refusals_are_not_retried(self, errcode):
        code = wechat().code(errcode=errcode)
        self.worker.login(code)
        self.assertEqual(wechat().exchanges(code), 1)

    @each(('number', 'number'), ('string', 'string'))
    def test_busy_once_is_retried_once(self, errcode_type):
        code = wechat().code(errcode=-1, times=1, errcode_type=errcode_type)
        self.assert_logged_in(self.worker.login(code))
        self.assertEqual(wechat().exchanges(code), 2)

    def test_busy_again_is_told(self):
        code = wechat().code(errcode=-1, times=2)
        self.assert_refused(self.worker.login(code), 503, -1, 'later')
        self.assertEqual(wechat().exchanges(code), 2)

    def test_a_made_up_code_is_invalid(self):
        self.refuse(keep_private('a-code-that-WeChat-never-gave'), (401, 40029, 'login'))

    def test_an_expired_code_is_invalid(self):
        self.refuse(wechat().code(ttl_s=0), (401, 40029, 'login'))

    def test_a_code_of_another_app_is_invalid(self):
        self.refuse(wechat().code(OTHER_APP), (401, 40029, 'login'))

    @each(('get', lambda w: w.ask(fcgi.get('code=the%20code%20is%20a%20mock%20one'))),
          ('plus', lambda w: w.ask(fcgi.get('code=the+code+is+a+mock+one'))),
          ('form', lambda w: w.post('code=the+code+is+a+mock+one')),
          ('json', lambda w: w.post('{"code":"the code is a mock one"}', 'application/json')))
    def test_the_tools_mock_code_has_its_own_message(self, send):
        answer = send(self.worker)
        self.assert_refused(answer, 401, 40029, 'login')
        ordinary = self.worker.login(wechat().code(errcode=40029))
        self.assertNotEqual(answer.json['message'], ordinary.json['message'])
        self.assertEqual(wechat().exchanges('the code is a mock one'), 0)


class OddAnswers(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(configuration(
            [{'appid': APP, 'secret': SECRETS[APP], 'expose_session_key': True}]))

    @each(*((body, body) for body in ('extra', 'qq')))
    def test_unknown_members_do_not_matter(self, body):
        self.assert_logged_in(self.worker.login(wechat().code(body=body)))

    @each(('number', 'number'), ('string', 'string'))
    def test_errcode_0_is_success(self, errcode_type):
        code = wechat().code(errcode0=1, errcode_type=errcode_type)
        self.assert_logged_in(self.worker.login(code))

    def test_escaped_slashes_are_slashes(self):
        key = '/WZiVjagfNNOSvDRlIeT/A=='
        self.assert_logged_in(self.worker.login(wechat().code(session_key=key)), session_key=key)

    @each(*((name, options) for name, options in [
        *((body, {'body': body}) for body in ('notjson', 'empty', 'html', 'array', 'noopenid',
                                              'emptyopenid', 'numberopenid', 'truncated', 'huge',
                                              'deep')),
        *((f'status_{status}', {'status': status}) for status in (201, 302, 400, 404, 429, 500,
                                                                  502, 503)),
        ('status_502_html', {'status': 502, 'body': 'html'}),
        ('status_500_refusal', {'status': 500, 'errcode': 40029})]))
    def test_an_unusable_answer_asks_for_another_login(self, options):
        code = wechat().code(**options)
        answer = self.worker.login(code)
        self.assert_refused(answer, 502, 502, 'login')
        self.assertLess(answer.seconds, AT_ONCE)
        self.assertEqual(wechat().exchanges(code), 1, 'the code may be spent: no retry')
        self.assert_logged_in(self.worker.login())

    def test_64_kib_are_the_most(self):
        # With what is around it a little below, and the padded answer of the fake above.
        key = base64.b64encode(b'x' * 6000).decode()
        self.assert_logged_in(self.worker.login(wechat().code(session_key=key)), session_key=key)


def an_app(appid, url):
    return {'appid': appid, 'secret': SECRETS[APP], 'url': url}


class Unreachable(Case):
    """No byte of the request went out: `later`, and the same code may come again."""

    @classmethod
    def setUpClass(cls):
        directory = new_directory()
        stranger, elsewhere = ((directory / f'{name}.pem', directory / f'{name}.key')
                               for name in ('stranger', 'elsewhere'))
        make_certificate(*stranger, 'localhost')
        make_certificate(*elsewhere, 'elsewhere.example')
        # The worker trusts WeChat's authority and `elsewhere`, whose name is wrong.
        authorities = directory / 'authorities.pem'
        authorities.write_text(wechat().ca.read_text() + elsewhere[0].read_text())
        cls.strange = cls.raw_server('reset', *stranger)
        cls.misnamed = cls.raw_server('reset', *elsewhere)
        cls.mute = cls.raw_server('silent-tls')
        cls.worker = cls.start_worker(configuration(
            [APP,
             an_app('nobody-listens', f'https://localhost:{free_port()}'),
             an_app('no-address', 'https://nowhere.invalid'),
             an_app('no-tls', f'https://localhost:{cls.mute.port}'),
             an_app('wrong-authority', cls.strange.url),
             an_app('wrong-name', cls.misnamed.url)],
            wechat={'ca_file': str(authorities)}))

    @each(*((app, app) for app in ('nobody-listens', 'no-address', 'wrong-authority',
                                   'wrong-name')))
    def test_a_wechat_out_of_reach_is_tried_later(self, app):
        code = magic()
        answer = self.worker.ask(fcgi.get(f'code={code}&appid={app}'))
        self.assert_refused(answer, 502, 502, 'later')
        self.assertLess(answer.seconds, 5 * PATIENCE)
        self.assertEqual(self.strange.seen(code) + self.misnamed.seen(code), 0)
        for text in ('localhost', 'nowhere', 'certificate', 'SSL', 'curl', 'resolve', 'refused'):
            self.assertNotIn(text, answer.body.decode(), "no library's text")

    def test_a_server_that_never_shakes_hands_is_out_of_reach_and_others_log_in_meanwhile(self):
        def others():
            time.sleep(0.3)
            for _ in range(5):
                answer = self.worker.ask(fcgi.get(f'code={magic()}&appid={APP}'))
                self.assert_logged_in(answer)
                self.assertLess(answer.seconds, AT_ONCE)
        *answers, _ = together(
            [*(lambda: self.worker.ask(fcgi.get(f'code={magic()}&appid=no-tls')),) * 20, others])
        for answer in answers:
            self.assert_refused(answer, 502, 502, 'later')
            self.assertLess(answer.seconds, 4.5 + 0.5 * PATIENCE)


class InTime(Case):
    """WeChat is slow, and the code may be spent: 504, `login`, before the client gives up. Each
    test asks both ways to WeChat at once: it has to wait."""

    @classmethod
    def setUpClass(cls):
        cls.workers = [cls.start_worker(configuration(wechat={'http': http}))
                       for http in ('auto', '1.1')]

    def test_a_late_answer_is_a_timeout_before_5_s_and_one_just_in_time_a_login(self):
        late, in_time = ([wechat().code(delay_ms=ms) for _ in range(6)] for ms in (6000, 3500))
        calls = [lambda w=worker, c=code: w.login(c) for codes in (late, in_time)
                 for worker, code in zip(self.workers * 3, codes)]
        answers = together(calls)
        for answer in answers[:6]:
            self.assert_refused(answer, 504, 504, 'login')
            self.assertGreater(answer.seconds, 4)
            self.assertLess(answer.seconds, 4.5 + 0.5 * PATIENCE)
        for answer in answers[6:]:
            self.assert_logged_in(answer)
        for code in late + in_time:
            self.assertEqual(wechat().exchanges(code), 1, 'no retry')
        for worker in self.workers:
            self.assert_unharmed(worker)

    def test_a_slow_login_does_not_hold_others_up(self):
        def others(worker):
            time.sleep(0.2)
            return [worker.login() for _ in range(10)]
        calls = []
        for worker in self.workers:
            calls += [lambda w=worker: [w.login(wechat().code(delay_ms=1500))],
                      lambda w=worker: others(w)]
        slow_2, quick_2, slow_11, quick_11 = together(calls)
        for answer in slow_2 + slow_11 + quick_2 + quick_11:
            self.assert_logged_in(answer)
        for answer in quick_2 + quick_11:
            self.assertLess(answer.seconds, AT_ONCE)


class BrokenConnections(Case):
    """A server that breaks off: each login code is sent at most once."""

    TIMEOUT = 1.5 * PATIENCE

    @classmethod
    def setUpClass(cls):
        modes = ('reset', 'close', 'half', 'silent', 'drip', 'keepalive-reset')
        cls.servers = {mode: cls.raw_server(mode) for mode in modes}
        cls.worker = cls.start_worker(configuration(
            [APP, *(an_app(mode, server.url) for mode, server in cls.servers.items())],
            wechat={'timeout_ms': int(1000 * cls.TIMEOUT)}))

    def login(self, mode, code):
        return self.worker.ask(fcgi.get(f'code={code}&appid={mode}'))

    def check(self, mode, status):
        codes = [magic() for _ in range(5)]
        answers = together([lambda c=c: self.login(mode, c) for c in codes])
        for code, answer in zip(codes, answers):
            self.assert_refused(answer, status, status, 'login')
            self.assertEqual(self.servers[mode].seen(code), 1)
        self.assert_logged_in(self.login(APP, magic()))
        return answers

    @each(*((mode, mode) for mode in ('reset', 'close', 'half')))
    def test_a_broken_answer_asks_for_another_login(self, mode):
        for _ in range(2):
            for answer in self.check(mode, 502):
                self.assertLess(answer.seconds, AT_ONCE)

    @each(('silent', 'silent'), ('drip', 'drip'))
    def test_an_answer_that_does_not_come_is_a_timeout(self, mode):
        for answer in self.check(mode, 504):
            self.assertGreater(answer.seconds, self.TIMEOUT - 0.2)
            self.assertLess(answer.seconds, self.TIMEOUT + 0.5 * PATIENCE)

    def test_a_kept_connection_that_resets_does_not_send_a_code_twice(self):
        server = self.servers['keepalive-reset']
        first, second = magic(), magic()
        self.assert_logged_in(self.login('keepalive-reset', first))
        answer = self.login('keepalive-reset', second)
        self.assert_refused(answer, 502, 502, 'login')
        self.assertEqual((server.seen(first), server.seen(second)), (1, 1))

    def test_kept_connections_that_reset_at_random_do_not_send_codes_twice(self):
        server = self.servers['keepalive-reset']
        codes = [magic() for _ in range(30)]
        answers = together([lambda c=c: self.login('keepalive-reset', c) for c in codes])
        for code, answer in zip(codes, answers):
            self.assertEqual(server.seen(code), 1)
            if answer.status == 200:
                self.assert_logged_in(answer)
            else:
                self.assert_refused(answer, 502, 502, 'login')


class KeptConnections(Case):
    """Between the worker and WeChat."""

    def test_a_wechat_that_ends_between_two_logins_is_out_of_reach(self):
        fake = self.own_wechat()
        worker = self.own_worker(configuration(fake=fake))
        self.assert_logged_in(worker.login())
        fake.end()
        answer = worker.login()
        self.assert_refused(answer, 502, 502, 'later')
