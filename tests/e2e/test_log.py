"""What the worker logs: one event a line, enough to act on, nothing private."""

import json
import os
import re
import time

import fcgi
from harness import (APP, OTHER_APP, SECRETS, Case, FakeWechat, configuration, each, free_port,
                     keep_private, magic, together, wechat)
from session_users import SessionCase, bearer

TIME = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z'


def fields(line):
    """Of a line of the text format: name -> text."""
    return {name: json.loads(value) if value.startswith('"') else value
            for name, value in re.findall(r' (\w+)=("(?:[^"\\]|\\.)*"|\S+)', line)}


class Both:
    """What holds in either format; `read` makes members of a line."""

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(configuration(
            [APP, {'appid': 'unreachable', 'secret': SECRETS[APP],
                   'url': f'https://localhost:{free_port()}'}],
            log={'level': 'info', 'format': cls.format}))

    def ask(self, query, **more):
        """The members of the line that the request leaves."""
        id = 'id-' + magic()[3:]
        self.worker.ask(fcgi.get(query, REQUEST_ID=id, **more))
        line, = self.worker.await_log(id)
        members = self.read(line)
        self.assertEqual(members['request'], id)
        return members

    def assert_times(self, members):
        self.assertGreaterEqual(int(members['ms']), int(members['wechat_ms']))

    def test_a_login(self):
        members = self.ask(f'appid={APP}&code=' + wechat().code(delay_ms=100, unionid=1))
        self.assertEqual((members['event'], members['level'], members['app'],
                          str(members['status']), members['outcome']),
                         ('login', 'info', APP, '200', 'ok'))
        self.assertNotIn('errcode', members)
        self.assert_times(members)
        self.assertGreaterEqual(int(members['wechat_ms']), 90)

    def test_a_refusal(self):
        members = self.ask(f'appid={APP}&code=' + wechat().code(errcode=40163))
        self.assertEqual((members['event'], members['app'], str(members['status']),
                          str(members['errcode'])), ('login', APP, '401', '40163'))
        self.assertRegex(members['rid'], r'^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$')
        self.assert_times(members)

    def test_a_bad_request(self):
        members = self.ask('')
        self.assertEqual((members['event'], str(members['status'])), ('login', '400'))

    def test_an_unreachable_wechat(self):
        members = self.ask('appid=unreachable&code=' + magic())
        self.assertEqual(str(members['status']), '502')
        self.assertIn(members['level'], ('warn', 'error'))
        self.assertRegex(members['outcome'], '(?i)connect')

    @each(('text/html', 'html'), ('status', None))
    def test_an_unusable_answer(self, body):
        code = wechat().code(body=body) if body else wechat().code(status=500)
        members = self.ask(f'appid={APP}&code=' + code)
        self.assertEqual(str(members['status']), '502')
        self.assertRegex(members['outcome'], 'unusable')

    def test_an_unknown_action(self):
        members = self.ask('', ONLOGIN_ACTION='nonsense')
        self.assertEqual(str(members['status']), '404')

    @each(('newline', 'a\nb=1 c="x"\r\n'), ('escape', '\x1b[31mred'), ('quotes', 'a"b\\c'),
          ('nul', 'a\0b'), ('json', '","level":"error","x":"'), ('unicode', '\u4e2d\u2028'),
          ('unicode_controls', '\x85next line\x9b31mred'),
          ('not_utf_8', b'\xff\xfe\xc0'.decode('latin-1')), ('delete', '\x7f'))
    def test_what_others_write_stays_one_value(self, text):
        before = len(self.worker.log_lines())
        self.worker.ask(fcgi.get('', REQUEST_ID=('id ' + text).encode(
            'latin-1' if 'ÿ' in text else 'utf-8')))
        line, = self.worker.await_log('', count=before + 1)[before:]
        self.assertNotRegex(line[:-1], r'[\x00-\x1f\x7f-\x9f]')
        members = self.read(line)
        self.assertEqual((members['level'], str(members['status'])), ('info', '400'))
        self.assertTrue(members['request'].startswith('id '), members)

    def test_a_long_value_does_not_make_an_endless_line(self):
        before = len(self.worker.log_lines())
        self.worker.ask(fcgi.get('', REQUEST_ID='x' * 60_000))
        line, = self.worker.await_log('', count=before + 1)[before:]
        self.assertLess(len(line), 5000)
        self.read(line)

    def test_a_request_without_an_id_gets_one(self):
        before = len(self.worker.log_lines())
        for _ in range(2):
            self.worker.ask(fcgi.get(''))
        first, second = self.worker.await_log('', count=before + 2)[before:]
        self.assertNotEqual(self.read(first)['request'], self.read(second)['request'])

    def test_every_line_can_be_read(self):
        for line in self.worker.log_lines():
            self.assertLessEqual({'event', 'level', 'time'}, set(self.read(line)), line)
        self.assertIn('serving', self.worker.log_lines()[0])

    def test_health_is_not_worth_a_line(self):
        self.worker.ask(fcgi.get(path='/onLogin/health', REQUEST_ID='a-health-check'))
        self.ask('')
        self.assertEqual(self.worker.log_lines('a-health-check'), [])


class Text(Both, Case):
    format = 'text'

    def read(self, line):
        match = re.fullmatch(rf'({TIME}) (debug|info|warn|error) (\w+)((?: \w+=\S.*)?)\n', line)
        self.assertTrue(match, line)
        return dict(fields(match[4]), time=match[1], level=match[2], event=match[3])


class Json(Both, Case):
    format = 'json'

    def read(self, line):
        members = json.loads(line)
        self.assertRegex(members['time'], f'^{TIME}$')
        for name in ('status', 'errcode', 'wechat_ms', 'ms'):
            self.assertIsInstance(members.get(name, 0), int, line)
        return members


class WaitingForWechat(SessionCase):
    """Whatever has waited for WeChat says for how long, answered or not."""

    PAUSE = 150

    def setUp(self):
        self.new_home()
        self.fake = FakeWechat()
        self.addCleanup(self.fake.end)
        self.worker = self.own_worker(
            dict(self.with_sessions([APP]), log={'level': 'debug'},
                 wechat={'url': self.fake.url, 'ca_file': str(self.fake.ca)}), directory=self.home)
        self.token = self.user(self.worker, self.fake.code())

    def ask(self, action, token=None, code=None):
        body = b'code=' + (self.fake.phone_code() if code is None else code).encode()
        return self.worker.ask(fcgi.post(body, ONLOGIN_ACTION=action,
                                         **bearer(token or self.token)), body)

    def waited(self, action, answers, status):
        """The milliseconds in each line of `action`; None: it has none."""
        for answer in answers:
            self.assertEqual(answer.status, status, answer)
        lines = self.worker.await_log(f' {action} ', f'status={status} ', count=len(answers))
        return [int(ms) if (ms := fields(line).get('wechat_ms')) else None for line in lines]

    def assert_waited(self, action, answers, status):
        for ms in self.waited(action, answers, status):
            self.assertIsNotNone(ms)
            self.assertGreaterEqual(ms, self.PAUSE - 10)

    @each(('phone', 'phone', 200), ('check_session', 'check_session', 200),
          ('access_token', 'access_token', 204))
    def test_the_access_token_counts(self, action, status):
        self.fake.access_token(delay_ms=self.PAUSE)
        self.assert_waited(action, [self.ask(action)], status)

    @each(('phone', 'phone'), ('check_session', 'check_session'), ('access_token', 'access_token'))
    def test_a_refused_access_token_counts(self, action):
        self.fake.access_token(delay_ms=self.PAUSE, errcode=40164)
        self.assert_waited(action, [self.ask(action)], 500)

    def test_a_refused_phone_code_counts(self):
        code = self.fake.phone_code(delay_ms=self.PAUSE, errcode=40163)
        self.assert_waited('phone', [self.ask('phone', code=code)], 401)

    def test_who_share_one_call_name_its_whole_time(self):
        code = self.fake.phone_code(delay_ms=self.PAUSE)
        self.assert_waited('phone', together([lambda: self.ask('phone', code=code)] * 3), 200)
        self.assertEqual(self.fake.exchanges(code), 1)

    def test_who_does_not_come_to_ask_names_none(self):
        self.assertEqual(self.waited('phone', [self.ask('phone', code='')], 400), [None])
        keyless = self.forged(session_key=None)
        self.assertEqual(self.waited('check_session', [self.ask('check_session', keyless)], 401),
                         [None])


class Advice(Case):
    """What the operator should mend is an error that says how."""

    def advice(self, worker, *words):
        lines = worker.await_log(' error ', 'advice=', *words)
        self.assertEqual(len(lines), 1, lines)
        return fields(lines[0])

    @each(*((str(errcode), errcode) for errcode in (40013, 40125, 40243, 41002, 48001, 50002, 61003,
                                                    45009)))
    def test_a_refused_configuration_is_an_error_that_says_what_to_do(self, errcode):
        worker = self.own_worker()
        for _ in range(3):
            worker.login(wechat().code(errcode=errcode))
        members = self.advice(worker, f'errcode={errcode}')
        self.assertEqual(members['app'], APP)
        self.assertRegex(members['rid'], '^[0-9a-f-]{26}$')

    def test_the_wrong_secret_says_where_the_right_one_is(self):
        worker = self.own_worker(configuration([{'appid': APP,
                                                 'secret': keep_private('f' * 30 + '00')}]))
        self.assert_refused(worker.login(wechat().code()), 500, 40125, 'never')
        self.assertIn('mp.weixin.qq.com', self.advice(worker, 'errcode=40125')['advice'])

    def test_the_whitelist_says_which_address(self):
        worker = self.own_worker()
        answer = worker.login(wechat().code(errcode=40164))
        self.assertEqual(self.advice(worker, 'errcode=40164')['address'], '203.0.113.7')
        self.assertNotIn(b'203.0.113.7', answer.body)

    def test_a_flood_of_invalid_codes_is_told_once(self):
        worker = self.own_worker()
        for _ in range(10):
            worker.login(wechat().code(errcode=40029))
        self.assertEqual(worker.log_lines('advice='), [])
        for _ in range(40):
            worker.login(wechat().code(errcode=40029))
        self.assertIn('appid', self.advice(worker, 'errcode=40029')['advice'])

    def test_apps_are_told_apart(self):
        worker = self.own_worker(configuration([APP, OTHER_APP]))
        for app in (APP, OTHER_APP, APP):
            worker.ask(fcgi.get(f'code={wechat().code(app, errcode=40125)}&appid={app}'))
        lines = worker.await_log('advice=', count=2)
        self.assertEqual([fields(line)['app'] for line in lines], [APP, OTHER_APP])

    @each(('nobody_listens', lambda: f'https://localhost:{free_port()}'),
          ('no_name', lambda: 'https://nowhere.invalid'))
    def test_an_unreachable_wechat_says_what_to_look_at(self, url):
        worker = self.own_worker(configuration(wechat={'url': url()}))
        for _ in range(3):
            self.assert_refused(worker.login(), 502, 502, 'later')
        members = self.advice(worker)
        self.assertTrue(members['reason'])

    def test_a_wrong_certificate_is_named(self):
        worker = self.own_worker(configuration(wechat={'ca_file': ''}))
        self.assert_refused(worker.login(), 502, 502, 'later')
        self.assertRegex(self.advice(worker)['reason'], '(?i)certificate')

    def test_a_fake_wechat_is_told_of_at_the_start_and_when_it_is_news(self):
        worker = self.own_worker(configuration([APP, OTHER_APP]))
        worker.await_log(' warn fake_wechat ', 'real users cannot log in', 'onlogin-fake-wechat')
        worker.reload()
        self.assertEqual(len(worker.log_lines('fake_wechat')), 1)
        worker.configure(configuration(wechat={'url': 'https://192.0.2.1', 'ca_file': ''}))
        worker.reload()
        self.assertEqual(len(worker.log_lines('fake_wechat')), 1)
        worker.configure(configuration())
        worker.reload()
        worker.await_log(' warn fake_wechat ', count=2)

    @each(('40029', 40029), ('40163', 40163), ('40226', 40226), ('45011', 45011))
    def test_what_clients_do_is_no_error(self, errcode):
        worker = self.own_worker()
        worker.login(wechat().code(errcode=errcode))
        worker.await_log(f'errcode={errcode}')
        self.assertEqual(worker.log_lines(' error '), [])


class Levels(Case):
    @each(('debug', 'debug', {'debug', 'info', 'warn', 'error'}),
          ('info', 'info', {'info', 'warn', 'error'}), ('warn', 'warn', {'warn', 'error'}),
          ('error', 'error', {'error'}))
    def test_a_level_leaves_out_what_is_below(self, level, expected):
        worker = self.own_worker(configuration(log={'level': level}), wait=False)
        worker.await_socket()
        worker.ask(fcgi.get(path='/onLogin/health'))
        worker.login()
        worker.login(wechat().code(errcode=40125))
        worker.await_log(' error ')
        worker.stop()
        self.assertEqual({line.split()[1] for line in worker.log_lines()}, expected)


class LogReaders(Case):
    """Whoever reads the log may be slow, or gone."""

    def test_a_pipe_that_nobody_reads_does_not_stop_the_worker(self):
        reader, writer = os.pipe()
        worker = self.own_worker(stderr=writer, wait=False)
        os.close(writer)
        self.addCleanup(os.close, reader)
        worker.await_socket()
        with worker.connect() as connection:
            for _ in range(2000):
                connection.send(fcgi.request(fcgi.get(path='/onLogin/health',
                                                      REQUEST_ID='x' * 200), keep=True))
                self.assertEqual(connection.read_answer().status, 200)
        self.assert_unharmed(worker)
        os.set_blocking(reader, False)

        def read():
            text = b''
            try:
                while True:
                    text += os.read(reader, 65536)
            except BlockingIOError:
                return text
        text = read()
        self.assertGreater(len(text), 10_000)
        # Once it is read again, the log goes on and owns up.
        self.assert_unharmed(worker)
        self.assert_unharmed(worker)
        time.sleep(0.1)
        text += read()
        self.assertRegex(text, rb'lost count=\d+')
        for line in text.decode().splitlines():
            self.assertRegex(line, rf'^{TIME} ', 'whole lines')
        self.assertEqual(worker.stop(), 0)

    def test_a_pipe_whose_reader_is_gone_does_not_stop_the_worker(self):
        reader, writer = os.pipe()
        worker = self.own_worker(stderr=writer, wait=False)
        os.close(writer)
        os.close(reader)
        worker.await_socket()
        for _ in range(5):
            self.assert_unharmed(worker)
        self.assertEqual(worker.stop(), 0)
