"""What WeChat's client encrypts for the server, decrypted for its user with the session_key of the
login, which stays in the token."""

import base64
import hashlib
import json
import secrets
import time
import urllib.parse

import fcgi
import paseto
from harness import (APP, OTHER_APP, ROOT, a_while, configuration, each, keep_private, magic, until,
                     wechat)
from session_users import OPENID, SessionCase, auth, bearer, logout

VECTORS = json.loads((ROOT / 'tests/vectors/wechat.json').read_text())

FORM = 'application/x-www-form-urlencoded'
JSON = 'application/json'


def new_session_key():
    return keep_private(base64.b64encode(secrets.token_bytes(16)).decode())


def profile(app=APP, age=0, **more):
    """What wx.getUserInfo gives, made so many seconds ago."""
    return {'openId': OPENID, 'nickName': keep_private('小明' + secrets.token_hex(6)), **more,
            'watermark': {'timestamp': int(time.time()) - age, 'appid': app}}


def encrypted(session_key, data, *options):
    """`data`, or the text that it is, as the client has it from WeChat. The iv is such that some
    of the base64 has a plus."""
    iv = b'\xfb\xef\xbe' + secrets.token_bytes(13)
    text = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    sealed = paseto.aes('128-cbc', base64.b64decode(session_key), iv, text, *options)
    return {'encryptedData': keep_private(base64.b64encode(sealed).decode()),
            'iv': base64.b64encode(iv).decode()}


def signed(session_key, raw_data):
    return {'rawData': raw_data,
            'signature': hashlib.sha1((raw_data + session_key).encode()).hexdigest()}


class UserDataCase(SessionCase):
    """A worker, and what its users ask of it."""

    def log_in(self, worker=None, session_key=None, app=APP):
        """(token, session_key)"""
        session_key = session_key or new_session_key()
        code = wechat().code(app, openid=OPENID, session_key=session_key)
        return self.user(worker or self.worker, code, app), session_key

    def decrypt(self, token, parameters, content_type=FORM, worker=None, **more):
        """`parameters`: a dictionary, or the body."""
        body = parameters
        if isinstance(body, dict):
            body = json.dumps(body) if content_type == JSON else urllib.parse.urlencode(body)
        return (worker or self.worker).post(body, content_type, SCRIPT_NAME='/onLogin/decrypt',
                                            **bearer(token), **more)

    def sign(self, token, body=b'', content_type='', worker=None, **more):
        return (worker or self.worker).post(body, content_type, ONLOGIN_ACTION='sign',
                                            **bearer(token), **more)

    def assert_data(self, answer, data):
        self.assertEqual(answer.status, 200, answer)
        self.check_form(answer)
        self.assertEqual(answer.json, {'code': 0, 'message': 'ok', 'data': data})


class Decrypt(UserDataCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions(), directory=cls.home)

    @each(('form', FORM), ('form_with_a_charset', FORM + '; charset=utf-8'), ('json', JSON))
    def test_the_user_gets_the_data(self, content_type):
        token, key = self.log_in()
        data = profile(gender=0, avatarUrl='https://wx.qlogo.cn/mmopen/0')
        self.assert_data(self.decrypt(token, encrypted(key, data), content_type), data)

    def test_no_character_of_it_changes(self):
        token, key = self.log_in()
        mark = json.dumps(profile()['watermark'])
        text = ' {"z":123456789012345678901234567890,"m":18446744073709551615,"d":1.10,' \
            f'"s":"小\\u660e😀\\/","watermark":{mark},"a":[]}}\n'
        answer = self.decrypt(token, encrypted(key, text.encode()))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.body.decode(), '{"code":0,"message":"ok","data":' + text + '}')

    def test_base64_survives_what_clients_do_to_it(self):
        token, key = self.log_in()
        data = profile(text='x' * 300)
        sent = encrypted(key, data)
        self.assertIn('+', sent['iv'])
        wrapped = '\r\n    '.join(sent['encryptedData'][at:at + 64]
                                  for at in range(0, len(sent['encryptedData']), 64))
        for content_type in (FORM, JSON):
            self.assert_data(self.decrypt(token, {**sent, 'encryptedData': wrapped + '\n'},
                                          content_type), data)
        unencoded = f"encryptedData={sent['encryptedData']}&iv={sent['iv']}"
        self.assert_data(self.decrypt(token, unencoded), data)

    def test_a_signature_is_checked_if_it_comes_along(self):
        token, key = self.log_in()
        data, raw = profile(), '{"nickName":"小明 + 1","gender":1}'
        sent, good = encrypted(key, data), signed(key, raw)
        for content_type in (FORM, JSON):
            self.assert_data(self.decrypt(token, {**sent, **good}, content_type), data)
        for bad in ({'rawData': raw + ' '}, {'signature': good['signature'].upper()},
                    {'signature': good['signature'][:-1]}, {'signature': '0' * 40},
                    signed(new_session_key(), raw)):
            answer = self.decrypt(token, {**sent, **good, **bad})
            self.assert_refused(answer, 400, 400, 'never')
            self.assertRegex(answer.json['message'], 'rawData and signature')
        self.assert_refused(self.decrypt(token, {**encrypted(new_session_key(), data), **good}),
                            401, 401, 'login')
        for name in good:
            self.assert_refused(self.decrypt(token, {**sent, name: good[name]}), 400, 400, 'never')
            self.assert_refused(self.decrypt(token, {**sent, **good, name: ''}),
                                400, 400, 'never')

    @each(('no_data', {'encryptedData': None}), ('no_iv', {'iv': None}),
          ('empty_data', {'encryptedData': ''}), ('empty_iv', {'iv': ''}),
          ('only_a_line_break', {'encryptedData': '\n'}),
          ('not_base64', {'encryptedData': 'A*=='}), ('not_ascii', {'iv': '小明'}),
          ('url_base64', {'iv': '-_-_-_-_-_-_-_-_-_-_-Q=='}), ('bad_padding', {'iv': 'AAA'}),
          ('bits_behind', {'iv': 'A' * 21 + 'B=='}), ('short_iv', {'iv': 'AAAA'}),
          ('long_iv', {'iv': 'A' * 44}), ('no_blocks', {'encryptedData': 'A' * 40}),
          ('nul', {'iv': 'A' * 21 + '\0=='}))
    def test_what_is_damaged_stays_so(self, changes):
        token, key = self.log_in()
        sent = {**encrypted(key, profile()), **changes}
        sent = {name: value for name, value in sent.items() if value is not None}
        for content_type in (FORM, JSON):
            answer = self.decrypt(token, sent, content_type)
            self.assert_refused(answer, 400, 400, 'never')

    @each(('twice', lambda text: urllib.parse.quote(text, safe=''), 'twice'),
          ('three_times', lambda text: urllib.parse.quote(urllib.parse.quote(text, safe='')),
           'twice'),
          ('quoted', json.dumps, 'JSON.stringify'),
          ('undefined', lambda text: 'undefined', 'missing value'),
          ('url_base64', lambda text: text.replace('+', '-').replace('/', '_'), 'with \\+ and /'))
    def test_what_the_client_did_to_base64_is_told(self, change, words):
        token, key = self.log_in()
        sent = encrypted(key, profile())
        sent = {**sent, 'iv': '+/' + sent['iv'][2:]}
        for content_type in (FORM, JSON):
            answer = self.decrypt(token, {**sent, 'iv': change(sent['iv'])}, content_type)
            self.assert_refused(answer, 400, 400, 'never')
            self.assertRegex(answer.json['message'], 'iv .*' + words)

    @each(('number', '{"encryptedData":1,"iv":"x"}'), ('list', '[]'), ('cut', '{'),
          ('twice', '{"iv":"x","iv":"x"}'), ('object', '{"encryptedData":{},"iv":{}}'))
    def test_bad_json_is_refused(self, body):
        self.assert_refused(self.decrypt(self.log_in()[0], body, JSON), 400, 400, 'never')

    @each(('text', 'text/plain'), ('none', ''), ('multipart', 'multipart/form-data; boundary=x'))
    def test_another_type_is_415(self, content_type):
        token, key = self.log_in()
        self.assert_refused(self.decrypt(token, urllib.parse.urlencode(encrypted(key, profile())),
                                         content_type), 415, 415, 'never')

    @each(('padding', lambda key: encrypted(new_session_key(), profile())),
          ('padding_by_chance', lambda key: encrypted(key, b'\x9c' * 15 + b'\x01', '-nopad')),
          ('not_json', lambda key: encrypted(key, b'x' * 100)))
    def test_what_the_key_does_not_fit_sends_to_the_login(self, make):
        token, key = self.log_in()
        answer = self.decrypt(token, make(key))
        self.assert_refused(answer, 401, 401, 'login')
        self.assertRegex(answer.json['message'], 'log in first, then fetch')

    @each(('list', lambda key: encrypted(key, [profile()]), 'not an object'),
          ('twice', lambda key: encrypted(
              key, b'{"a":1,' + json.dumps(profile(a=1)).encode()[1:]), 'twice'),
          ('deep', lambda key: encrypted(key, b'{"a":' * 300), 'deeper'),
          ('comment', lambda key: encrypted(key, json.dumps(profile()).encode() + b'//'),
           'behind the object'),
          ('cut_json', lambda key: encrypted(key, json.dumps(profile()).encode()[:-1]),
           'not JSON'),
          ('other_iv', lambda key: {**encrypted(key, profile()), 'iv': 'A' * 22 + '=='},
           'iv and encryptedData'),
          ('cut', lambda key: {**(sent := encrypted(key, profile())),
                               'encryptedData': sent['encryptedData'][:64]}, 'cut or damaged'))
    def test_what_the_key_opens_and_is_wrong_is_said(self, make, word):
        token, key = self.log_in()
        answer = self.decrypt(token, make(key))
        self.assert_refused(answer, 400, 400, 'never')
        self.assertRegex(answer.json['message'], word)

    @each(('control', b'a\x14b', rb'a\u0014b'), ('line', b'a\r\n', rb'a\u000d\u000a'),
          ('zero', b'\0', rb'\u0000'), ('not_utf8', b'\xff', rb'\ufffd'),
          ('cut_emoji', b'\xf0\x9f', rb'\ufffd'), ('raw_half', b'\xed\xa0\xbd', rb'\ufffd' * 3),
          ('half', rb'\ud83d', rb'\ufffd'), ('other_half', rb'\ude00', rb'\ufffd'),
          ('separators', '\u2028\u2029'.encode(), rb'\u2028\u2029'),
          ('emoji', '👨\u200d👩\\ud83d\\ude00'.encode(), '👨\u200d👩\\ud83d\\ude00'.encode()))
    def test_users_call_themselves_anything(self, name, right):
        token, key = self.log_in()
        text = json.dumps(profile(nickName='NAME')).encode()
        answer = self.decrypt(token, encrypted(key, text.replace(b'NAME', name)))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.body, b'{"code":0,"message":"ok","data":'
                         + text.replace(b'NAME', right) + b'}')
        self.check_form(answer)

    def test_a_byte_order_mark_is_left_out(self):
        token, key = self.log_in()
        text = json.dumps(data := profile()).encode()
        self.assert_data(self.decrypt(token, encrypted(key, b'\xef\xbb\xbf' + text)), data)

    def test_after_another_login_the_new_token_is_needed(self):
        old, _ = self.log_in()
        new, key = self.log_in()
        data = profile()
        sent = encrypted(key, data)
        self.assert_refused(self.decrypt(old, sent), 401, 401, 'login')
        self.assert_data(self.decrypt(new, sent), data)

    @each(('none', {}), ('text', {'watermark': APP}), ('null', {'watermark': None}),
          ('other', profile(OTHER_APP)), ('unknown', profile('wx9999999999999999')),
          ('no_time', {'watermark': {'appid': APP}}),
          ('odd_time', {'watermark': {'appid': APP, 'timestamp': str(int(time.time()))}}),
          ('fraction', {'watermark': {'appid': APP, 'timestamp': time.time() + 0.5}}))
    def test_data_without_a_watermark_of_this_mini_program_is_refused(self, data):
        token, key = self.log_in()
        self.assert_refused(self.decrypt(token, encrypted(key, data)), 400, 400, 'never')

    def test_each_mini_program_has_its_data(self):
        token, key = self.log_in(app=OTHER_APP)
        data = profile(OTHER_APP)
        self.assert_data(self.decrypt(token, encrypted(key, data)), data)
        self.assert_refused(self.decrypt(token, encrypted(key, profile())), 400, 400, 'never')
        self.assert_no_session(self.decrypt(token, encrypted(key, data), ONLOGIN_APPID=APP))

    def test_old_data_is_fetched_again_and_data_from_the_future_is_not(self):
        token, key = self.log_in()
        for age, status, recover, message, outcome in (
                (400, 401, 'login', 'fetch it again', 'older'),
                (10 ** 6, 401, 'login', 'fetch it again', 'older'),
                (-400, 400, 'never', 'future', 'clock of this host'),
                (-10 ** 12, 400, 'never', 'future', 'clock of this host')):
            id = secrets.token_hex(8)
            answer = self.decrypt(token, encrypted(key, profile(age=age)), REQUEST_ID=id)
            self.assert_refused(answer, status, status, recover)
            self.assertRegex(answer.json['message'], message)
            self.worker.await_log(id, outcome)
        data = profile(age=100)
        self.assert_data(self.decrypt(token, encrypted(key, data)), data)

    def test_without_a_session_nothing_is_decrypted(self):
        token, key = self.log_in()
        sent = encrypted(key, profile())
        for bad in ('', 'x', token[:-1], self.forged(exp=-1), self.forged(aud='wx0')):
            self.assert_no_session(self.decrypt(bad, sent))
        self.assertEqual(logout(self.worker, token).status, 200)
        self.assert_no_session(self.decrypt(token, sent))

    def test_a_token_without_a_session_key_sends_to_the_login(self):
        answer = self.decrypt(self.forged(), encrypted(new_session_key(), profile()))
        self.assert_refused(answer, 401, 401, 'login')
        odd = self.forged(session_key='short')
        self.assert_refused(self.decrypt(odd, encrypted(new_session_key(), profile())),
                            401, 401, 'login')

    @each(*((word, word) for word in ('GET', 'PUT', 'DELETE')))
    def test_it_is_a_post(self, method):
        token, key = self.log_in()
        query = urllib.parse.urlencode(encrypted(key, profile()))
        answer = self.worker.ask(fcgi.get(query, '/onLogin/decrypt', REQUEST_METHOD=method,
                                          **bearer(token)))
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'POST')

    @each(('form', FORM), ('json', JSON))
    def test_too_much_is_413(self, content_type):
        token, key = self.log_in()
        sent = {**encrypted(key, profile()), 'rawData': 'x' * 1_000_000}
        self.assert_refused(self.decrypt(token, sent, content_type), 413, 413, 'never')
        large = profile(text='x' * 11_000)
        self.assert_data(self.decrypt(token, encrypted(key, large), JSON), large)

    def test_a_wrong_length_is_refused(self):
        token, key = self.log_in()
        self.assert_refused(self.decrypt(token, encrypted(key, profile()), CONTENT_LENGTH='5'),
                            400, 400, 'never')

    def test_the_log_tells_how_it_went_and_nothing_else(self):
        token, key = self.log_in()
        id = 'id-' + secrets.token_hex(8)
        data = profile(phone=keep_private('+86-1380013' + secrets.token_hex(3)))
        self.assert_data(self.decrypt(token, encrypted(key, data), REQUEST_ID=id), data)
        line, = self.worker.await_log(id)
        self.assertRegex(line, rf' info decrypt request={id} app={APP} status=200 outcome=ok ')
        id = 'id-' + secrets.token_hex(8)
        self.decrypt(token, encrypted(new_session_key(), data), REQUEST_ID=id)
        line, = self.worker.await_log(id)
        self.assertRegex(line, rf' info decrypt request={id} app={APP} status=401 '
                               'outcome="the session_key does not fit')
        self.worker.check_log()


class BehindNginx(UserDataCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions(), directory=cls.home)
        cls.nginx = cls.start_nginx(cls.worker.socket)

    def ask(self, token, body, content_type=JSON, method='POST', path='/onLogin/decrypt'):
        return self.nginx.ask(method, path, body, {'Content-Type': content_type,
                                                   'Authorization': 'Bearer ' + token})

    def test_as_wx_request_sends_it(self):
        token, key = self.log_in()
        data = profile()
        sent = {**encrypted(key, data), **signed(key, '{"nickName":"小明"}')}
        self.assert_data(self.ask(token, json.dumps(sent)), data)
        self.assert_data(self.ask(token, urllib.parse.urlencode(sent), FORM), data)
        self.assert_data(self.nginx.ask('POST', '/onLogin/decrypt', json.dumps(sent), {
            'Content-Type': JSON, 'X-WX-Skey': token}), data)

    def test_refusals_come_through(self):
        token, key = self.log_in()
        sent = json.dumps(encrypted(key, profile()))
        self.assert_refused(self.ask('', sent), 401, 401, 'login')
        self.assert_refused(self.ask(token, b'', method='GET'), 405, 405, 'never')
        self.assert_refused(self.ask(token, b'x' * 1_000_000), 413, 413, 'never')
        self.assert_refused(self.ask(token, '{}'), 400, 400, 'never')
        other = json.dumps(encrypted(new_session_key(), profile()))
        self.assert_refused(self.ask(token, other), 401, 401, 'login')

    def test_clients_get_nothing_signed(self):
        token, _ = self.log_in()
        for path in ('/onLogin/sign', '/sign'):
            answer = self.ask(token, '{"foo":"bar"}', path=path)
            self.assertIn(answer.status, (400, 404), answer)
            self.assertNotIn(b'signature', answer.body)


class OtherWorkers(UserDataCase):
    def setUp(self):
        self.new_home()

    def test_without_sessions_there_is_nothing_to_decrypt_or_sign(self):
        worker = self.own_worker(configuration([APP]))
        sent = encrypted(new_session_key(), profile())
        self.assert_no_session(self.decrypt(self.forged(), sent, worker=worker))
        self.assert_no_session(self.sign(self.forged(), worker=worker))

    @each(('usually', 300), ('for-who-allows-it', 2_000_000_000))
    def test_the_published_sample_is_opened_and_too_old(self, age):
        sample = VECTORS['decrypt']
        app = {'appid': sample['appId'], 'secret': secrets.token_hex(16)}
        worker = self.own_worker(self.with_sessions([app], watermark_age_s=age),
                                 directory=self.home)
        token = self.forged(aud=sample['appId'], session_key=sample['sessionKey'])
        sent = {name: sample[name] for name in ('encryptedData', 'iv')}
        answer = self.decrypt(token, sent, worker=worker)
        if age > 300:
            self.assertEqual(answer.json['data'], json.loads(sample['plaintext']), answer)
        else:
            self.assert_refused(answer, 401, 401, 'login')
            self.assertRegex(answer.json['message'], 'too old')

    def test_how_old_data_may_be_is_configured_and_reloaded(self):
        worker = self.own_worker(self.with_sessions(watermark_age_s=3600), directory=self.home)
        token, key = self.log_in(worker)
        sent = encrypted(key, data := profile(age=3000))
        self.assert_data(self.decrypt(token, sent, worker=worker), data)
        worker.configure(self.with_sessions(watermark_age_s=2000))
        self.assertIn('outcome=ok', worker.reload())
        self.assert_refused(self.decrypt(token, sent, worker=worker), 401, 401, 'login')

    def test_it_goes_on_beside_logins_that_wait(self):
        config = self.with_sessions([APP])
        config['limits'] = {'in_flight': 1}
        worker = self.own_worker(config, directory=self.home)
        token, key = self.log_in(worker)
        sent = encrypted(key, data := profile())
        code = wechat().code(delay_ms=a_while(1000))
        with worker.connect() as slow:
            slow.send(fcgi.request(fcgi.get('code=' + code)))
            until(lambda: wechat().exchanges(code), what='the exchange')
            self.assert_data(self.decrypt(token, sent, worker=worker), data)
            self.assertEqual(self.sign(token, worker=worker).status, 200)
            self.assert_logged_in(slow.read_answer())

    def test_what_was_decrypted_harms_nobody(self):
        worker = self.own_worker(self.with_sessions(), directory=self.home)
        token, key = self.log_in(worker)
        sent = encrypted(key, profile())
        for _ in range(300):
            self.assertEqual(self.decrypt(token, sent, worker=worker).status, 200)
            noise = {'encryptedData': base64.b64encode(secrets.token_bytes(160)).decode(),
                     'iv': base64.b64encode(secrets.token_bytes(16)).decode()}
            self.assert_refused(self.decrypt(token, noise, worker=worker), 401, 401, 'login')
        self.assert_is_user(auth(worker, token), OPENID)
        self.assert_logged_in(worker.login(magic(), ONLOGIN_APPID=APP))
