"""`onlogin doctor` on guards: for whose users locations are, and whether nginx proves that it asks."""

from harness import APP, OTHER_APP, each
from test_doctor_backends import BackendsCase

UNSAID = (r'(\$onlogin_appid +\{ default )any;', r'\1"";')
INSIDE = r'\1 location ~ \\.php$ { include snippets/onlogin-proxy.conf; proxy_pass http://127.0.0.1:9; } '


class OneMiniProgram(BackendsCase):
    def test_all_is_well(self):
        findings = self.edited(UNSAID)
        self.assertEqual([finding for finding in findings if finding.check == 'guard'], [])
        findings.find('key', 'ok', 'nginx proves')
        self.assertNotIn('k3y-', str(list(findings)))

    @each(('auth', 'auth', 'location = /onlogin-auth'),
          ('tokens', 'access-token', 'location = /onlogin-access-token'),
          ('calls', 'call', 'location = /onlogin/sign'))
    def test_a_location_does_not_prove_that_nginx_asks(self, snippet, location):
        def without(nginx):
            file = nginx.directory / f'snippets/onlogin-{snippet}.conf'
            file.write_text(file.read_text().replace('include snippets/onlogin-key[.]conf;', ''))
        findings = self.visited(without)
        findings.find('key', 'bad', location, 'answered 404', 'onlogin-key[.]conf')

    def test_nginx_has_another_key(self):
        findings = self.edited((r'k3y-x+', 'y' * 40))
        finding = findings.find('key', 'bad', 'another key', 'onlogin-internal-key', 'reload nginx')
        self.assertNotIn('yyyy', finding.text)

    def test_others_may_read_the_key(self):
        findings = self.visited(
            lambda nginx: (nginx.directory / 'snippets/onlogin-key.conf').chmod(0o644))
        findings.find('key', 'bad', 'onlogin-key.conf', 'chmod 600')


class WithoutKey(BackendsCase):
    KEYS = False

    def test_it_says_who_may_ask(self):
        findings = self.edited()
        findings.find('key', 'warn', 'PHP', 'onlogin-internal-key', 'internal_key_file')


class Several(BackendsCase):
    APPS = [APP, OTHER_APP]

    def test_any_is_well(self):
        findings = self.edited()
        self.assertEqual([finding for finding in findings if finding.check == 'guard'], [])

    def test_it_is_not_said(self):
        findings = self.edited(UNSAID)
        findings.find('guard', 'bad', 'location ^~ /api/', 'whose users', 'onlogin-guard-app.conf')
        findings.find('guard', 'bad', 'location = /api/phone', 'whose users', '$onlogin_appid')

    def test_it_is_said_outside_by_set(self):
        findings = self.edited(UNSAID, (
            r'(location \^~ /api/ \{)', r'\1 set $onlogin_appid ' + APP + ';'), (
            r'(set \$onlogin_appid wx\w+;)', INSIDE))
        findings.find('guard', 'bad', r'location ~ \.php$', 'does not hand down', 'onlogin-auth/APPID')
        self.assertEqual([f for f in findings if f.check == 'guard' and '/api/ (' in f.text], [])

    def test_it_is_said_to_the_question(self):
        findings = self.edited(UNSAID, (
            r'(location \^~ /api/ \{)\s+include snippets/onlogin-guard.conf;', INSIDE +
            f'auth_request /onlogin-auth/{APP}; include snippets/onlogin-guard-app.conf;'), (
            r'(location = /onlogin-auth )', 'location ^~ /onlogin-auth/ { include '
            r'snippets/onlogin-auth.conf; } \1'))
        self.assertEqual([str(f) for f in findings if f.check == 'guard' and '/api/phone' not in f.text],
                         [])

    def test_an_appid_that_nobody_has(self):
        findings = self.edited((r'default any;', 'default wx3333333333333333;'))
        findings.find('guard', 'bad', 'wx3333333333333333', 'no mini program')

    def test_the_question_is_missing(self):
        findings = self.edited((r'include snippets/onlogin-guard.conf;',
                                'include snippets/onlogin-guard-app.conf;'))
        findings.find('guard', 'bad', 'asks nobody', 'auth_request /onlogin-auth/APPID;')
