"""The fake WeChat itself: what a session_key is for, APIs with an access token, other vendors."""

import base64
import hashlib
import hmac
import json
import secrets
import time

import paseto
from fake_case import JSON, Fake
from harness import APP, OTHER_APP, SECRETS, each, magic

CHECK = '/wxa/checksession'


class SessionChecks(Fake):
    def check(self, user, key=None, app=APP, **change):
        key = user['session_key'] if key is None else key
        query = {'access_token': self.token(app), 'openid': user['openid'],
                 'signature': hmac.new(key.encode(), b'', hashlib.sha256).hexdigest(),
                 'sig_method': 'hmac_sha256'} | change
        return self.fake.get(CHECK, **query)

    def assert_refused(self, answer, errcode, message='.*'):
        super().assert_refused(answer, errcode, message, 'text/plain')

    def test_the_key_of_the_last_login_is_good(self):
        user = self.login(magic('user-bob')).json
        answer = self.check(user)
        self.assertEqual((answer.status, answer.body, answer.headers['content-type']),
                         (200, b'{"errcode":0,"errmsg":"ok"}', 'text/plain'))

    def test_a_later_login_replaces_the_key_and_a_refused_one_does_not(self):
        first = self.login(magic('user-bob')).json
        self.login(magic('user-bob.errcode-40226'))
        self.login(magic('user-carol'))
        self.login(magic('user-bob'), OTHER_APP)
        self.assertEqual(self.check(first).json['errcode'], 0)
        second = self.login(magic('user-bob')).json
        self.assert_refused(self.check(first), 87009, 'invalid signature, ')
        self.assertEqual(self.check(second).json['errcode'], 0)

    @each(('signature', {'signature': ''}, 87009),
          ('sig_method', {'sig_method': 'md5'}, 87008),
          ('no_sig_method', {'sig_method': ''}, 87008),
          ('openid', {'openid': 'oNobody'}, 40003),
          ('no_token', {'access_token': ''}, 41001),
          ('token', {'access_token': '74_x', 'openid': 'oNobody', 'sig_method': 'md5'}, 40001))
    def test_a_wrong_question_is_refused(self, change, errcode):
        self.assert_refused(self.check(self.login(magic()).json, **change), errcode)

    def test_the_key_is_not_decoded(self):
        user = self.login(magic()).json
        raw = hmac.new(base64.b64decode(user['session_key']), b'', hashlib.sha256).hexdigest()
        self.assert_refused(self.check(user, signature=raw), 87009)

    def test_users_of_another_app_are_not_known(self):
        user = self.login(magic('user-dora')).json
        self.assert_refused(self.check(user, app=OTHER_APP), 40003, 'invalid openid ')

    def test_a_POST_is_refused(self):
        answer = self.fake.post(CHECK, '', access_token=self.token())
        self.assert_refused(answer, 43001, 'require GET method ')


class UserData(Fake):
    def opened(self, data, session_key):
        text = paseto.aes('128-cbc', base64.b64decode(session_key), base64.b64decode(data['iv']),
                          base64.b64decode(data['encryptedData']), '-d')
        return text.decode()

    def test_it_is_encrypted_and_signed_for_the_last_login(self):
        self.login(magic('user-eve'))
        user = self.login(magic('user-eve.unionid-1')).json
        data = self.fake.user_data('eve')
        self.assertEqual(list(data), ['encryptedData', 'iv', 'rawData', 'signature'])
        text = self.opened(data, user['session_key'])
        profile = json.loads(text)
        self.assertEqual(list(profile), [
            'openId', 'nickName', 'gender', 'language', 'city', 'province', 'country', 'avatarUrl',
            'unionId', 'watermark'])
        self.assertEqual((profile['openId'], profile['unionId']), (user['openid'], user['unionid']))
        self.assertIn('微信', text)
        self.assertTrue(any(ord(c) > 0xffff for c in profile['nickName']), 'an emoji')
        self.assertEqual(profile['watermark']['appid'], APP)
        self.assertLess(abs(profile['watermark']['timestamp'] - time.time()), 60)
        raw = json.loads(data['rawData'])
        self.assertEqual({name: profile[name] for name in raw}, raw)
        self.assertEqual(set(profile) - set(raw), {'openId', 'unionId', 'watermark'})
        signed = data['rawData'] + user['session_key']
        self.assertEqual(data['signature'], hashlib.sha1(signed.encode()).hexdigest())

    def test_it_has_no_unionid_where_the_login_had_none(self):
        user = self.login(magic('user-frank')).json
        profile = json.loads(self.opened(self.fake.user_data('frank'), user['session_key']))
        self.assertNotIn('unionId', profile)
        told = json.loads(self.opened(self.fake.user_data('frank', unionid=1), user['session_key']))
        self.assertRegex(told['unionId'], '^o.{27}$')

    def test_an_iv_is_used_once(self):
        self.login(magic())
        first, second = self.fake.user_data(), self.fake.user_data()
        self.assertNotEqual(first['iv'], second['iv'])
        self.assertNotEqual(first['encryptedData'], second['encryptedData'])

    def test_all_of_it_can_be_chosen(self):
        user = self.login(self.fake.code(openid='oSomebodyElseSomebodyElseSom')).json
        key = user['session_key']
        data = self.fake.user_data(openid=user['openid'], timestamp=7, watermark_appid=OTHER_APP)
        profile = json.loads(self.opened(data, key))
        self.assertEqual(profile['openId'], user['openid'])
        self.assertEqual(profile['watermark'], {'timestamp': 7, 'appid': OTHER_APP})
        for plain in ('', 'no JSON', '中' * 500):
            data = self.fake.user_data(openid=user['openid'], plain=plain)
            self.assertEqual(self.opened(data, key), plain)
        other = base64.b64encode(b'0123456789abcdef').decode()
        self.assertIn('openId', self.opened(self.fake.user_data(session_key=other), other))

    @each(('never_logged_in', {'user': 'nobody'}, 'has not logged in'),
          ('odd_key', {'session_key': 'AAAA'}, 'is not base64 of 16 bytes'),
          ('no_key', {'session_key': '?'}, 'is not base64 of 16 bytes'),
          ('timestamp', {'timestamp': '"now"'}, 'timestamp has no such value'),
          ('option', {'nickname': 'x'}, 'there is no option nickname'))
    def test_a_mistake_is_told(self, query, text):
        self.login(magic())
        answer = self.fake.get('/fake/user-data', appid=APP, **query)
        self.assertEqual(answer.status, 400)
        self.assertIn(text, answer.body.decode())


class OpenApis(Fake):
    TEXT = {'openid': 'oAlice', 'scene': 1, 'version': 2, 'content': 'hello'}
    APIS = (('msg_sec_check', '/wxa/msg_sec_check', 'text/plain'),
            ('img_sec_check', '/wxa/img_sec_check', 'text/plain'),
            ('getwxacodeunlimit', '/wxa/getwxacodeunlimit', JSON))

    def call(self, path, body, **options):
        return self.fake.post(path, body, access_token=self.token(), **options)

    def upload(self, image, boundary='----x'):
        head = (f'--{boundary}\r\nContent-Disposition: form-data; name="media"; '
                'filename="a.png"\r\nContent-Type: image/png\r\n\r\n')
        body = head.encode() + image + f'\r\n--{boundary}--\r\n'.encode()
        return self.call('/wxa/img_sec_check', body,
                         content_type=f'multipart/form-data; boundary={boundary}')

    @each(*APIS, ('get_api_domain_ip', '/cgi-bin/get_api_domain_ip', 'text/plain'))
    def test_the_access_token_comes_first(self, path, content_type):
        for token, errcode in (('', 41001), ('74_x', 40001)):
            self.assert_refused(self.fake.post(path, 'x', access_token=token), errcode,
                                content_type=content_type)
        token = self.token()
        self.fake.spoil_token(how='expired')
        self.assert_refused(self.fake.post(path, 'x', access_token=token), 42001,
                            content_type=content_type)

    @each(*APIS)
    def test_a_POST_with_a_body_is_needed(self, path, content_type):
        self.assert_refused(self.fake.get(path, access_token=self.token()), 43002,
                            content_type=content_type)
        self.assert_refused(self.call(path, ''), 44002, content_type=content_type)

    @each(('pass', 'hello', 'pass', 100), ('risky', 'a risky 词', 'risky', 20001))
    def test_a_text_is_judged(self, content, suggest, label):
        answer = self.call('/wxa/msg_sec_check', self.TEXT | {'content': content})
        self.assertEqual(answer.headers['content-type'], 'text/plain')
        self.assertEqual(list(answer.json), ['errcode', 'errmsg', 'detail', 'trace_id', 'result'])
        self.assertEqual((answer.json['errcode'], answer.json['errmsg']), (0, 'ok'))
        self.assertEqual(answer.json['result'], {'suggest': suggest, 'label': label})
        self.assertEqual(answer.json['detail'][0]['suggest'], suggest)

    @each(('openid', {'openid': ''}, 40003), ('scene', {'scene': 5}, 40129),
          ('content', {'content': ''}, 44004),
          ('old_and_risky', {'version': 1, 'content': 'risky'}, 87014))
    def test_a_wrong_text_is_refused(self, change, errcode):
        self.assert_refused(self.call('/wxa/msg_sec_check', self.TEXT | change), errcode,
                            content_type='text/plain')

    def test_a_text_as_a_form_is_refused(self):
        self.assert_refused(self.call('/wxa/msg_sec_check', 'content=hello'), 47001,
                            content_type='text/plain')

    @each(('small', 10, 0), ('as_large_as_may_be', 1 << 20, 0), ('too_large', (1 << 20) + 1, 40006),
          ('two_megabytes', 2 << 20, 40006), ('none', 0, 41005))
    def test_an_image_is_judged_by_its_size(self, size, errcode):
        self.assertEqual(self.upload(b'\xff' * size).json['errcode'], errcode)

    def test_an_image_can_be_risky(self):
        self.assert_refused(self.upload(b'\0risky\0'), 87014, content_type='text/plain')

    def test_an_image_that_is_not_uploaded_is_missing(self):
        self.assert_refused(self.call('/wxa/img_sec_check', b'\xff', content_type='image/png'),
                            41005, 'media data missing ', 'text/plain')

    def test_a_mini_program_code_is_a_picture(self):
        answer = self.call('/wxa/getwxacodeunlimit', {'scene': 'a=1'})
        self.assertEqual((answer.status, answer.headers['content-type'], len(answer.body)),
                         (200, 'image/jpeg', 60000))
        self.assertEqual((answer.body[:3], answer.body[-2:]), (b'\xff\xd8\xff', b'\xff\xd9'))

    @each(('missing', {}, 40169), ('long', {'scene': 'x' * 33}, 40169), ('array', [], 47001))
    def test_a_mini_program_code_needs_a_scene(self, body, errcode):
        self.assert_refused(self.call('/wxa/getwxacodeunlimit', body), errcode)

    def test_the_addresses_of_WeChat_are_a_GET(self):
        path = '/cgi-bin/get_api_domain_ip'
        answer = self.fake.get(path, access_token=self.token())
        self.assertEqual(list(answer.json), ['ip_list'])
        self.assert_refused(self.call(path, 'x'), 43001, content_type='text/plain')

    def test_its_journal_hides_what_is_secret(self):
        before = [entry['number'] for entry in json.loads(self.fake.ask('/fake/journal'))]
        code, token = self.fake.code(), self.token()
        answer = self.fake.get('/sns/jscode2session', appid=APP, secret=SECRETS[APP], js_code=code,
                               grant_type='authorization_code')
        journal = self.fake.ask('/fake/journal', since=max(before, default=0))
        login = json.loads(journal)[-1]
        self.assertEqual((login['method'], login['path'], login['status']),
                         ('GET', '/sns/jscode2session', 200))
        self.assertIn(f'secret=(hidden)&js_code={code}', login['query'])
        self.assertEqual(json.loads(login['answer']),
                         {**answer.json, 'session_key': '(hidden)'})
        for secret in (SECRETS[APP], token, answer.json['session_key']):
            self.assertNotIn(secret, journal)

    def test_it_tells_what_it_has_seen(self):
        path = '/wxa/msg_sec_check'
        before, token = self.fake.seen(path)['requests'], self.token()
        self.fake.get(path)
        self.fake.post(path, b'12345', access_token=token, x='1 2', content_type='text/x')
        self.assertEqual(self.fake.seen(path), {
            'requests': before + 2, 'access_token': token, 'method': 'POST',
            'query': f'access_token={token}&x=1+2', 'content_type': 'text/x', 'body_bytes': 5})
        self.assertEqual(self.fake.seen('/wxa/none')['requests'], 0)


class Vendors(Fake):
    NOTHING = {'errmsg': '', 'openid': '', 'session_key': '', 'uin': '', 'unionid': ''}

    def test_a_code_of_QQ_is_answered_with_all_members(self):
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        answer = self.login(self.fake.code(qq=1, session_key=key, openid='o'))
        self.assertEqual(answer.json,
                         self.NOTHING | {'errcode': 0, 'openid': 'o', 'session_key': key})

    def test_an_error_of_QQ_has_them_too_and_they_are_empty(self):
        answer = self.login(self.fake.code(qq=1, errcode=-1009))
        self.assertEqual(answer.body, b'{"errcode":-1009,"errmsg":"","openid":"","session_key":"",'
                                      b'"uin":"","unionid":""}')

    def test_so_has_a_code_that_was_used_or_has_expired(self):
        used, expired = self.fake.code(qq=1), self.fake.code(qq=1, ttl_s=0)
        self.login(used)
        self.assertEqual(self.login(used).json, self.NOTHING | {'errcode': 40163})
        self.assertEqual(self.login(expired).json, self.NOTHING | {'errcode': 40029})
