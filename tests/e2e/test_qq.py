"""QQ mini programs: WeChat's protocol at another address, and errors with every member there."""

from harness import APP, OTHER_APP, SECRETS, Case, configuration, each, wechat
from session_users import SessionCase, auth


class QQ(Case):
    @classmethod
    def setUpClass(cls):
        """The one is of QQ; the WeChat of the other is out of reach."""
        cls.worker = cls.start_worker(configuration(
            [{'appid': APP, 'secret': SECRETS[APP], 'url': wechat().url}, OTHER_APP],
            wechat={'url': 'https://127.0.0.1:1', 'ca_file': str(wechat().ca)}))

    def login(self, app=APP, **options):
        return self.worker.login(wechat().code(app, **options), ONLOGIN_APPID=app)

    def test_a_user_logs_in(self):
        answer = self.login(qq=1, unionid=1)
        self.assert_logged_in(answer)
        self.assertEqual(set(answer.json['data']), {'openid', 'unionid', 'expires_in'})

    def test_without_a_unionid_there_is_none_in_the_answer(self):
        answer = self.login(qq=1)
        self.assert_logged_in(answer)
        self.assertEqual(set(answer.json['data']), {'openid', 'expires_in'})

    @each(('own', -1009, 502, 'login'), ('invalid', 40029, 401, 'login'),
          ('minute', 45011, 429, 'later'), ('busy', -1, 503, 'later'))
    def test_an_error_with_an_empty_openid_is_no_login(self, errcode, status, recover):
        answer = self.login(qq=1, errcode=errcode)
        self.assert_refused(answer, status, errcode, recover)

    def test_a_code_is_good_once(self):
        code = wechat().code(qq=1)
        self.assert_logged_in(self.worker.login(code, ONLOGIN_APPID=APP))
        answer = self.worker.login(code, ONLOGIN_APPID=APP)
        self.assertEqual((answer.status, answer.json['recover']), (401, 'login'))

    def test_the_other_mini_program_is_not_asked_about_there(self):
        self.assert_refused(self.login(OTHER_APP), 502, 502, 'later')


class QQSessions(SessionCase):
    def test_a_session_is_as_good_as_any(self):
        self.new_home()
        apps = [{'appid': APP, 'secret': SECRETS[APP], 'url': wechat().url}, OTHER_APP]
        worker = self.own_worker(self.with_sessions(apps), directory=self.home)
        self.assert_is_user(auth(worker, self.user(worker, wechat().code(qq=1))))
