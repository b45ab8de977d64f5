"""Phone numbers: the code of getPhoneNumber becomes a number, by an access token that WeChat takes."""

import time
import urllib.parse

import fcgi
from harness import (APP, AT_ONCE, OTHER_APP, a_while, each, keep_private, magic, together, until,
                     wechat)
from session_users import SessionCase, bearer


def ask(worker, token, code, **more):
    body = 'code=' + urllib.parse.quote(code, safe='')
    return worker.ask(fcgi.post(body.encode(), SCRIPT_NAME='/onLogin/phone', **bearer(token),
                                **more), body.encode())


class PhoneCase(SessionCase):
    def assert_number(self, answer, number):
        self.assertEqual(answer.status, 200, answer)
        self.check_form(answer)
        info = answer.json['data']
        self.assertEqual((info['purePhoneNumber'], info['countryCode']), (number, '86'), answer)
        return info


class Phone(PhoneCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions(), directory=cls.home)

    def setUp(self):
        self.token = self.user(self.worker)

    def test_it_answers_what_wechat_says(self):
        answer = ask(self.worker, self.token, wechat().phone_code(phone='13800138000'))
        info = self.assert_number(answer, '13800138000')
        self.assertEqual(set(info), {'phoneNumber', 'purePhoneNumber', 'countryCode', 'watermark'})
        self.assertEqual(info['watermark']['appid'], APP)

    def test_json_will_do_as_well(self):
        code = wechat().phone_code(phone='13800138001')
        body = ('{"code":"%s"}' % code).encode()
        answer = self.worker.ask(fcgi.post(body, 'application/json',
                                           SCRIPT_NAME='/onLogin/phone', **bearer(self.token)), body)
        self.assert_number(answer, '13800138001')

    def test_the_mini_program_is_that_of_the_session(self):
        token = self.user(self.worker, app=OTHER_APP)
        code = wechat().phone_code(OTHER_APP, phone='13800138002')
        info = self.assert_number(ask(self.worker, token, code), '13800138002')
        self.assertEqual(info['watermark']['appid'], OTHER_APP)

    def test_a_code_of_another_mini_program_is_refused(self):
        code = wechat().phone_code(OTHER_APP)
        self.assert_refused(ask(self.worker, self.token, code), 401, 40029, 'login')

    def test_a_code_is_good_once(self):
        code = wechat().phone_code()
        self.assertEqual(ask(self.worker, self.token, code).status, 200)
        self.assert_refused(ask(self.worker, self.token, code), 401, 40029, 'login')

    def test_a_login_code_is_refused_and_the_message_says_which_is_wanted(self):
        answer = ask(self.worker, self.token, wechat().code())
        self.assert_refused(answer, 401, 40029, 'login')
        self.assertIn('getPhoneNumber', answer.json['message'])

    def test_a_user_who_taps_twice_is_told_twice(self):
        code = wechat().phone_code(phone='13800138003', delay_ms=a_while(300))
        for answer in together([lambda: ask(self.worker, self.token, code)] * 3):
            self.assert_number(answer, '13800138003')
        self.assertEqual(wechat().exchanges(code), 1)

    def test_another_user_with_the_same_code_does_not_share_the_number(self):
        code = wechat().phone_code(phone='13800138004', delay_ms=a_while(300))
        other = self.user(self.worker, magic('user-bob'))
        answers = together([lambda t=t: ask(self.worker, t, code) for t in (self.token, other)])
        self.assertEqual(sorted(a.status for a in answers), [200, 401])

    def test_nobody_without_a_session_is_told(self):
        code = wechat().phone_code()
        for variables in ({}, bearer('nonsense'), bearer(self.token[:-1])):
            answer = self.worker.ask(fcgi.post(b'code=' + code.encode(),
                                               SCRIPT_NAME='/onLogin/phone', **variables),
                                     b'code=' + code.encode())
            self.assert_no_session(answer)
        self.assertEqual(wechat().exchanges(code), 0)

    def test_where_sessions_are_off_nobody_is(self):
        worker = self.own_worker()
        self.assert_no_session(ask(worker, self.token, magic()))

    def test_get_is_not_its_method(self):
        answer = self.worker.ask(fcgi.get('code=' + magic(), path='/onLogin/phone',
                                          **bearer(self.token)))
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'POST')

    @each(('missing', b'', ''), ('empty', b'code=', 'application/x-www-form-urlencoded'),
          ('twice', b'code=a&code=b', 'application/x-www-form-urlencoded'),
          ('number', b'{"code":7}', 'application/json'),
          ('blank', b'code=a+b', 'application/x-www-form-urlencoded'),
          ('long', b'code=' + b'x' * 129, 'application/x-www-form-urlencoded'),
          ('damaged', b'{"code":', 'application/json'))
    def test_a_bad_request_is_one(self, body, kind):
        answer = self.worker.ask(fcgi.post(body, kind, SCRIPT_NAME='/onLogin/phone',
                                           **bearer(self.token)), body)
        self.assert_refused(answer, 400, 400, 'never')

    def test_a_body_over_the_limit_is_too_large(self):
        body = b'code=' + b'x' * 1_000_000
        answer = self.worker.ask(fcgi.post(body, SCRIPT_NAME='/onLogin/phone',
                                           **bearer(self.token)), body)
        self.assert_refused(answer, 413, 413, 'never')

    @each(*((str(errcode), errcode, status, recover) for errcode, status, recover in (
        (45011, 429, 'later'), (45009, 429, 'later'), (40013, 500, 'never'), (48001, 500, 'never'),
        (61003, 500, 'never'), (47001, 502, 'login'), (40226, 403, 'never'),
        (40163, 401, 'login'))))
    def test_a_refusal_has_its_answer(self, errcode, status, recover):
        answer = ask(self.worker, self.token, wechat().phone_code(errcode=errcode))
        self.assert_refused(answer, status, errcode, recover)

    def test_a_busy_wechat_is_asked_once_more(self):
        code = wechat().phone_code(phone='13800138005', errcode=-1, times=1)
        self.assert_number(ask(self.worker, self.token, code), '13800138005')
        self.assertEqual(wechat().exchanges(code), 2)
        answer = ask(self.worker, self.token, wechat().phone_code(errcode=-1))
        self.assert_refused(answer, 503, -1, 'later')

    @each(('html', {'body': 'html'}), ('error', {'status': 502}), ('empty', {'body': 'empty'}))
    def test_an_answer_that_is_none_is_unusable(self, options):
        answer = ask(self.worker, self.token, wechat().phone_code(**options))
        self.assert_refused(answer, 502, 502, 'login')

    def test_a_wechat_that_is_too_slow_is_not_waited_for(self):
        answer = ask(self.worker, self.token, wechat().phone_code(delay_ms=8000))
        self.assert_refused(answer, 504, 504, 'login')

    # For the backend alone

    def redirected(self, code, **more):
        return ask(self.worker, self.token, code, ONLOGIN_REDIRECT='@api_phone', **more)

    def test_the_number_can_go_on_to_the_backend_instead(self):
        answer = self.redirected(wechat().phone_code(phone='13800138006'))
        self.assertEqual(answer.status, 200, answer)
        headers = answer.headers
        self.assertEqual((headers['x-accel-redirect'], headers['onlogin-phone-number'],
                          headers['onlogin-phone-country']), ('@api_phone', '13800138006', '86'))
        self.assertEqual((headers['x-wx-appid'], headers['x-wx-source']), (APP, 'wx_client'))
        self.assertTrue(headers['x-wx-openid'])
        self.assertEqual(answer.body, b'')
        self.assertNotIn('content-type', headers)  # the backend's answer has one of its own

    def test_a_number_from_abroad_has_its_country(self):
        headers = self.redirected(wechat().phone_code(phone='4155550100', country='1')).headers
        self.assertEqual((headers['onlogin-phone-number'], headers['onlogin-phone-country']),
                         ('4155550100', '1'))

    def test_a_refusal_goes_to_the_client(self):
        answer = self.redirected(wechat().code())
        self.assert_refused(answer, 401, 40029, 'login')
        self.assertNotIn('x-accel-redirect', answer.headers)

    def test_a_client_cannot_choose_where_it_goes(self):
        code = wechat().phone_code(phone='13800138007')
        answer = ask(self.worker, self.token, code, HTTP_ONLOGIN_REDIRECT='/etc',
                     QUERY_STRING='ONLOGIN_REDIRECT=%2Fetc')
        self.assertNotIn('x-accel-redirect', answer.headers)
        self.assert_number(answer, '13800138007')

    def test_where_it_goes_cannot_hold_headers(self):
        code = wechat().phone_code()
        for place in ('/api\r\nSet-Cookie: a=b', '/api\nX: y', '@api\0', '\x7f'):
            answer = ask(self.worker, self.token, code, ONLOGIN_REDIRECT=place)
            self.assert_refused(answer, 400, 400, 'never')
        self.assertEqual(wechat().exchanges(code), 0)


class RefusedToken(PhoneCase):
    """The access token that the worker has, and that WeChat does not take any more."""

    lasts = 35

    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.wechat = cls.start_wechat()
        cls.worker = cls.start_worker(cls.with_sessions(fake=cls.wechat), directory=cls.home)

    def setUp(self):
        self.wechat.access_token(ok=1, renewals=0)
        self.worker.reload()  # it knows of no renewal by force: the next one may be at once
        self.token = self.user(self.worker)
        self.assertEqual(ask(self.worker, self.token, self.wechat.phone_code()).status, 200)
        self.before = self.wechat.access_token()
        keep_private(self.before['access_token'])

    def fetches(self):
        """How many tokens have been fetched since, and how many of them by force."""
        now = self.wechat.access_token()
        keep_private(now['access_token'])
        return tuple(now[name] - self.before[name] for name in ('fetches', 'forced'))

    def test_one_token_serves_many(self):
        for _ in range(5):
            self.assertEqual(ask(self.worker, self.token, self.wechat.phone_code()).status, 200)
        self.assertEqual(self.fetches(), (0, 0))

    @each(('invalid', 40001), ('not-one', 40014), ('expired', 42001))
    def test_it_is_renewed_by_force_and_the_code_sent_again(self, errcode):
        self.wechat.spoil_token(errcode=errcode)
        code = self.wechat.phone_code(phone='13900139000')
        self.assert_number(ask(self.worker, self.token, code), '13900139000')
        self.assertEqual(self.wechat.exchanges(code), 2)
        self.assertEqual(self.fetches(), (1, 1))
        self.assertEqual(ask(self.worker, self.token, self.wechat.phone_code()).status, 200)
        self.assertEqual(self.fetches(), (1, 1))

    def test_many_at_once_renew_it_once_and_no_code_is_lost(self):
        self.wechat.spoil_token()
        codes = [self.wechat.phone_code() for _ in range(100)]
        answers = together([lambda c=c: ask(self.worker, self.token, c) for c in codes])
        self.assertEqual([a for a in answers if a.status != 200], [])
        self.assertEqual(self.fetches(), (1, 1))

    def test_it_is_renewed_once_and_no_oftener(self):
        code = self.wechat.phone_code(errcode=40001)
        answer = ask(self.worker, self.token, code)
        self.assert_refused(answer, 502, 40001, 'login')
        self.assertEqual(self.wechat.exchanges(code), 2)
        self.assertEqual(self.fetches()[1], 1)
        self.worker.await_log('errcode=40001', 'advice=', 'force_refresh')

    def test_what_another_host_has_renewed_is_not_renewed_again(self):
        """Once the token is no longer the one that was just fetched."""
        time.sleep(31)
        self.wechat.spoil_token(how='replaced')
        code = self.wechat.phone_code(phone='13900139001')
        self.assert_number(ask(self.worker, self.token, code), '13900139001')
        self.assertEqual(self.fetches(), (1, 0))


class Reload(PhoneCase):
    def test_who_began_before_it_fetches_no_token_for_who_comes_later(self):
        self.new_home()
        fakes = [self.own_wechat() for _ in range(2)]
        authorities = self.home / 'ca.pem'
        authorities.write_text(''.join(fake.ca.read_text() for fake in fakes))
        old, new = (self.with_sessions(fake=fake, wechat={'ca_file': 'ca.pem', 'timeout_ms': 20_000})
                    for fake in fakes)
        worker = self.own_worker(old, directory=self.home)
        token = self.user(worker)
        with worker.connect() as connection:
            code = magic(f'errcode-40001.times-1.delay-{a_while(700)}')
            body = b'code=' + code.encode()
            connection.send(fcgi.request(
                fcgi.post(body, SCRIPT_NAME='/onLogin/phone', **bearer(token)), body))
            until(lambda: fakes[0].exchanges(code) == 1)
            worker.configure(new)
            worker.reload()
            self.assertEqual(connection.read_answer().status, 200)
        answer = worker.ask(fcgi.get(ONLOGIN_ACTION='access_token', ONLOGIN_APPID=APP))
        self.assertEqual(keep_private(answer.headers['onlogin-access-token']),
                         fakes[1].access_token()['access_token'])


class Rush(PhoneCase):
    alone = True  # a login meanwhile takes no longer than ever

    def test_a_thousand_at_once_fetch_one_token_and_no_login_waits_for_it(self):
        self.new_home()
        fake = self.own_wechat()
        worker = self.own_worker(self.with_sessions(fake=fake, wechat={'timeout_ms': 20_000}),
                                 directory=self.home)
        token = self.user(worker)
        fake.access_token(delay_ms=a_while(1500))
        began = time.monotonic()
        connections = []
        for number in range(1000):
            connection = worker.connect(timeout=60)
            self.addCleanup(connection.close)
            body = f'code=user-{number}.ok-{number}'.encode()
            connection.send(fcgi.request(
                fcgi.post(body, SCRIPT_NAME='/onLogin/phone', **bearer(token)), body))
            connections.append(connection)
        until(lambda: fake.access_token()['fetches'] == 1)
        login = worker.login(ONLOGIN_APPID=APP)
        self.assert_logged_in(login)
        self.assertLess(login.seconds, AT_ONCE)
        answers = [connection.read_answer() for connection in connections]
        self.assertEqual([a for a in answers if a.status != 200], [])
        self.assertEqual(len({a.json['data']['purePhoneNumber'] for a in answers}), 1000)
        state = fake.access_token()
        keep_private(state['access_token'])
        self.assertEqual((state['fetches'], state['forced']), (1, 0))
        self.assertGreater(time.monotonic() - began, a_while(1500) / 1000)
