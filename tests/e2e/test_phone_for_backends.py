"""Phone numbers that the backend gets, and the client does not."""

import itertools
import json
import subprocess

from backends import (ECHO, SHOW_ENVIRONMENT, GuardCase, guarded_example, over_fastcgi, over_uwsgi,
                      phone_example)
from harness import (APP, OTHER_APP, PATIENCE, each, keep_private, magic, new_directory, until,
                     wechat)
from open_apis import OddWechat

MADE_UP = '19999999999'


def forged():
    """Both headers in each spelling."""
    names = [('Onlogin', 'Phone', last) for last in ('Number', 'Country')]
    return {first + a + second + b + last: MADE_UP for first, second, last in names
            for a, b in itertools.product('-_', repeat=2)}


LOCATIONS = '''
    underscores_in_headers on;
    location = /fastcgi/phone {
        fastcgi_param ONLOGIN_REDIRECT @fastcgi;
        include snippets/onlogin-phone.conf;
    }
    location @fastcgi {
        include snippets/onlogin-phone-fastcgi.conf;
        include /etc/nginx/fastcgi_params;
        fastcgi_pass unix:FASTCGI;
    }
    location = /uwsgi/phone {
        fastcgi_param ONLOGIN_REDIRECT @uwsgi;
        include snippets/onlogin-phone.conf;
    }
    location @uwsgi {
        include snippets/onlogin-phone-uwsgi.conf;
        include /etc/nginx/uwsgi_params;
        uwsgi_pass unix:UWSGI;
    }
    location = /nowhere/phone {
        fastcgi_param ONLOGIN_REDIRECT @nowhere;
        include snippets/onlogin-phone.conf;
    }
    location ^~ /fastcgi/public/ {
        include snippets/onlogin-fastcgi.conf;
        include /etc/nginx/fastcgi_params;
        fastcgi_pass unix:FASTCGI;
    }
    location ^~ /uwsgi/public/ {
        include snippets/onlogin-uwsgi.conf;
        include /etc/nginx/uwsgi_params;
        uwsgi_pass unix:UWSGI;
    }
    fastcgi_ignore_headers X-Accel-Redirect;    # of the site, for something else
'''


class PhoneCase(GuardCase):
    @classmethod
    def edits(cls):
        fastcgi = cls.start_backend(over_fastcgi(SHOW_ENVIRONMENT))
        uwsgi = cls.start_backend(over_uwsgi(ECHO))
        locations = LOCATIONS.replace('FASTCGI', str(fastcgi.path)) \
            .replace('UWSGI', str(uwsgi.path))
        return [*guarded_example(cls.echo.port), *phone_example(cls.echo.port),
                (r'(?=\n +# Your backend, for users)', locations)]

    @staticmethod
    def body(phone='13812345678', app=APP):
        return json.dumps({'code': wechat().phone_code(app, phone=phone), 'name': 'of the order'})

    def ask(self, user, body, path='/api/phone', **headers):
        headers = {'Content-Type': 'application/json', **(self.bearer(user) if user else {}),
                   **headers}
        return self.nginx.ask('POST', path, body, headers)

    def assert_client_sees_nothing(self, answer):
        self.assertEqual([name for name in answer.headers
                          if 'phone' in name or 'x-wx' in name or 'accel' in name], [])

    def assert_backend_is_not_asked(self, answer, status, code, recover):
        self.assert_refused(answer, status, code, recover)
        self.assert_client_sees_nothing(answer)


class Phones(PhoneCase):
    def test_the_type_of_the_answer_is_the_backends_own(self):
        answer = self.ask(self.log_in(), self.body())
        self.assertEqual((answer.status, answer.headers['content-type']),
                         (200, 'application/json'))

    def test_nginx_has_nothing_to_say(self):
        self.assert_content(self.nginx)

    def test_the_backend_gets_the_number_and_the_request(self):
        user = self.log_in()
        body = self.body()
        answer = self.ask(user, body, '/api/phone?order=1%2F2')
        told = self.assert_let_in(answer, user)
        headers = {name.upper(): value for name, value in told['told']}
        self.assertEqual(headers['ONLOGIN-PHONE-NUMBER'], '13812345678')
        self.assertEqual(headers['ONLOGIN-PHONE-COUNTRY'], '86')
        self.assertEqual((headers['X-WX-APPID'], headers['X-WX-SOURCE']), (APP, 'wx_client'))
        self.assertEqual(headers['CONTENT-TYPE'], 'application/json')
        self.assertNotIn('AUTHORIZATION', headers)
        self.assertEqual((told['method'], told['path'], told['length']),
                         ('POST', '/api/phone?order=1%2F2', len(body)))
        self.assertEqual(answer.headers['cache-control'], 'no-store')
        self.assert_client_sees_nothing(answer)

    @each(*((path, path) for path in ('/api/x/../phone', '/api//phone', '/api/%70hone')))
    def test_the_backend_is_asked_for_the_path_that_nginx_has_judged(self, path):
        user = self.log_in()
        told = self.assert_let_in(self.ask(user, self.body(), path), user)
        self.assertEqual(told['path'], '/api/phone')

    @each(('fastcgi', 'fastcgi', 'variables'), ('uwsgi', 'uwsgi', 'told'))
    def test_the_number_in_variables_of(self, name, member):
        user = self.log_in()
        body = self.body()
        answer = self.ask(user, body, f'/{name}/phone', **forged())
        self.assertEqual(answer.status, 200, answer)
        variables = answer.json[member]
        self.assertEqual(variables['HTTP_ONLOGIN_PHONE_NUMBER'], '13812345678')
        self.assertEqual(variables['HTTP_ONLOGIN_PHONE_COUNTRY'], '86')
        self.assertEqual(variables['HTTP_X_WX_OPENID'], user['openid'])
        self.assertEqual(variables['REQUEST_METHOD'], 'POST')
        self.assertEqual(answer.json.get('body', answer.json.get('length')), len(body))
        self.assertNotIn(MADE_UP, json.dumps(variables))
        self.assertNotIn(user['token'], json.dumps(variables))
        self.assert_client_sees_nothing(answer)

    @each(('phone', '/api/phone', True), ('guarded', '/api/x', True),
          ('public', '/api/public/x', False), ('fastcgi', '/fastcgi/public/', False),
          ('uwsgi', '/uwsgi/public/', False))
    def test_no_header_of_the_client_is_a_number(self, path, known):
        user = self.log_in()
        answer = self.ask(user, self.body(), path, **forged())
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn(MADE_UP, answer.body.decode())
        self.assertEqual(b'13812345678' in answer.body, path == '/api/phone')
        if known:
            self.assert_let_in(answer, user)

    def test_a_form_is_as_good(self):
        user = self.log_in()
        code = wechat().phone_code(APP, phone='13912345678')
        told = self.assert_let_in(self.nginx.ask(
            'POST', '/api/phone', 'code=' + code,
            self.bearer(user, **{'Content-Type': 'application/x-www-form-urlencoded'})), user)
        self.assertIn('13912345678', json.dumps(told))

    # When there is none

    def test_without_a_session_there_is_none(self):
        self.assert_backend_is_not_asked(self.ask(None, self.body()), 401, 401, 'login')

    def test_a_code_that_is_none(self):
        user = self.log_in()
        answer = self.ask(user, json.dumps({'code': magic('errcode-40029')}))
        self.assertIn(answer.json['code'], (40029,))
        self.assert_client_sees_nothing(answer)
        self.assert_backend_is_not_asked(self.ask(user, '{}'), 400, 400, 'never')

    def test_other_methods(self):
        user = self.log_in()
        for method in ('GET', 'PUT', 'DELETE'):
            answer = self.nginx.ask(method, '/api/phone', headers=self.bearer(user))
            self.assert_backend_is_not_asked(answer, 405, 405, 'never')

    def test_a_large_body(self):
        user = self.log_in()
        body = self.body()
        fits = body[:-1] + ',"a":"' + 'x' * (16384 - len(body) - 7) + '"}'
        told = self.assert_let_in(self.ask(user, fits), user)
        self.assertEqual(told['length'], 16384)
        self.assert_backend_is_not_asked(self.ask(user, fits + ' '), 413, 413, 'never')

    def test_a_backend_that_is_not_there_keeps_the_number_all_the_same(self):
        answer = self.ask(self.log_in(), self.body(), '/nowhere/phone')
        self.assertGreaterEqual(answer.status, 500)
        self.assertNotIn(b'13812345678', answer.body)
        self.assert_client_sees_nothing(answer)

    @each(*((path, path) for path in ('/onLogin/phone', '/onLogin/x/phone', '/onLogin//phone',
                                      '/onLogin/%0A/phone', '/onLogin/%70hone')))
    def test_clients_get_no_number_at(self, path):
        user = self.log_in()
        self.assert_refused(self.ask(user, self.body(), path), 404, 404, 'never')

    # Connections

    def test_one_connection_of_many_users(self):
        connection = self.nginx.connect()
        for at in range(3):
            user = self.log_in()
            answer = self.nginx.ask('POST', '/api/phone', self.body(f'1381234567{at}'),
                                    self.bearer(user, **{'Content-Type': 'application/json'}),
                                    connection)
            self.assertIn(f'1381234567{at}', json.dumps(self.assert_let_in(answer, user)))
            self.assert_kept_out(self.nginx.ask('POST', '/api/phone', b'{}', connection=connection))
            told = self.assert_let_in(self.nginx.ask('GET', '/api/', headers=self.bearer(user),
                                                     connection=connection), user)
            self.assertNotIn('PHONE', json.dumps(told).upper())
        connection.close()

    def test_http_2(self):
        user = self.log_in()
        upload = new_directory() / 'upload'
        upload.write_text(self.body())
        done = subprocess.run(
            ['curl', '-q', '-sS', '-i', '--http2', '--noproxy', '*', '--cacert',
             str(self.nginx.certificate), '--data-binary', f'@{upload}',
             '-H', 'Content-Type: application/json', '-H', 'Authorization: Bearer ' + user['token'],
             '-H', 'onlogin-phone-number: ' + MADE_UP,
             f'https://localhost:{self.nginx.port}/api/phone'],
            capture_output=True, text=True, timeout=20 * PATIENCE)
        head, body = done.stdout.replace('\r', '').split('\n\n', 1)
        self.assertRegex(head, '^HTTP/2 200')
        self.assertNotIn('phone', head.lower())
        self.assertIn(['Onlogin-Phone-Number', '13812345678'], json.loads(body)['told'])
        self.assertNotIn(MADE_UP, body)


class Others(PhoneCase):
    """The server also stands before somebody else's, which is not told anything of users."""

    @classmethod
    def edits(cls):
        cls.others = OddWechat()
        cls.addClassCleanup(cls.others.finish)
        return [*super().edits(), (r'underscores_in_headers on;', 'location ^~ /others/ { include '
                                   'snippets/onlogin-proxy.conf; proxy_pass https://127.0.0.1:'
                                   f'{cls.others.port}; }}')]

    @each(*((target, target) for target in ('@onlogin_phone', '@fastcgi', '@uwsgi')))
    def test_the_worker_alone_sends_requests_to(self, target):
        self.others.answers['/others/x'] = ({
            'X-Accel-Redirect': target, 'X-WX-OPENID': 'of-somebody-else', 'X-WX-APPID': APP,
            'X-WX-SOURCE': 'wx_client', 'Onlogin-Phone-Number': MADE_UP,
            'Onlogin-Phone-Country': '86'}, [b''])
        answer = self.nginx.ask('POST', '/others/x', headers=self.bearer(self.log_in()))
        self.assertEqual(answer.status, 404, answer)
        self.assertNotIn(MADE_UP, answer.body.decode())
        self.assert_client_sees_nothing(answer)

    def test_the_worker_is_asked_for_no_number(self):
        """A POST that is sent elsewhere by its path becomes a GET."""
        self.others.answers['/others/x'] = ({'X-Accel-Redirect': '/api/phone',
                                             'Onlogin-Phone-Number': MADE_UP}, [b''])
        user = self.log_in()
        answer = self.nginx.ask('POST', '/others/x', self.body(),
                                self.bearer(user, **{'Content-Type': 'application/json'}))
        self.assert_backend_is_not_asked(answer, 405, 405, 'never')


class Renewal(PhoneCase):
    SESSION = {'lifetime_s': int(8 * PATIENCE)}

    def test_a_new_token_comes_when_it_is_time(self):
        user = self.log_in()
        answer = until(lambda: (a := self.ask(user, self.body())) and 'onlogin-token' in a.headers
                       and a, 12, 'a new token')
        self.assert_let_in(answer, user)
        fresh = {**user, 'token': keep_private(answer.headers['onlogin-token'])}
        self.assert_let_in(self.ask(fresh, self.body()), user)


class WholeServer(PhoneCase):
    """The guard stands for all of the server."""

    @classmethod
    def edits(cls):
        return [*super().edits(), (r'underscores_in_headers on;',
                                   'include snippets/onlogin-guard.conf;')]

    def test_the_number_comes_as_ever(self):
        user, other = self.log_in(), self.log_in(OTHER_APP)
        told = self.assert_let_in(self.ask(user, self.body()), user)
        self.assertIn('13812345678', json.dumps(told))
        told = self.assert_let_in(self.ask(other, self.body(app=OTHER_APP)), other)
        self.assertIn('13812345678', json.dumps(told))
        self.assert_kept_out(self.ask(None, self.body()))
