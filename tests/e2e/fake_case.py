"""What tests of the fake WeChat itself do: one of their own, which they spoil."""

from harness import APP, OTHER_APP, SECRETS, Case

JSON = 'application/json; encoding=utf-8'
LOGIN = '/sns/jscode2session'
RID = 'rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$'


class Fake(Case):
    @classmethod
    def setUpClass(cls):
        cls.fake = cls.start_wechat()

    def setUp(self):
        for app in (APP, OTHER_APP):
            self.fake.access_token(app, ok=1, renewals=0)

    def token(self, app=APP, force=False):
        answer = self.fake.fetch_token(app, force)
        self.assertIn('access_token', answer.json, answer)
        return answer.json['access_token']

    def login(self, code, app=APP):
        return self.fake.get(LOGIN, appid=app, secret=SECRETS[app], js_code=code,
                             grant_type='authorization_code')

    def assert_refused(self, answer, errcode, message='.*', content_type=JSON):
        """As WeChat refuses: with HTTP 200."""
        self.assertEqual((answer.status, answer.headers['content-type']), (200, content_type))
        self.assertEqual(set(answer.json), {'errcode', 'errmsg'}, answer)
        self.assertEqual(answer.json['errcode'], errcode, answer)
        self.assertRegex(answer.json['errmsg'], '^' + message + RID)
