"""Whether the session_key of a token still holds: WeChat knows."""

import fcgi
from harness import keep_private, wechat
from session_users import SessionCase, bearer


def ask(worker, token, method='POST', **more):
    return worker.ask(fcgi.post(b'', '', REQUEST_METHOD=method, ONLOGIN_ACTION='check_session',
                                **bearer(token), **more))


class CheckCase(SessionCase):
    def assert_valid(self, answer, valid):
        self.assertEqual(answer.status, 200, answer)
        self.check_form(answer)
        self.assertEqual(answer.json, {'code': 0, 'message': 'ok', 'data': {'valid': valid}})


class CheckSession(CheckCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions(), directory=cls.home)

    def test_it_holds_until_the_next_login(self):
        first = self.user(self.worker, wechat().code(user='carol'))
        self.assert_valid(ask(self.worker, first), True)
        second = self.user(self.worker, wechat().code(user='carol'))
        self.assert_valid(ask(self.worker, first), False)
        self.assert_valid(ask(self.worker, second), True)

    def test_a_session_that_has_no_key_has_to_log_in(self):
        self.assert_refused(ask(self.worker, self.forged(session_key=None)), 401, 401, 'login')

    def test_without_a_session_there_is_no_answer(self):
        self.assert_no_session(ask(self.worker, 'nonsense'))

    def test_get_is_not_its_method_and_no_path_leads_to_it(self):
        token = self.user(self.worker)
        self.assert_refused(ask(self.worker, token, method='GET'), 405, 405, 'never')
        answer = self.worker.ask(fcgi.post(b'', '', SCRIPT_NAME='/onLogin/check_session',
                                           **bearer(token)))
        self.assert_refused(answer, 400, 400, 'never')


class RefusedToken(CheckCase):
    def test_a_refused_access_token_is_renewed(self):
        self.new_home()
        fake = self.own_wechat()
        worker = self.own_worker(self.with_sessions(fake=fake), directory=self.home)
        token = self.user(worker, fake.code())
        self.assert_valid(ask(worker, token), True)
        keep_private(fake.spoil_token()['access_token'])
        self.assert_valid(ask(worker, token), True)
        self.assertEqual(fake.access_token()['forced'], 1)
        fake.access_token(errcode=40164)
        worker.reload()
        self.assert_refused(ask(worker, token), 500, 40164, 'never')
