"""The fake WeChat itself, whose rules all tests rely on: access tokens and phone numbers."""

from fake_case import JSON, Fake
from harness import APP, OTHER_APP, REFUSED, SECRETS, each, magic, together

TOKEN = '/cgi-bin/stable_token'
PHONE = '/wxa/business/getuserphonenumber'

FETCH = {'grant_type': 'client_credential', 'appid': APP, 'secret': SECRETS[APP]}


class AccessTokens(Fake):
    def refused(self, token):
        """The errcode with which APIs refuse it; 40029 if they do not."""
        return self.fake.post(PHONE, {'code': 'none'}, access_token=token).json['errcode']

    def test_one_looks_as_WeChats(self):
        answer = self.fake.fetch_token(OTHER_APP)
        self.assertEqual(answer.headers['content-type'], JSON)
        self.assertEqual(list(answer.json), ['access_token', 'expires_in'])
        self.assertRegex(answer.json['access_token'], '^74_[0-9A-Za-z_-]{133}$')
        self.assertLessEqual(answer.json['expires_in'], 7200)

    @each(('appid', {'appid': ''}, 41002, 'appid missing, '),
          ('secret', {'secret': ''}, 41004, 'appsecret missing, '),
          ('grant_type', {'grant_type': 'authorization_code'}, 40002, 'invalid grant_type, '),
          ('unknown_app', {'appid': 'wx00'}, 40013, 'invalid appid, '),
          ('wrong_secret', {'secret': '0' * 32}, 40125, 'invalid appsecret, '),
          ('odd_force', {'force_refresh': 'yes'}, 47001, 'data format error '),
          *((str(errcode), {'appid': app, 'secret': SECRETS[app]}, errcode)
            for app, errcode in REFUSED.items()))
    def test_a_wrong_fetch_is_refused(self, change, errcode, message='.*'):
        self.assert_refused(self.fake.post(TOKEN, FETCH | change), errcode, message)

    def test_a_GET_is_refused(self):
        self.assert_refused(self.fake.get(TOKEN, **FETCH), 43002, 'require POST method ')

    @each(('form', 'grant_type=client_credential&appid=' + APP), ('none', ''), ('array', '[]'))
    def test_a_body_that_is_no_object_is_refused(self, body):
        self.assert_refused(self.fake.post(TOKEN, body), 47001, 'data format error ')

    def test_normal_mode_gives_the_same_one_to_all(self):
        first = self.token()
        before = self.fake.access_token()
        self.assertEqual(set(together([self.token] * 8)), {first})
        self.assertNotEqual(self.token(OTHER_APP), first)
        after = self.fake.access_token()
        self.assertEqual(after['access_token'], first)
        self.assertEqual((after['fetches'] - before['fetches'], after['forced']),
                         (8, before['forced']))

    def test_one_that_ends_soon_is_followed_by_another_and_stays_good(self):
        self.fake.access_token(OTHER_APP, expires_in=299)
        self.token(OTHER_APP, force=True)
        first, second = self.token(OTHER_APP), self.token(OTHER_APP)
        self.assertNotEqual(first, second)
        self.assertEqual((self.refused(first), self.refused(second)), (40029, 40029))

    def test_force_ends_the_one_before_at_once(self):
        first, second = self.token(), self.token(force=True)
        self.assertNotEqual(first, second)
        self.assertEqual((self.refused(first), self.refused(second)), (40001, 40029))
        self.assertEqual(self.token(), second)

    def test_force_twice_within_30_s_gives_the_same(self):
        first = self.token(force=True)
        self.assertEqual(self.token(force=True), first)

    def test_force_has_20_turns_a_day(self):
        self.token()
        self.fake.access_token(renewals=19)
        self.token(force=True)
        self.fake.access_token(renewals=20)
        self.assert_refused(self.fake.fetch_token(force=True), 45009,
                            'reach max api daily quota limit ')
        self.token()

    def test_a_dead_one_is_given_out_until_forced(self):
        dead = self.token()
        self.fake.spoil_token(how='dead')
        self.assertEqual((self.token(), self.refused(dead)), (dead, 40001))
        self.assertEqual(self.refused(self.token(force=True)), 40029)

    def test_a_replaced_one_is_dead_and_another_is_there(self):
        old = self.token()
        new = self.fake.spoil_token(how='replaced')['access_token']
        self.assertEqual((self.refused(old), self.refused(new), self.token()), (40001, 40029, new))

    def test_an_expired_one_is_followed_by_another(self):
        old = self.token()
        self.assertEqual(self.fake.spoil_token(how='expired')['expires_in'], 0)
        self.assertEqual(self.refused(old), 42001)
        self.assertEqual(self.refused(self.token()), 40029)

    @each(*((how, how) for how in ('dead', 'replaced', 'expired')))
    def test_the_refusal_can_be_chosen(self, how):
        old = self.token()
        self.fake.spoil_token(how=how, errcode=40014)
        self.assertEqual(self.refused(old), 40014)
        self.token(force=True)

    def test_a_life_can_end(self):
        self.fake.access_token(expires_in=0)
        self.assertEqual(self.refused(self.token(force=True)), 42001)

    def test_fetches_go_as_told(self):
        token = self.token()
        self.fake.access_token(errcode=-1, times=1)
        self.assert_refused(self.fake.fetch_token(), -1, 'system error, ')
        self.assertEqual(self.token(), token)
        self.fake.access_token(delay_ms=300)
        self.assertGreaterEqual(self.fake.fetch_token().seconds, 0.3)
        self.fake.access_token(body='notoken')
        self.assertEqual(list(self.fake.fetch_token().json), ['expires_in'])
        self.fake.access_token(status=502, body='html')
        answer = self.fake.fetch_token()
        self.assertEqual((answer.status, answer.headers['content-type']), (502, 'text/html'))
        self.fake.access_token(ok=1)
        self.assertEqual(self.token(), token)

    def test_refused_fetches_count_too(self):
        before = self.fake.access_token(errcode=45009)
        self.fake.fetch_token(force=True)
        self.fake.post(TOKEN, FETCH | {'secret': 'wrong'})
        after = self.fake.access_token()
        self.assertEqual([after[name] - before[name] for name in ('fetches', 'forced')], [2, 1])

    @each(('unknown_app', '/fake/access-token', {'appid': 'wx00'}),
          ('login_option', '/fake/access-token', {'user': 'bob'}),
          ('value', '/fake/access-token', {'delay_ms': 'long'}),
          ('how', '/fake/spoil-token', {'how': 'a bit'}),
          ('errcode', '/fake/spoil-token', {'how': 'dead', 'errcode': 'x'}))
    def test_a_mistaken_control_is_told(self, path, query):
        self.token()
        answer = self.fake.get(path, **({'appid': APP} | query))
        self.assertEqual(answer.status, 400)
        self.assertIn('see /fake/', answer.body.decode())

    def test_nothing_can_be_spoilt_before_it_is_there(self):
        fake = self.own_wechat()
        self.assertEqual(fake.access_token(), {'access_token': '', 'fetches': 0, 'forced': 0,
                                               'expires_in': 0})
        self.assertEqual(fake.get('/fake/spoil-token', appid=APP, how='dead').status, 400)


class PhoneNumbers(Fake):
    def exchange(self, code, app=APP, token=None, **query):
        token = self.token(app) if token is None else token
        return self.fake.post(PHONE, {'code': code}, access_token=token, **query)

    def assert_number(self, answer, **values):
        self.assertEqual(answer.status, 200)
        self.assertEqual((answer.json['errcode'], answer.json['errmsg']), (0, 'ok'), answer)
        info = answer.json['phone_info']
        self.assertEqual(list(info), ['phoneNumber', 'purePhoneNumber', 'countryCode', 'watermark'])
        for name, value in values.items():
            self.assertEqual(info[name], value)
        return info

    def test_a_code_gives_the_number(self):
        answer = self.exchange(self.fake.phone_code(phone='13900000001'))
        self.assertEqual(answer.headers['content-type'], JSON)
        info = self.assert_number(answer, phoneNumber='13900000001', countryCode='86',
                                  purePhoneNumber='13900000001')
        self.assertEqual(info['watermark']['appid'], APP)
        self.assertIsInstance(info['watermark']['timestamp'], int)

    def test_a_user_has_one_number_and_others_have_others(self):
        def number(user, app=APP):
            answer = self.exchange(self.fake.phone_code(app, user=user), app)
            return self.assert_number(answer)['purePhoneNumber']
        self.assertRegex(number('alice'), '^1[3-9][0-9]{9}$')
        self.assertEqual(number('alice'), number('alice'))
        self.assertEqual(len({number('alice'), number('bob'), number('alice', OTHER_APP)}), 3)

    @each(('phone', {'phone': '+1 4155550100'}),
          ('country', {'phone': '4155550100', 'country': '1'}))
    def test_a_number_abroad_comes_with_its_country(self, options):
        self.assert_number(self.exchange(self.fake.phone_code(**options)), countryCode='1',
                           phoneNumber='+1 4155550100', purePhoneNumber='4155550100')

    def test_the_country_may_be_a_number(self):
        self.assert_number(self.exchange(magic('country_type-number')), countryCode=86)

    def test_a_code_looks_as_WeChats_and_works_once(self):
        code = self.fake.phone_code()
        self.assertRegex(code, '^[0-9a-f]{64}$')
        self.assert_number(self.exchange(code))
        self.assert_refused(self.exchange(code), 40029, r'invalid code hint: \[\w+\] ')
        self.assertEqual(self.fake.exchanges(code), 2)

    def test_a_code_of_another_app_expired_or_made_up_is_refused(self):
        for code in (self.fake.phone_code(OTHER_APP), self.fake.phone_code(ttl_s=0), 'a' * 64, ''):
            self.assert_refused(self.exchange(code), 40029)

    def test_codes_for_logins_and_numbers_are_not_mixed_up(self):
        login, phone = self.fake.code(), self.fake.phone_code()
        self.assert_refused(self.exchange(login), 40029)
        self.assert_refused(self.login(phone), 40029, 'invalid code, ', 'text/plain')
        self.assert_number(self.exchange(phone))

    def test_without_a_body_the_code_in_the_URL_is_not_seen(self):
        code = self.fake.phone_code()
        answer = self.fake.post(PHONE, '', access_token=self.token(), code=code)
        self.assert_refused(answer, 40029)
        self.assert_number(self.exchange(code))

    def test_a_form_is_refused(self):
        answer = self.fake.post(PHONE, 'code=' + self.fake.phone_code(), access_token=self.token(),
                                content_type='application/x-www-form-urlencoded')
        self.assert_refused(answer, 47001, 'data format error ')

    def test_a_GET_is_refused(self):
        answer = self.fake.get(PHONE, access_token=self.token())
        self.assert_refused(answer, 43002, 'require POST method ')

    def test_the_access_token_comes_first(self):
        code = self.fake.phone_code()
        self.assert_refused(self.exchange(code, token=''), 41001, 'access_token missing ')
        refused = self.exchange(code, token='74_nonsense')
        self.assert_refused(
            refused, 40001, 'invalid credential, access_token is invalid or not latest, could get '
            'access_token by getStableAccessToken, more details at '
            r'https://mmbizurl\.cn/s/JtxxFh33r ')
        self.assertIn(rb'https:\/\/mmbizurl.cn\/s\/JtxxFh33r', refused.body)
        self.assert_refused(self.fake.post(PHONE, 'a=b', access_token='x'), 40001)
        self.assert_number(self.exchange(code))

    def test_a_code_does_as_told(self):
        self.assert_refused(self.exchange(self.fake.phone_code(errcode=45011)), 45011)
        code = self.fake.phone_code(errcode=-1, times=1)
        self.exchange(code, token='74_refused')
        self.assert_refused(self.exchange(code), -1)
        self.assert_number(self.exchange(code))
        self.assertGreaterEqual(self.exchange(self.fake.phone_code(delay_ms=300)).seconds, 0.3)
        answer = self.exchange(self.fake.phone_code(body='nophone'))
        self.assertEqual(answer.json, {'errcode': 0, 'errmsg': 'ok'})
        answer = self.exchange(self.fake.phone_code(errcode=40029, errcode_type='string'))
        self.assertEqual(answer.json['errcode'], '40029')
        self.assertEqual(self.exchange(self.fake.phone_code(status=502)).status, 502)

    @each(('errcode', 'errcode-45011', 45011), ('login_option', 'user-bob.unionid-1', 0),
          ('phone', 'phone-4155550100.country-1', 0))
    def test_magic_codes_are_phone_codes_too(self, what, errcode):
        code = magic(what)
        for app in (APP, APP, OTHER_APP):
            self.assertEqual(self.exchange(code, app).json['errcode'], errcode)

    @each(*((f'{name}={value}', name, value) for name, value in
            (('phone', 'none'), ('phone', '+1'), ('phone', '+1 '), ('country', ''),
             ('openid', 'o'), ('session_key', 'k'), ('errcode', 'x'))))
    def test_a_mistaken_option_is_told(self, name, value):
        answer = self.fake.get('/fake/phone-code', appid=APP, **{name: value})
        self.assertEqual(answer.status, 400)
        self.assertIn('see /fake/help', answer.body.decode())
