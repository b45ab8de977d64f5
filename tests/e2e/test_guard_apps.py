"""For which mini program a location is, with several: its backend learns of no other one's users."""

import json

from backends import ECHO, SHOW_ENVIRONMENT, GuardCase, examples, for_all, over_fastcgi
from harness import APP, OTHER_APP, each, wechat

BACKEND = '''
            include snippets/onlogin-proxy.conf;
            proxy_pass http://127.0.0.1:PORT;
'''

LOCATIONS = '''
    location ^~ /onlogin-auth/ { include snippets/onlogin-auth.conf; }
    # Said to nginx's question itself, which locations inside ask, too.
    location /uri/ {
        auth_request /onlogin-auth/OTHER;
        include snippets/onlogin-guard-app.conf;
        BACKEND
        location ~ \\.php$ {
            include snippets/onlogin-fastcgi.conf;
            include /etc/nginx/fastcgi_params;
            fastcgi_pass unix:FASTCGI;
        }
        location /uri/deep/ {
            BACKEND
            location /uri/deep/deeper/ { BACKEND }
            limit_except GET { proxy_pass http://127.0.0.1:PORT; }
        }
    }
    location /uri/plain/ {
        include snippets/onlogin-guard.conf;
        BACKEND
    }
    location /uri-any/ {
        auth_request /onlogin-auth/any;
        include snippets/onlogin-guard-app.conf;
        BACKEND
        location /uri-any/deep/ { BACKEND }
    }
    location /uri-unknown/ {
        auth_request /onlogin-auth/wx3333333333333333;
        include snippets/onlogin-guard-app.conf;
        BACKEND
    }
    # Said by a variable, which locations inside do not get.
    location /set/ {
        set $onlogin_appid OTHER;
        include snippets/onlogin-guard.conf;
        BACKEND
        location ~ \\.php$ {
            include snippets/onlogin-fastcgi.conf;
            include /etc/nginx/fastcgi_params;
            fastcgi_pass unix:FASTCGI;
        }
        location /set/deep/ { BACKEND }
        location /set/again/ {
            set $onlogin_appid OTHER;
            BACKEND
        }
        location = /set/phone { include snippets/onlogin-phone.conf; }
        location = /set/other-phone {
            include snippets/onlogin-phone.conf;
            fastcgi_param ONLOGIN_APPID OTHER;
        }
        limit_except GET { proxy_pass http://127.0.0.1:PORT; }
    }
    location /set-any/ {
        set $onlogin_appid any;
        include snippets/onlogin-guard.conf;
        BACKEND
    }
    # Not said.
    location /unsaid/ {
        include snippets/onlogin-guard.conf;
        BACKEND
    }
    # From one location into another.
    location = /set/to-uri { set $onlogin_appid APP; include snippets/onlogin-guard.conf; try_files /none /uri/x; }
    location = /uri/to-unsaid { auth_request /onlogin-auth/APP; include snippets/onlogin-guard-app.conf; try_files /none /unsaid/x; }
    location = /uri/to-set { auth_request /onlogin-auth/APP; include snippets/onlogin-guard-app.conf; try_files /none /set/x; }
'''


def locations(port, fastcgi):
    return LOCATIONS.replace('BACKEND', BACKEND).replace('PORT', str(port)) \
        .replace('FASTCGI', str(fastcgi)).replace('OTHER', OTHER_APP).replace('APP;', APP + ';')


class SeveralCase(GuardCase):
    FOR_ALL = []

    @classmethod
    def edits(cls):
        fastcgi = cls.start_backend(over_fastcgi(SHOW_ENVIRONMENT))
        return [(r'# location = /onlogin-auth ', 'location = /onlogin-auth '), *cls.FOR_ALL,
                *examples(cls.echo.port, '@onlogin_phone'),
                (r'(?=\n +# Your backend, for users)', locations(cls.echo.port, fastcgi.path))]

    def assert_comes_in(self, path, user):
        answer = self.ask(path, user)
        if not path.endswith('.php'):
            return self.assert_let_in(answer, user)
        self.assertEqual(answer.status, 200, answer)
        self.assertIn(user['openid'], str(answer.json['variables']['HTTP_X_WX_OPENID']))

    def ask(self, path, user, method='GET'):
        return self.nginx.ask(method, path, headers=self.bearer(user))


class Said(SeveralCase):
    @each(*((path, path) for path in (
        '/uri/', '/uri/x.php', '/uri/deep/', '/uri/deep/deeper/x', '/set/', '/set/again/x')))
    def test_the_users_of_one_mini_program_come_in_and_no_others(self, path):
        user, other = self.log_in(), self.log_in(OTHER_APP)
        self.assert_comes_in(path, other)
        self.assert_kept_out(self.ask(path, user))

    @each(*((path, path) for path in ('/uri-any/', '/uri-any/deep/', '/set-any/')))
    def test_any_is_said_in_words(self, path):
        for app in (APP, OTHER_APP):
            user = self.log_in(app)
            self.assert_let_in(self.ask(path, user), user)

    @each(*((path, path) for path in ('/set/x.php', '/set/deep/', '/unsaid/', '/uri-unknown/', '/uri/plain/')))
    def test_where_the_choice_is_lost_nobody_comes_in(self, path):
        for app in (APP, OTHER_APP):
            self.assert_kept_out(self.ask(path, self.log_in(app)))

    @each(('variable', '/set/'), ('uri', '/uri/deep/'))
    def test_other_methods_do_not_widen_the_choice(self, path):
        self.assert_kept_out(self.ask(path, self.log_in(), 'POST'))

    @each(('into uri', '/set/to-uri'), ('into set', '/uri/to-set'))
    def test_a_way_from_one_location_into_another_counts_where_it_ends(self, path):
        user, other = self.log_in(), self.log_in(OTHER_APP)
        self.assert_kept_out(self.ask(path, user))   # let in at the first, kept out at the second
        self.assert_kept_out(self.ask(path, other))  # the other way round

    def test_the_log_says_once_what_to_mend(self):
        worker = self.worker
        self.ask('/unsaid/', self.log_in())
        worker.await_log('error undecided', 'ONLOGIN_APPID is empty', 'onlogin-auth/APPID')

    def phone(self, path, user):
        code = wechat().phone_code(user['app'])
        answer = self.nginx.ask('POST', path, json.dumps({'code': code}),
                                self.bearer(user, **{'Content-Type': 'application/json'}))
        return answer, code

    def test_a_phone_number_is_told_of_the_users_of_one_mini_program(self):
        user, other = ({**self.log_in(app), 'app': app} for app in (APP, OTHER_APP))
        answer, _ = self.phone('/set/other-phone', other)
        self.assert_let_in(answer, other)
        for path, whose in (('/set/other-phone', user), ('/set/phone', user), ('/set/phone', other)):
            answer, code = self.phone(path, whose)
            self.assert_kept_out(answer)
            self.assert_not_spent(whose, code)

    def assert_not_spent(self, user, code):
        answer = self.nginx.ask('POST', '/onLogin/phone', json.dumps({'code': code}),
                                self.bearer(user, **{'Content-Type': 'application/json'}))
        self.assertEqual(answer.status, 200, answer)


class SaidForAll(SeveralCase):
    FOR_ALL = for_all(OTHER_APP)

    @each(*((path, path) for path in ('/set/x.php', '/set/deep/', '/unsaid/', '/uri/x.php')))
    def test_the_users_of_one_mini_program_come_in_and_no_others(self, path):
        user, other = self.log_in(), self.log_in(OTHER_APP)
        self.assert_comes_in(path, other)
        self.assert_kept_out(self.ask(path, user))

    def test_a_way_from_another_mini_program_s_location_does_not_widen_it(self):
        self.assert_kept_out(self.ask('/uri/to-unsaid', self.log_in()))

    def test_a_phone_number_is_told_of_no_others(self):
        user, other = self.log_in(), self.log_in(OTHER_APP)
        for who, app, status in ((user, APP, 401), (other, OTHER_APP, 200)):
            code = wechat().phone_code(app)
            answer = self.nginx.ask('POST', '/set/phone', json.dumps({'code': code}),
                                    self.bearer(who, **{'Content-Type': 'application/json'}))
            self.assertEqual(answer.status, status, answer)
