"""The login of Tencent's wafer2-client-sdk: by headers alone, and a session in the answer."""

import base64
import json
import secrets

import fcgi
import test_user_data as user_data
from harness import (APP, OTHER_APP, SECRETS, configuration, each, keep_private, magic,
                     wechat)
from session_users import OPENID, SessionCase

PROFILE = {'openId': OPENID, 'nickName': '小明', 'gender': 1, 'language': 'zh_CN',
           'avatarUrl': 'https://wx.qlogo.cn/mmopen/0'}


def encrypted(session_key, profile):
    """X-WX-Encrypted-Data and X-WX-IV, as the client has them from wx.getUserInfo."""
    sent = user_data.encrypted(session_key, profile)
    return {'HTTP_X_WX_ENCRYPTED_DATA': sent['encryptedData'], 'HTTP_X_WX_IV': sent['iv']}


def watermarked(profile=PROFILE, app=APP):
    return {**profile, 'watermark': {'timestamp': 1477314187, 'appid': app}}


class Wafer2(SessionCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions([APP]), directory=cls.home)

    def login(self, code=None, method='GET', **more):
        code = magic('openid-' + OPENID) if code is None else code
        return self.worker.ask(fcgi.get(REQUEST_METHOD=method, CONTENT_TYPE='application/json',
                                        HTTP_X_WX_CODE=code, **more))

    def assert_session(self, answer, userinfo):
        """What the client looks at, beside the members of any login."""
        self.assert_logged_in(answer, openid=OPENID, userinfo=userinfo)
        data = answer.json['data']
        self.assertEqual(set(data), {'openid', 'expires_in', 'token', 'skey', 'userinfo'})
        self.assertEqual(data['skey'], data['token'])
        self.assert_is_user(self.worker.ask(fcgi.get(
            ONLOGIN_ACTION='auth', HTTP_X_WX_SKEY=keep_private(data['skey']))), OPENID)

    @each(('get', 'GET', ''), ('post', 'POST', ''), ('with_a_length', 'POST', '0'))
    def test_a_code_alone_logs_in(self, method, length):
        self.assert_session(self.login(method=method, CONTENT_LENGTH=length), {'openId': OPENID})

    def test_the_profile_comes_decrypted(self):
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        code = wechat().code(openid=OPENID, session_key=session_key)
        self.assert_session(self.login(code, **encrypted(session_key, watermarked())), PROFILE)

    @each(('other_app', lambda key: encrypted(key, watermarked(app=OTHER_APP))),
          ('no_watermark', lambda key: encrypted(key, PROFILE)),
          ('odd_watermark', lambda key: encrypted(key, {**PROFILE, 'watermark': APP})),
          ('list', lambda key: encrypted(key, [watermarked()])),
          ('no_json', lambda key: encrypted(key, b'\0' * 40)),
          ('twice', lambda key: encrypted(
              key, b'{"gender":1,' + json.dumps(watermarked()).encode()[1:])),
          ('other_key', lambda key: encrypted('A' * 22 + '==', watermarked())),
          ('no_iv', lambda key: {**encrypted(key, watermarked()), 'HTTP_X_WX_IV': ''}),
          ('odd_iv', lambda key: {**encrypted(key, watermarked()), 'HTTP_X_WX_IV': '%%%'}),
          ('long_iv', lambda key: {**encrypted(key, watermarked()), 'HTTP_X_WX_IV': 'A' * 32}),
          ('garbage', lambda key: {**encrypted(key, PROFILE), 'HTTP_X_WX_ENCRYPTED_DATA': 'x'}),
          ('long', lambda key: {**encrypted(key, PROFILE),
                                'HTTP_X_WX_ENCRYPTED_DATA': 'A' * 40_000}))
    def test_what_does_not_decrypt_is_left_out(self, make):
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        code = wechat().code(openid=OPENID, session_key=session_key)
        self.assert_session(self.login(code, **make(session_key)), {'openId': OPENID})

    @each(('control', b'a\x14b\n', 'a\x14b\n'), ('not_utf8', b'\xff\xed\xa0\xbd', '\ufffd' * 4),
          ('half', rb'\ud83d', '\ufffd'), ('other_half', rb'\ude00', '\ufffd'),
          ('separators', '\u2028\u2029'.encode(), '\u2028\u2029'))
    def test_users_call_themselves_anything(self, name, right):
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        code = wechat().code(openid=OPENID, session_key=session_key)
        text = json.dumps(watermarked({**PROFILE, 'nickName': 'NAME'})).encode()
        answer = self.login(code, **encrypted(session_key, text.replace(b'NAME', name)))
        self.assert_session(answer, {**PROFILE, 'nickName': right})
        for separator in '\u2028\u2029':
            self.assertNotIn(separator.encode(), answer.body)

    def test_whose_profile_it_is_says_wechat(self):
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        code = wechat().code(openid=OPENID, session_key=session_key)
        profile = {'openId': 'oOther', 'nickName': 'Band'}
        self.assert_session(self.login(code, **encrypted(session_key, watermarked(profile))),
                            {'openId': OPENID, 'nickName': 'Band'})

    def test_a_refused_code_is_refused(self):
        answer = self.login(wechat().code(errcode=40029))
        self.assert_refused(answer, 401, 40029, 'login')
        self.assert_refused(self.login('a b'), 400, 400, 'never')

    def test_a_parameter_wins_over_the_header(self):
        answer = self.worker.login(magic('openid-' + OPENID), HTTP_X_WX_CODE='errcode-40029')
        self.assert_logged_in(answer, openid=OPENID)
        self.assertNotIn('skey', answer.json['data'])

    def test_an_empty_header_is_none(self):
        self.assert_refused(self.login(''), 400, 400, 'never')


class OtherWorkers(SessionCase):
    def setUp(self):
        self.new_home()

    def test_this_client_keeps_what_it_gets_so_it_gets_no_session_key(self):
        app = {'appid': APP, 'secret': SECRETS[APP], 'expose_session_key': True}
        worker = self.own_worker(self.with_sessions([app]), directory=self.home)
        self.assertIn('session_key', worker.login().json['data'])
        self.assertNotIn('token', worker.login().json)
        answer = worker.ask(fcgi.get(HTTP_X_WX_CODE=magic()))
        self.assert_logged_in(answer)
        self.assertNotIn(b'session_key', answer.body)

    def test_without_sessions_it_fails_and_says_so_and_the_code_stays_good(self):
        worker = self.own_worker(configuration())
        code = wechat().code()
        answer = worker.ask(fcgi.get(HTTP_X_WX_CODE=code))
        self.assert_refused(answer, 400, 400, 'never')
        self.assertIn('session.keys_file', answer.json['message'])
        self.assertEqual(wechat().exchanges(code), 0)
        self.assert_logged_in(worker.login(code))
