"""The backends of nginx/examples behind nginx, as their comments say."""

import json

from backends import (EXAMPLES, GuardCase, add_to_server, for_all, over_fastcgi, over_http,
                      over_uwsgi)
from harness import APP, wechat


class Examples(GuardCase):
    def greet(self, location):
        """`location`: how nginx asks the backend, with the file of snippets that it needs."""
        phone = location.replace('snippets/onlogin-', 'snippets/onlogin-phone-')
        nginx = self.own_nginx(self.worker.socket, edits=for_all('any') + add_to_server(
            'location = /onlogin-auth { include snippets/onlogin-auth.conf; } '
            'location ^~ /api/ { include snippets/onlogin-guard.conf; ' + location + ' } '
            'location = /api/phone { include snippets/onlogin-phone.conf; } '
            'location @onlogin_phone { ' + phone.replace('proxy_pass', 'rewrite ^ /api/phone break; '
                                                         'proxy_pass') + ' }'))
        user = self.log_in(nginx=nginx)
        answer = nginx.ask('POST', '/api/hello', b'{"a":1}',
                           self.bearer(user, **{'X-WX-OPENID': 'oVICTIM'}))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json['data']['greeting'], 'Hello, ' + user['openid'])
        self.assertIsNone(answer.json['data']['phone'])
        self.assert_kept_out(nginx.ask('GET', '/api/hello'))
        self.check_phone(nginx, self.log_in(nginx=nginx))
        return nginx, user

    def check_phone(self, nginx, user):
        """The number comes from WeChat, and no client can make one up."""
        body = json.dumps({'code': wechat().phone_code(APP, phone='13812345678')})
        answer = nginx.ask('POST', '/api/phone?a=1', body.encode(),
                           self.bearer(user) | {'Content-Type': 'application/json'})
        self.assertEqual((answer.status, answer.json['data']['phone']), (200, '5678'), answer)
        self.assertNotIn('13812345678', str(answer))
        forged = self.bearer(user, **{'Onlogin-Phone-Number': '13900000000'})
        answer = nginx.ask('GET', '/api/hello', headers=forged)
        self.assertNotEqual(answer.json['data']['phone'], '0000')
        # Not through that location.
        self.assertEqual(nginx.ask('GET', '/api/phone/', headers=forged).status, 400)

    def own_backend(self, backend):
        self.addCleanup(backend.finish)
        return backend

    def proxied(self, *command):
        backend = self.own_backend(over_http(*command))
        return 'include snippets/onlogin-proxy.conf; ' \
            f'proxy_pass http://127.0.0.1:{backend.port};'

    def test_node(self):
        self.greet(self.proxied('node', EXAMPLES / 'backend.js'))

    def test_php(self):
        backend = self.own_backend(over_fastcgi('php-cgi'))
        self.greet('include snippets/onlogin-fastcgi.conf; include /etc/nginx/fastcgi_params; '
                   f'fastcgi_param SCRIPT_FILENAME {EXAMPLES}/backend.php; '
                   f'fastcgi_pass unix:{backend.path};')

    def test_python(self):
        self.check_accounts(*self.greet(self.proxied('python3', EXAMPLES / 'backend.py')))

    def test_python_with_uwsgi(self):
        backend = self.own_backend(over_uwsgi(EXAMPLES / 'backend.py'))
        self.check_accounts(*self.greet(
            'include snippets/onlogin-uwsgi.conf; include /etc/nginx/uwsgi_params; '
            f'uwsgi_pass unix:{backend.path};'))

    def check_accounts(self, nginx, user):
        """The first visit has been."""
        other = self.log_in(nginx=nginx)
        visits = [nginx.ask('GET', '/api/', headers=self.bearer(who)).json['data']
                  for who in (user, other, user)]
        self.assertEqual([visit['visits'] for visit in visits], [2, 1, 3])
        self.assertEqual(visits[0]['account'], visits[2]['account'])
        self.assertNotEqual(visits[0]['account'], visits[1]['account'])
