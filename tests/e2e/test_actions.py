"""Which action a request reaches, and by which methods."""

import fcgi
from harness import Case, each, magic, wechat

INTERNAL = ('auth', 'access_token', 'sign', 'check_session', 'metrics', 'status')


class Actions(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()

    def assert_healthy(self, answer):
        self.assertEqual((answer.status, answer.body.strip()), (200, b'ok'), answer)
        self.assertEqual(answer.headers['cache-control'], 'no-store')

    @each(('script_name', {'SCRIPT_NAME': '/onLogin/health'}),
          ('path_info', {'SCRIPT_NAME': '/onLogin', 'PATH_INFO': '/health'}),
          ('elsewhere', {'SCRIPT_NAME': '/a/b/health'}),
          ('by_the_server', {'SCRIPT_NAME': '/healthz', 'ONLOGIN_ACTION': 'health'}))
    def test_health_is_reached(self, variables):
        self.assert_healthy(self.worker.ask(fcgi.get(**variables)))

    @each(('bare', '/'), ('mixed_case', '/onLogin/HEALTH'), ('longer', '/onLogin/healthy'),
          ('slash_behind', '/onLogin/health/'), ('in_the_middle', '/health/now'), ('empty', ''),
          ('no_slash', 'onLogin'), *((name, '/onLogin/' + name) for name in INTERNAL))
    def test_any_other_path_is_a_login(self, path):
        self.assert_logged_in(self.worker.ask(fcgi.get('code=' + magic(), path)))

    def test_the_server_overrules_the_path(self):
        self.assert_logged_in(self.worker.ask(
            fcgi.get('code=' + magic(), '/onLogin/health', ONLOGIN_ACTION='login')))

    def test_an_empty_choice_of_the_server_is_none(self):
        self.assert_logged_in(self.worker.login(ONLOGIN_ACTION=''))

    @each(('unknown', 'nonsense'), ('mixed_case', 'Login'), ('blank', ' '), ('nul', 'login\0'))
    def test_an_unknown_choice_of_the_server_is_404(self, action):
        code = wechat().code()
        self.assert_refused(self.worker.login(code, ONLOGIN_ACTION=action), 404, 404, 'never')
        self.assertEqual(wechat().exchanges(code), 0)

    def test_clients_cannot_choose(self):
        self.assert_logged_in(self.worker.login(HTTP_ONLOGIN_ACTION='nonsense'))

    @each(*((repr(method), method) for method in ('PUT', 'head', 'HEADS', 'DELETE', 'OPTIONS', 'PATCH',
                                                  'TRACE', 'get', 'GETS', 'G', '', 'GET\0')))
    def test_a_login_by_another_method_is_405(self, method):
        code = wechat().code()
        answer = self.worker.login(code, REQUEST_METHOD=method)
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'GET, HEAD, POST')
        self.assertEqual(wechat().exchanges(code), 0)

    @each(('POST', 'POST'), ('PUT', 'PUT'))
    def test_health_by_another_method_is_405(self, method):
        answer = self.worker.ask(fcgi.get(path='/onLogin/health', REQUEST_METHOD=method))
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'GET, HEAD')

    def assert_answers_head(self, ask, **differ):
        """To HEAD as to GET, without the body. `ask` takes variables."""
        whole, head = ask(), ask(REQUEST_METHOD='HEAD')
        self.assertEqual((head.status, head.body), (whole.status, b''))
        self.assertEqual(head.headers, whole.headers | differ)
        return head

    def test_health_is_told_to_head(self):
        answer = self.assert_answers_head(
            lambda **more: self.worker.ask(fcgi.get(path='/onLogin/health', **more)))
        self.assertEqual((answer.status, answer.headers['content-length']), (200, '3'))

    def test_a_login_by_head_is_a_login(self):
        answer = self.assert_answers_head(lambda **more: self.worker.login(**more))
        self.assertEqual(answer.status, 200)
        self.assertGreater(int(answer.headers['content-length']), 40)

    @each(('no_code', ''), ('a_code_that_wechat_refuses', 'code=errcode-40029'))
    def test_a_refusal_by_head_has_no_body(self, query):
        self.assert_answers_head(lambda **more: self.worker.ask(fcgi.get(query, **more)))

    @each(*((action, {'SCRIPT_NAME': '/onLogin/' + action}) for action in
            ('logout', 'decrypt', 'phone')),
          *((action, {'ONLOGIN_ACTION': action}) for action in ('sign', 'check_session')))
    def test_what_is_a_post_refuses_head_without_a_body(self, variables):
        answer = self.assert_answers_head(
            lambda **more: self.worker.ask(fcgi.get(**variables, **more)))
        self.assertEqual((answer.status, answer.headers['allow']), (405, 'POST'))

    def test_a_connection_is_kept_after_head(self):
        variables = fcgi.get(path='/onLogin/health', REQUEST_METHOD='HEAD')
        with self.worker.connect() as connection:
            for _ in range(3):
                connection.send(fcgi.request(variables, keep=True))
                self.assertEqual(connection.read_answer().status, 200)

    def test_405_wins_over_a_bad_body(self):
        answer = self.worker.ask(fcgi.post(b'x' * 20_000, 'text/plain', REQUEST_METHOD='PUT'),
                                 b'x' * 20_000)
        self.assert_refused(answer, 405, 405, 'never')

    def test_a_missing_method_harms_nobody(self):
        variables = fcgi.get('code=' + magic())
        del variables['REQUEST_METHOD']
        self.assert_refused(self.worker.ask(variables), 405, 405, 'never')
