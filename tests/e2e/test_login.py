"""Logins that work, the whole way: client, nginx, worker, WeChat."""

import json

import fcgi
from harness import (APP, ODD_APP, OTHER_APP, SECRETS, Case, configuration, each, keep_private,
                     magic, together, wechat)

FORM = 'application/x-www-form-urlencoded'


class ThroughNginx:
    """Both ways to WeChat behave alike; the subclasses choose."""

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(configuration(wechat={'http': cls.http}))
        cls.nginx = cls.start_nginx(cls.worker.socket)

    def test_the_official_sample_logs_in(self):
        answer = self.nginx.ask('GET', '/onLogin?code=' + wechat().code(),
                                headers={'content-type': 'application/json'})
        self.assert_logged_in(answer, expires_in=7200)
        self.assertEqual(set(answer.json['data']), {'openid', 'expires_in'})

    @each(('form', FORM), ('with_charset', FORM + '; charset=utf-8'),
          ('in_capitals', 'Application/X-WWW-Form-URLEncoded;charset=UTF-8'))
    def test_a_form_post_logs_in(self, content_type):
        self.assert_logged_in(self.nginx.post('code=' + wechat().code(), content_type))

    @each(('plain', 'application/json'), ('with_charset', 'application/json; charset=utf-8'))
    def test_a_json_post_logs_in(self, content_type):
        body = json.dumps({'code': wechat().code()})
        self.assert_logged_in(self.nginx.post(body, content_type))

    def test_the_code_may_be_in_the_query_of_a_post(self):
        answer = self.nginx.ask('POST', '/onLogin?code=' + wechat().code(), '')
        self.assert_logged_in(answer)

    def test_the_same_user_has_the_same_openid(self):
        first, second = (self.nginx.login(wechat().code(user='bob')) for _ in range(2))
        other = self.nginx.login(wechat().code(user='eve'))
        self.assert_logged_in(second, openid=first.json['data']['openid'])
        self.assertNotEqual(other.json['data']['openid'], first.json['data']['openid'])

    def test_openid_and_unionid_are_those_of_wechat(self):
        answer = self.nginx.login(wechat().code(openid='oGZUI0egBJY1zhBYw2KhdUfwVJJE', unionid=1))
        self.assert_logged_in(answer, openid='oGZUI0egBJY1zhBYw2KhdUfwVJJE')
        self.assertRegex(answer.json['data']['unionid'], '^o')
        self.assertEqual(set(answer.json['data']), {'openid', 'unionid', 'expires_in'})

    def test_a_used_code_is_refused(self):
        code = wechat().code()
        self.assert_logged_in(self.nginx.login(code))
        self.assert_refused(self.nginx.login(code), 401, 40163, 'login')

    def test_many_logins_at_once_all_work(self):
        codes = [wechat().code() for _ in range(40)]
        for answer in together([lambda c=c: self.nginx.login(c) for c in codes]):
            self.assert_logged_in(answer)

    def test_kept_client_connections_log_in_again_and_again(self):
        connection = self.nginx.connect()
        for _ in range(5):
            self.assert_logged_in(self.nginx.login(connection=connection))
        connection.close()

    def test_two_requests_with_one_code_share_one_exchange(self):
        code = wechat().code(delay_ms=500)
        answers = together([lambda: self.nginx.login(code)] * 2)
        for answer in answers:
            self.assert_logged_in(answer)
        self.assertEqual(wechat().exchanges(code), 1)
        self.assert_refused(self.nginx.login(code), 401, 40163, 'login')

    def test_two_requests_with_one_refused_code_share_one_exchange(self):
        code = wechat().code(errcode=40029, delay_ms=500)
        for answer in together([lambda: self.nginx.login(code)] * 2):
            self.assert_refused(answer, 401, 40029, 'login')
        self.assertEqual(wechat().exchanges(code), 1)

    def test_health_is_ok(self):
        answer = self.nginx.ask('GET', '/onLogin/health')
        self.assertEqual((answer.status, answer.body.strip()), (200, b'ok'), answer)
        self.assertEqual(answer.headers['cache-control'], 'no-store')

    @each(*((str(errcode), errcode, row) for errcode, *row in (
        (40029, 401, 40029, 'login'), (40226, 403, 40226, 'never'),
        (45011, 429, 45011, 'later', 60),
        (45009, 429, 45009, 'later', 3600), (40125, 500, 40125, 'never'), (-1, 503, -1, 'later'),
        (12345, 502, 12345, 'login'))))
    def test_refusals_pass_through_nginx_as_they_are(self, errcode, row):
        self.assert_refused(self.nginx.login(wechat().code(errcode=errcode)), *row)
        answer = self.nginx.post('code=' + wechat().code(errcode=errcode))
        self.assert_refused(answer, *row)
        self.assertNotIn(b'rid', answer.body)

    # What the client writes -> what WeChat gets to see.
    @each(('plus', 'ok-a%2Bb', 'ok-a+b'),
          ('letters', '%6Fk%2D%61bc', 'ok-abc'),
          ('lower_case_hex', 'ok-%2b%2f', 'ok-+/'),
          ('percent', 'ok-%2541', 'ok-%41'),
          ('ampersand', 'ok-a%26secret%3Dx', 'ok-a&secret=x'),
          ('question', 'ok-a?b/c:d@e', 'ok-a?b/c:d@e'),
          ('hash', 'ok-a%23b', 'ok-a#b'),
          ('quotes', "ok-%22%5C'%3C%3E", 'ok-"\\\'<>'),
          ('equals', 'ok-a=b==', 'ok-a=b=='),
          ('tilde', 'ok-~!*()', 'ok-~!*()'))
    def test_the_code_reaches_wechat_as_it_was_meant(self, encoded, code):
        def ask(send, count):
            self.assert_logged_in(send())
            self.assertEqual(wechat().exchanges(code), before + count, code)
        before = wechat().exchanges(keep_private(code))
        ask(lambda: self.nginx.ask('GET', '/onLogin?code=' + encoded), 1)
        ask(lambda: self.nginx.post('code=' + encoded), 2)
        ask(lambda: self.nginx.post(json.dumps({'code': code}), 'application/json'), 3)

    def test_a_plus_is_a_space_and_no_code_has_one(self):
        before = wechat().exchanges('ok-a+b') + wechat().exchanges('ok-a b')
        self.assert_refused(self.nginx.ask('GET', '/onLogin?code=ok-a+b'), 400, 400, 'never')
        self.assert_refused(self.nginx.post('code=ok-a+b'), 400, 400, 'never')
        self.assertEqual(wechat().exchanges('ok-a+b') + wechat().exchanges('ok-a b'), before)


class OverHttp2(ThroughNginx, Case):
    http = 'auto'


class OverHttp11(ThroughNginx, Case):
    http = '1.1'


class SeveralApps(Case):
    """Which mini program a request is for."""

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(configuration([
            APP, OTHER_APP, {'appid': ODD_APP, 'secret': SECRETS[ODD_APP],
                             'expose_session_key': True}]))

    def login(self, app, query='', **more):
        """With a code of `app`: whoever asks for another app is refused by WeChat."""
        return self.worker.ask(fcgi.get(f'code={wechat().code(app)}{query}', **more))

    @staticmethod
    def referer(app):
        return f'https://servicewechat.com/{app}/23/page-frame.html'

    def test_the_server_in_front_decides(self):
        self.assert_logged_in(self.login(OTHER_APP, ONLOGIN_APPID=OTHER_APP))

    def test_the_server_in_front_overrules_the_client(self):
        self.assert_logged_in(self.login(OTHER_APP, '&appid=' + APP, ONLOGIN_APPID=OTHER_APP,
                                         HTTP_REFERER=self.referer(APP)))

    def test_clients_cannot_send_what_the_server_in_front_says(self):
        answer = self.login(OTHER_APP, HTTP_ONLOGIN_APPID=OTHER_APP)
        self.assert_refused(answer, 400, 400, 'never')

    def test_the_parameter_decides(self):
        self.assert_logged_in(self.login(OTHER_APP, '&appid=' + OTHER_APP))

    def test_the_parameter_overrules_the_referer(self):
        self.assert_logged_in(
            self.login(OTHER_APP, '&appid=' + OTHER_APP, HTTP_REFERER=self.referer(APP)))

    def test_the_parameter_counts_in_a_json_body(self):
        body = json.dumps({'code': wechat().code(OTHER_APP), 'appid': OTHER_APP})
        self.assert_logged_in(self.worker.post(body, 'application/json'))

    def test_the_referer_decides(self):
        self.assert_logged_in(self.login(OTHER_APP, HTTP_REFERER=self.referer(OTHER_APP)))

    @each(('unknown_app', 'https://servicewechat.com/wx9999999999999999/1/page-frame.html'),
          ('another_host', 'https://example.com/' + APP + '/1/page-frame.html'),
          ('another_host_behind', 'https://example.com/https://servicewechat.com/' + APP + '/1/'),
          ('plain_http', 'http://servicewechat.com/' + APP + '/1/page-frame.html'),
          ('host_goes_on', 'https://servicewechat.com.example.com/' + APP + '/1/page-frame.html'),
          ('no_slash', 'https://servicewechat.com/' + APP),
          ('empty', ''))
    def test_other_referers_decide_nothing(self, referer):
        answer = self.worker.login(HTTP_REFERER=referer)
        self.assert_refused(answer, 400, 400, 'never')

    def test_without_a_choice_there_is_none(self):
        self.assert_refused(self.worker.login(), 400, 400, 'never')

    def test_an_unknown_parameter_is_refused(self):
        answer = self.worker.ask(fcgi.get(f'code={magic()}&appid=wx9999999999999999'))
        self.assert_refused(answer, 400, 400, 'never')

    def test_an_unknown_parameter_does_not_fall_back_to_the_referer(self):
        answer = self.worker.ask(fcgi.get(f'code={magic()}&appid=wx9999999999999999',
                                          HTTP_REFERER=self.referer(APP)))
        self.assert_refused(answer, 400, 400, 'never')

    def test_an_appid_differs_by_case(self):
        answer = self.worker.ask(fcgi.get(f'code={magic()}&appid={APP.upper()}'))
        self.assert_refused(answer, 400, 400, 'never')

    def test_a_secret_of_any_visible_characters_reaches_wechat(self):
        self.assert_logged_in(self.login(ODD_APP, '&appid=' + ODD_APP))

    def test_the_session_key_is_shown_only_where_the_configuration_says_so(self):
        for app in (APP, ODD_APP):
            key = 'Zm9/YmFy/2Jhei9xdXg+PQ=='
            answer = self.worker.ask(fcgi.get(
                f'code={wechat().code(app, session_key=key)}&appid={app}'))
            self.assert_logged_in(answer, session_key=key if app == ODD_APP else None)
            self.assertEqual(key.encode() in answer.body.replace(b'\\/', b'/'), app == ODD_APP)

    def test_where_the_session_key_is_shown_the_answer_is_also_as_wechats(self):
        answer = self.login(ODD_APP, '&appid=' + ODD_APP)
        self.assert_logged_in(answer)
        for name in ('openid', 'session_key'):
            self.assertEqual(answer.json[name], answer.json['data'][name])

    def test_simultaneous_logins_of_two_apps_with_one_code_stay_apart(self):
        code = magic('delay-300')
        answers = together([lambda a=a: self.worker.ask(fcgi.get(f'code={code}&appid={a}'))
                            for a in (APP, OTHER_APP)])
        for answer in answers:
            self.assert_logged_in(answer)
        self.assertNotEqual(answers[0].json['data']['openid'], answers[1].json['data']['openid'])
        self.assertEqual(wechat().exchanges(code), 2)


class OneApp(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(configuration(session={'lifetime_s': 1234}))

    def test_the_only_app_needs_no_naming(self):
        self.assert_logged_in(self.worker.login())

    def test_an_unknown_referer_does_not_matter(self):
        answer = self.worker.login(
            HTTP_REFERER='https://servicewechat.com/wx9999999999999999/devtools/page-frame.html')
        self.assert_logged_in(answer)

    def test_an_unknown_parameter_is_refused(self):
        answer = self.worker.ask(fcgi.get(f'code={magic()}&appid={OTHER_APP}'))
        self.assert_refused(answer, 400, 400, 'never')

    def test_an_unknown_choice_of_the_server_in_front_is_refused(self):
        answer = self.worker.login(ONLOGIN_APPID=OTHER_APP)
        self.assert_refused(answer, 400, 400, 'never')

    def test_expires_in_is_the_configured_lifetime(self):
        self.assert_logged_in(self.worker.login(wechat().code(expires_in=1)), expires_in=1234)
