"""What the server signs for WeChat with the session_key of a login, which stays in the token."""

import hmac
import secrets

from harness import APP, each, keep_private
from session_users import bearer
from test_user_data import FORM, JSON, VECTORS, UserDataCase

LIMIT = 16384  # limits.body_bytes


class Sign(UserDataCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions(), directory=cls.home)

    def assert_signature(self, answer, session_key, body):
        signature = hmac.digest(session_key.encode(), body, 'sha256').hex()
        self.assert_data(answer, {'signature': signature})

    def test_the_published_bodies_have_the_published_signatures(self):
        for row in VECTORS['hmac_sha256']:
            token, _ = self.log_in(session_key=row['session_key'])
            self.assert_data(self.sign(token, row['message']), {'signature': row['signature']})

    @each(('json', b'{"foo":"bar"}', JSON), ('broken_json', b'{"foo":', JSON),
          ('form', b'a=%zz&a=1', FORM), ('bytes', bytes(range(256)), 'application/octet-stream'),
          ('no_type', b'x', ''), ('multipart', b'--x', 'multipart/form-data'),
          ('line_breaks', b'\r\na\n', 'text/plain'), ('empty', b'', ''), ('empty_json', b'', JSON),
          ('large', b'x' * LIMIT, 'text/plain'))
    def test_the_body_is_signed_as_it_came(self, body, content_type):
        token, key = self.log_in()
        self.assert_signature(self.sign(token, body, content_type), key, body)

    def test_too_much_is_413_and_a_wrong_length_400(self):
        token, _ = self.log_in()
        for size in (LIMIT + 1, 1_000_000):
            self.assert_refused(self.sign(token, b'x' * size), 413, 413, 'never')
        self.assert_refused(self.sign(token, b'abc', CONTENT_LENGTH='2'), 400, 400, 'never')

    def test_no_path_leads_there(self):
        token, _ = self.log_in()
        for path in ('/sign', '/onLogin/sign'):
            answer = self.worker.post(b'', SCRIPT_NAME=path, **bearer(token))
            self.assert_refused(answer, 400, 400, 'never')  # a login without a code
        answer = self.worker.post(b'', SCRIPT_NAME='/onLogin', HTTP_ONLOGIN_ACTION='sign',
                                  **bearer(token))
        self.assert_refused(answer, 400, 400, 'never')

    @each(*((word, word) for word in ('GET', 'PUT')))
    def test_it_is_a_post(self, method):
        answer = self.sign(self.log_in()[0], REQUEST_METHOD=method)
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'POST')

    def test_without_a_session_or_its_key_nothing_is_signed(self):
        for bad in ('', 'x', self.forged(exp=-1)):
            self.assert_no_session(self.sign(bad))
        answer = self.sign(self.forged())
        self.assert_refused(answer, 401, 401, 'login')
        self.assertRegex(answer.json['message'], 'log in')

    def test_the_log_tells_of_it(self):
        token, key = self.log_in()
        id, body = 'id-' + secrets.token_hex(8), keep_private(secrets.token_hex(20))
        answer = self.sign(token, body, REQUEST_ID=id)
        self.assert_signature(answer, key, body.encode())
        keep_private(answer.json['data']['signature'])
        line, = self.worker.await_log(id)
        self.assertRegex(line, rf' info sign request={id} app={APP} status=200 outcome=ok ')
        self.worker.check_log()
