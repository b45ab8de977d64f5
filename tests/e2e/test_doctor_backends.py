"""`onlogin doctor` looks at what nginx does for backends: who reaches it, and whether guards guard."""

import re

from backends import ECHO, guarded_example, over_http, phone_example, with_sessions
from harness import each, wechat
from open_apis import ApiNginx, NameServer
from test_doctor import DoctorCase, of_tests
from test_internal_key import KEY, with_key


class BackendsCase(DoctorCase):
    """With sessions, the site for backends, a guarded location and one for phone numbers."""

    APPS = None  # the usual one
    KEYS = True  # nginx proves that it asks

    @classmethod
    def setUpClass(cls):
        config = with_sessions(*filter(None, [cls.APPS]))
        cls.worker = cls.start_worker(with_key(config) if cls.KEYS else config, mode='0660')
        cls.names = NameServer()
        cls.addClassCleanup(cls.names.finish)
        cls.echo = over_http(ECHO)
        cls.addClassCleanup(cls.echo.finish)

    def edited(self, *edits):
        """Visits nginx whose files are edited once it runs: the doctor reads the files."""
        return self.visited(lambda nginx: self.edit(nginx, edits))

    @staticmethod
    def edit(nginx, edits):
        for file in [*nginx.directory.glob('onlogin*.conf'),
                     *(nginx.directory / 'snippets').iterdir()]:
            text = file.read_text()
            for pattern, replacement in edits:
                text = re.sub(pattern, replacement.replace('PORT', str(nginx.api_port)), text)
            if text != file.read_text():
                file.write_text(text)

    def visited(self, change):
        """Visits nginx whose files `change` has changed once it runs."""
        nginx = ApiNginx(self.worker.socket, wechat().port, self.names, edits=[
            *guarded_example(self.echo.port), *phone_example(self.echo.port)],
                         more={'snippets/onlogin-key.conf': f'fastcgi_param ONLOGIN_KEY {KEY};\n'})
        self.addCleanup(nginx.finish)
        change(nginx)
        return self.visit(nginx=nginx)


class Backends(BackendsCase):
    def test_all_is_well(self):
        findings = self.edited()
        self.assertEqual(findings.bad(), [])
        self.assertEqual([finding for finding in findings if finding.verdict == 'warn'
                          and not of_tests(finding)], [])
        findings.find('backends', 'ok', 'this host alone')
        findings.find('backends', 'ok', 'reaches WeChat')
        for path in ('/onlogin-access-token', '/onlogin/sign', '/onlogin/check-session'):
            findings.find('location', 'ok', path)
        self.assertEqual(len([f for f in findings if f.check == 'front']), 1)  # one site for users

    # More spellings are in nginx_targets_test.cc.
    LEADS_THERE = (
        ('directly', 'proxy_pass http://127.0.0.1:PORT;'),
        ('by name', 'proxy_pass http://localhost:PORT/wxa/;'),
        ('in short', 'proxy_pass http://127.1:PORT;'),
        ('as any address', 'proxy_pass http://0:PORT;'),
        ('as a v6 address', 'proxy_pass http://[::ffff:127.0.0.1]:PORT;'),
        ('with the request', 'proxy_pass http://127.0.0.1:PORT$request_uri;'),
        ('with arguments', 'proxy_pass http://127.0.0.1:PORT?x=1;'),
        ('by a variable', 'set $b 127.0.0.1:PORT; proxy_pass http://$b;'),
        ('in an if', 'if ($arg_x) { proxy_pass http://127.0.0.1:PORT; }'),
        ('by grpc', 'grpc_pass grpc://127.0.0.1:PORT;'),
    )

    def public_location(self, content, outside='', *edits):
        """In a server that others can reach."""
        return self.edited(
            (r'listen 127\.0\.0\.1:(\d+) ssl', r'listen 0.0.0.0:\1 ssl'),
            (r'    # There is nothing else\.', 'location /wxa/ { ' + content + ' }'),
            (r'(?s)\A(.*log_format onlogin )', outside + r'\1'), *edits)

    @each(*LEADS_THERE)
    def test_a_public_location_leads_there(self, content):
        findings = self.public_location(content)
        findings.find('backends', 'bad', '/wxa/' if 'if (' not in content else 'if ($arg_x)',
                      'hands clients to', 'remove it')
        self.assertFalse(findings.ok)

    @each(('a map', 'map $uri $b { default 127.0.0.1:9; /wxa/x 127.0.0.1:PORT; }'),
          ('an upstream', 'upstream wx { server 127.1:PORT; } map $uri $b { default wx; }'))
    def test_a_public_location_leads_there_by(self, outside):
        findings = self.public_location('proxy_pass http://$b;', outside)
        findings.find('backends', 'bad', 'location /wxa/', 'hands clients to')

    def test_a_public_location_leads_to_its_socket(self):
        findings = self.public_location('proxy_pass http://unix:/tmp/../tmp/onlogin-api:/;', '', (
            r'listen 127\.0\.0\.1:\d+;(?=\s+# For some programs)', 'listen unix:/tmp/onlogin-api;'))
        findings.find('backends', 'bad', 'location /wxa/', 'hands clients to')

    @each(('of the client', 'proxy_pass http://$arg_host;'),
          ('of a header', 'set $b $http_x_backend; proxy_pass http://$b/;'),
          ('for the port', 'proxy_pass http://127.0.0.1:$arg_port;'))
    def test_a_variable_that_may_lead_there(self, content):
        findings = self.public_location(content)
        findings.find('backends', 'warn', 'location /wxa/', 'variable', 'cannot follow')
        self.assertEqual([f for f in findings.bad() if '/wxa/' in f.text], [])

    @each(('elsewhere', 'proxy_pass http://127.0.0.1:9/PORT;'),
          ('a path', 'proxy_pass http://127.0.0.1:9/$arg_x;'),
          ('a capture', 'proxy_pass http://127.0.0.1:9$uri;'))
    def test_a_public_location_leads_elsewhere(self, content):
        findings = self.public_location(content)
        self.assertEqual([f for f in findings if f.check == 'backends' and f.verdict != 'ok'], [])

    @each(('the client', '', '$arg_action'), ('a header', '', '$http_x_action'),
          ('a map', 'map $uri $b { default $arg_action; }', '$b'))
    def test_the_action_is_chosen_by(self, outside, action):
        findings = self.public_location(
            'include snippets/onlogin-location.conf; fastcgi_param ONLOGIN_ACTION ' + action + ';',
            outside)
        findings.find('backends', 'bad', 'location /wxa/', 'chooses what it asks for',
                      'without a variable')

    def test_a_site_that_does_not_reach_wechat(self):
        """By the resolver, as it is before somebody has filled it in."""
        nobody = NameServer()
        nobody.finish()
        nginx = ApiNginx(self.worker.socket, wechat().port, nobody,
                         edits=[(r'resolver_timeout 5s', 'resolver_timeout 1s')],
                         more={'snippets/onlogin-key.conf': f'fastcgi_param ONLOGIN_KEY {KEY};\n'})
        self.addCleanup(nginx.finish)
        findings = self.visit(nginx=nginx)
        findings.find('backends', 'bad', 'does not reach WeChat', '`resolver`', 'certificates')
        self.assertFalse(findings.ok)

    def test_a_backends_location_for_phone_numbers_is_none_of_ours(self):
        findings = self.edited((r'(?s)(location @onlogin_phone \{).*?\n    \}',
                                r'location @onlogin_phone { include '
                                r'snippets/onlogin-phone-fastcgi.conf; '
                                r'fastcgi_pass unix:/run/php/php-fpm.sock; }'))
        self.assertEqual([f for f in findings if '@onlogin_phone' in f.text
                          and f.verdict != 'ok'], [])

    # Only what nginx can bind to on any host: the rest is in nginx_config_test.cc.

    @each(*((listen, listen) for listen in ('PORT', '*:PORT', '0.0.0.0:PORT',
                                            '127.0.0.1:PORT; listen 127.0.0.2:PORT; listen PORT')))
    def test_it_listens_for_others(self, listen):
        findings = self.edited((r'listen 127\.0\.0\.1:\d+;(?=\s+# For some programs)',
                                f'listen {listen};'))
        finding = findings.find('backends', 'bad', '127.0.0.1', 'unix socket')
        self.assertIn('/onlogin-api.conf:', finding.text)
        self.assertFalse(findings.ok)

    @each(*((listen, listen) for listen in ('localhost:PORT', '127.1.2.3:PORT', 'unix:api.sock')))
    def test_it_listens_for_this_host(self, listen):
        findings = self.edited((r'listen 127\.0\.0\.1:\d+;(?=\s+# For some programs)',
                                f'listen {listen};'))
        findings.find('backends', 'ok')

    def test_a_location_of_the_site_for_users(self):
        findings = self.edited((r'location / \{(?=\s+error_page 404)', 'location = /sign { include '
                                'snippets/onlogin-location.conf; fastcgi_param ONLOGIN_ACTION sign; '
                                '} location / {'),
                               (r'listen 127\.0\.0\.1:(\d+) ssl', r'listen \1 ssl'))
        findings.find('backends', 'bad', 'location = /sign', '/onlogin.conf:')

    def test_a_guard_that_nobody_answers(self):
        findings = self.edited((r'location = /onlogin-auth \{[^}]*\}', ''))
        findings.find('guard', 'bad', 'location ^~ /api/', '/onlogin-auth', 'onlogin-auth.conf')

    def test_a_guard_that_somebody_else_answers(self):
        findings = self.edited((r'location = /onlogin-auth \{[^}]*\}',
                                'location = /onlogin-auth { return 200; }'))
        findings.find('guard', 'bad', 'location ^~ /api/', 'chance')

    def test_a_guard_of_somebody_else(self):
        findings = self.edited((r'location = /onlogin-auth \{[^}]*\}', ''),
                               (r'auth_request /onlogin-auth;', 'auth_request /oauth2/auth;'))
        self.assertEqual([finding for finding in findings if finding.check == 'guard'], [])

    def test_a_phone_number_without_its_location(self):
        findings = self.edited((r'location @onlogin_phone', 'location @another'))
        findings.find('location', 'bad', '@onlogin_phone', 'fail')

    def test_made_up_phone_numbers_reach_a_backend(self):
        findings = self.edited((r'.*Onlogin-Phone-Number.*\n', ''))
        findings.find('headers', 'bad', '@onlogin_phone', 'Onlogin-Phone-Number')
