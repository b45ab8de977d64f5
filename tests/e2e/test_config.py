"""The command line, and what the configuration check says of mistakes."""

import json
import os
import re
import socket
import subprocess

from harness import (APP, ONLOGIN, PATIENCE, SECRETS, Case, check_no_leak, each, keep_private,
                     new_directory, wechat, write_private)

SECRET = SECRETS[APP]


def onlogin(*arguments, environment=None, **options):
    """Runs it to its end, without a request and without a socket."""
    variables = {name: value for name, value in os.environ.items()
                 if name not in ('ONLOGIN_CONFIG', 'CREDENTIALS_DIRECTORY', 'GATEWAY_INTERFACE',
                                 'REQUEST_METHOD')}
    variables.update(environment or {})
    options.setdefault('stdin', subprocess.DEVNULL)
    return subprocess.run([ONLOGIN, *map(str, arguments)], env=variables, capture_output=True,
                          timeout=10 * PATIENCE, text=True, **options)


def lines(*rows):
    return '\n'.join(rows) + '\n'


# The app's line is line 2.
APP_LINE = f'"apps": [{{ "appid": "{APP}", "secret": "{SECRET}" }}]'


def with_section(text):
    return lines('{', '  ' + APP_LINE + ',', '  ' + text, '}')


def with_app(text):
    return lines('{', '  "apps": [', '    { ' + text + ' }', '  ]', '}')


# Name, text of the configuration, what the message holds behind "FILE:".
MISTAKES = [
    ('unknown_section', with_section('"wechatt": {}'), r'3: wechatt: .*"wechat"'),
    ('unknown_key', with_section('"wechat": { "timeout": 1 }'), r'3: wechat\.timeout: .*"timeout_ms"'),
    ('unknown_key_of_limits', with_section('"limits": { "inflight": 1 }'),
     r'3: limits\.inflight: .*"in_flight"'),
    ('unknown_key_of_session', with_section('"session": { "livetime_s": 1 }'),
     r'3: session\.livetime_s: .*"lifetime_s"'),
    ('unknown_key_of_log', with_section('"log": { "lvl": "info" }'), r'3: log\.lvl: .*"level"'),
    ('unknown_key_of_an_app', with_app(f'"appid": "{APP}", "secrets": "x"'),
     r'3: apps\[0\]\.secrets: .*"secret"'),
    ('key_in_capitals', with_section('"Wechat": {}'), r'3: Wechat: .*"wechat"'),
    ('key_on_a_later_line', with_section('"wechat": {\n\n    "http": "auto",\n    "htpt": "auto" }'),
     r'6: wechat\.htpt: .*"http"'),
    ('text_for_a_number', with_section('"wechat": { "timeout_ms": "4500" }'),
     r'3: wechat\.timeout_ms: .*number'),
    ('fraction', with_section('"wechat": { "timeout_ms": 4.5 }'), r'3: wechat\.timeout_ms: .*number'),
    ('null', with_section('"limits": { "in_flight": null }'), r'3: limits\.in_flight: '),
    ('number_for_text', with_section('"wechat": { "url": 1 }'), r'3: wechat\.url: .*string'),
    ('text_for_truth', with_app(f'"appid": "{APP}", "secret": "{SECRET}", '
                                '"expose_session_key": "false"'),
     r'3: apps\[0\]\.expose_session_key: .*true or false'),
    ('number_for_truth', with_app(f'"appid": "{APP}", "secret": "{SECRET}", '
                                  '"expose_session_key": 1'), r'3: apps\[0\]\.expose_session_key: '),
    ('list_for_a_section', with_section('"wechat": []'), r'3: wechat: .*object'),
    ('null_for_a_section', with_section('"log": null'), r'3: log: .*object'),
    ('too_small', with_section('"limits": { "in_flight": 0 }'), r'3: limits\.in_flight: .* 1 '),
    ('negative', with_section('"limits": { "drain_ms": -1 }'), r'3: limits\.drain_ms: '),
    ('too_large', with_section('"wechat": { "timeout_ms": 99999999 }'), r'3: wechat\.timeout_ms: '),
    ('much_too_large', with_section('"wechat": { "timeout_ms": 1e300 }'), r'3: wechat\.timeout_ms: '),
    ('beyond_64_bits', with_section('"limits": { "body_bytes": 99999999999999999999 }'),
     r'3: limits\.body_bytes: '),
    ('unknown_word', with_section('"log": { "level": "verbose" }'),
     r'3: log\.level: .*"debug", "info", "warn", "error"'),
    ('unknown_format', with_section('"log": { "format": "xml" }'), r'3: log\.format: .*"text", "json"'),
    ('unknown_http', with_section('"wechat": { "http": "2" }'), r'3: wechat\.http: .*"auto", "1.1"'),
    ('http_url', with_section('"wechat": { "url": "http://api.weixin.qq.com" }'),
     r'3: wechat\.url: .*https'),
    ('http_url_that_looks_local', with_section('"wechat": { "url": "http://localhost.example.com" }'),
     r'3: wechat\.url: .*https'),
    ('http_url_with_127_in_front', with_section('"wechat": { "url": "http://127.0.0.1.example.com" }'),
     r'3: wechat\.url: .*https'),
    ('http_url_of_an_app', with_app(f'"appid": "{APP}", "secret": "{SECRET}", '
                                    '"url": "http://api.q.qq.com"'), r'3: apps\[0\]\.url: .*https'),
    ('no_url', with_section('"wechat": { "url": "api.weixin.qq.com" }'), r'3: wechat\.url: '),
    ('ftp_url', with_section('"wechat": { "url": "ftp://api.weixin.qq.com" }'), r'3: wechat\.url: '),
    ('empty_url', with_section('"wechat": { "url": "" }'), r'3: wechat\.url: '),
    ('url_with_a_user', with_section('"wechat": { "url": "https://a@b.example" }'), r'3: wechat\.url: '),
    ('url_with_a_query', with_section('"wechat": { "url": "https://b.example/?x=1" }'),
     r'3: wechat\.url: '),
    ('missing_ca_file', with_section('"wechat": { "ca_file": "none.pem" }'),
     r'3: wechat\.ca_file: .*none\.pem'),
    ('same_appid_twice', lines('{ "apps": [', f'{{ "appid": "{APP}", "secret": "{SECRET}" }},',
                               f'{{ "appid": "{APP}", "secret": "{SECRET}" }} ] }}'),
     rf'3: apps\[1\]\.appid: .*{APP}'),
    ('same_key_twice', with_section('"log": { "level": "info", "level": "info" }'), r'3: '),
    ('same_section_twice', with_section('"log": {}, "log": {}'), r'3: '),
    ('same_key_twice_in_an_app', with_app(f'"appid": "{APP}", "secret": "{SECRET}", '
                                          f'"secret": "{SECRET}"'), r'3: '),
    ('comma_missing', lines('{', '  "limits": {}', '  ' + APP_LINE, '}'), r'2: after this a comma is missing'),
    ('brace_missing', lines('{', '  ' + APP_LINE), r'\d+: '),
    ('comma_too_many', with_section('"log": {},'), r'4: .*comma too many'),
    ('comma_too_many_in_a_list', lines('{', '  "apps": [', '    {},', '  ]', '}'),
     r'4: .*comma too many'),
    ('comma_and_a_bare_word', with_section('"log": {}, level'), r"3: (?!.*comma)"),
    ('more_behind', lines('{', APP_LINE, '}', 'x'), r'4: '),
    ('empty', '', r'1: '),
    ('list', '[]', r'1: '),
    ('text', '"apps"', r'1: '),
    ('deep', '[' * 100_000, r'1: '),
    ('no_apps', '{}', r'1: apps: '),
    ('empty_apps', '{ "apps": [] }', r'1: apps: '),
    ('apps_no_list', '{ "apps": {} }', r'1: apps: '),
    ('app_no_object', '{ "apps": ["wx0123456789abcdef"] }', r'1: apps\[0\]: '),
    ('no_appid', with_app(f'"secret": "{SECRET}"'), r'3: apps\[0\]\.appid: '),
    ('empty_appid', with_app(f'"appid": "", "secret": "{SECRET}"'), r'3: apps\[0\]\.appid: '),
    ('odd_appid', with_app(f'"appid": "wx 1", "secret": "{SECRET}"'), r'3: apps\[0\]\.appid: '),
    ('original_id', with_app(f'"appid": "gh_0123456789ab", "secret": "{SECRET}"'),
     r'3: apps\[0\]\.appid: .*original id.*begins with wx'),
    ('no_secret', with_app(f'"appid": "{APP}"'), r'3: apps\[0\]: .*secret'),
    ('two_secrets', with_app(f'"appid": "{APP}", "secret": "{SECRET}", "secret_file": "good.secret"'),
     r'3: apps\[0\]: .*secret'),
    ('empty_secret', with_app(f'"appid": "{APP}", "secret": ""'), r'3: apps\[0\]\.secret: '),
    ('secret_with_blanks', with_app(f'"appid": "{APP}", "secret": "{SECRET} x"'),
     r'3: apps\[0\]\.secret: the AppSecret has a blank'),
    ('secret_no_text', with_app(f'"appid": "{APP}", "secret": 123'), r'3: apps\[0\]\.secret: '),
    *((f'secret_file_{name}', with_app(f'"appid": "{APP}", "secret_file": "{name}.secret"'),
       r'3: apps\[0\]\.secret_file: ' + reason)
      for name, reason in (('missing', r'.*missing\.secret'),
                           ('open', r'.*chmod 600 .*open\.secret'),
                           ('group', r'.*chmod 600 .*group\.secret'),
                           ('empty', r'.*empty\.secret is empty'),
                           ('newline', r'.*newline\.secret is empty'),
                           ('lines', r'.*lines\.secret has a blank or a line break'),
                           ('directory', r'.*directory\.secret'), ('large', ''),
                           ('fifo', r'.*fifo\.secret'),
                           ('binary', r'.*binary\.secret is no AppSecret'))),
    ('chinese_quotes', lines('{', '  \u201capps\u201d: []', '}'), r'2: .*curly.*U\+201C.*type "'),
    ('chinese_comma', lines('{', '  ' + APP_LINE + '\uff0c', '  "log": {}', '}'),
     r'2: .*full-width.*U\+FF0C.*type ,'),
    ('no_break_space', lines('{', '\u00a0\u00a0' + APP_LINE, '}'), r'2: .*no-break space'),
    ('unclosed', lines('{', f'  "apps": [{{ "appid": "{APP}\u201d, "secret": "{SECRET}" }}]', '}'),
     r'2: '),
    ('invisible_in_a_name', with_section('"wechat": { "proxy\u200b": "" }'),
     r'3: wechat\.proxy.*zero-width space.*character 6'),
    *((f'secret_{name}', with_app(f'"appid": "{APP}", "secret": {json.dumps(value)}'),
       r'3: apps\[0\]\.secret: ' + reason)
      for name, value, reason in (('twice', SECRET * 2, '.*twice'), ('quoted', f'"{SECRET}"', '.*quotes'),
                                  ('is_appid', APP, '.*is the appid'),
                                  ('is_a_file', 'secrets/app.secret', '.*name of a file'),
                                  ('capital', SECRET.upper() + 'A', '.*33 characters'),
                                  ('short', SECRET[1:], '.*31 characters'),
                                  ('wide', SECRET + '\u200b', '.*zero-width space.*character 33'))),
    ('secret_for_an_appid', with_app(f'"appid": "{SECRET}", "secret": "{SECRET}"'),
     r'3: apps\[0\]\.appid: .*AppSecret'),
    ('secret_for_a_file', with_app(f'"appid": "{APP}", "secret_file": "{SECRET}"'),
     r'3: apps\[0\]\.secret_file: must name a file'),
    ('secret_for_a_name', with_app(f'"appid": "{APP}", "{SECRET}": 1'), r'3: apps\[0\]\.…: unknown'),
    *((f'secret_file_{name}', with_app(f'"appid": "{APP}", "secret_file": "{name}.secret"'),
       r'3: apps\[0\]\.secret_file: .*' + reason)
      for name, reason in (('utf16', 'UTF-16'), ('curly', r'U\+201C.* at character 1:'))),
    ('secret_file_unnamed', with_app(f'"appid": "{APP}", "secret_file": ""'),
     r'3: apps\[0\]\.secret_file: '),
]

GOOD = [
    ('least', lines('{', APP_LINE, '}')),
    ('comments', lines('{ // the apps', APP_LINE + ' // one', '} // end')),
    ('secret_file', with_app(f'"appid": "{APP}", "secret_file": "good.secret"')),
    ('secret_file_with_newline', with_app(f'"appid": "{APP}", "secret_file": "good_newline.secret"')),
    ('secret_file_with_dos_newline', with_app(f'"appid": "{APP}", "secret_file": "good_dos.secret"')),
    ('secret_file_with_a_byte_order_mark',
     with_app(f'"appid": "{APP}", "secret_file": "good_marked.secret"')),
    ('byte_order_mark', '\ufeff' + lines('{', APP_LINE, '}')),
    *((f'http_url_of_{name}', with_section(f'"wechat": {{ "url": "http://{host}" }}'))
      for name, host in (('localhost', 'localhost'), ('address', '127.0.0.1:8080'),
                         ('other_address', '127.1.2.3/x'), ('ipv6', '[::1]:80'))),
    ('own_url', with_app(f'"appid": "{APP}", "secret": "{SECRET}", "url": "https://api.q.qq.com"')),
    ('all_keys', json.dumps({
        'apps': [{'appid': APP, 'secret': SECRET, 'expose_session_key': True}],
        'wechat': {'url': 'https://api.weixin.qq.com', 'ca_file': '', 'proxy': '', 'http': '1.1',
                   'max_connections': 512, 'connect_timeout_ms': 2000, 'timeout_ms': 4500},
        'limits': {'in_flight': 10000, 'body_bytes': 16384, 'drain_ms': 5000},
        'session': {'lifetime_s': 7200, 'max_age_s': 2592000, 'watermark_age_s': 300,
                    'keys_file': '', 'revocations': 'off'},
        'log': {'level': 'info', 'format': 'text'}})),
]


class Check(Case):
    """onlogin -t"""

    @classmethod
    def setUpClass(cls):
        cls.directory = new_directory()
        cls.file = cls.directory / 'onlogin.json'
        for name, text in (('good', SECRET), ('good_newline', SECRET + '\n'),
                           ('good_dos', SECRET + '\r\n'),
                           ('good_marked', '\ufeff' + SECRET + '\r\n'),
                           ('curly', f'\u201c{SECRET}\u201d'), ('open', SECRET), ('group', SECRET),
                           ('empty', ''), ('newline', '\n'), ('lines', SECRET + '\nsecond\n'),
                           ('large', SECRET * 100_000), ('binary', SECRET + '\0\1')):
            write_private(cls.directory / f'{name}.secret', text)
        (cls.directory / 'open.secret').chmod(0o644)
        write_private(cls.directory / 'utf16.secret', '')
        (cls.directory / 'utf16.secret').write_bytes(SECRET.encode('utf-16'))
        (cls.directory / 'group.secret').chmod(0o640)
        (cls.directory / 'directory.secret').mkdir(mode=0o700)
        os.mkfifo(cls.directory / 'fifo.secret', 0o600)

    def check(self, *arguments, **options):
        done = onlogin('-t', *arguments, **options)
        check_no_leak('the message', done.stdout + done.stderr)
        return done

    def assert_good(self, done):
        self.assertEqual((done.returncode, done.stderr), (0, ''), done)
        self.assertEqual(len(done.stdout.splitlines()), 1, done)

    def assert_bad(self, done, pattern):
        self.assertEqual((done.returncode, done.stdout), (1, ''), done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done)
        self.assertRegex(done.stderr, pattern)

    @each(*GOOD)
    def test_a_good_configuration_passes(self, text):
        write_private(self.file, text)
        self.assert_good(self.check('-c', self.file))

    @each(*MISTAKES)
    def test_a_mistake_is_named_with_file_line_and_key(self, text, reason):
        write_private(self.file, text)
        self.assert_bad(self.check('-c', self.file), rf'{self.file}:{reason}')

    @each(*((name, text) for name, text, _ in MISTAKES
            if name in ('unknown_key', 'comma_missing', 'secret_file_open', 'empty')))
    def test_a_start_fails_as_the_check_does(self, text):
        write_private(self.file, text)
        checked = self.check('-c', self.file)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(new_directory() / 'socket'))
            listener.listen()
            started = onlogin('-c', self.file, stdin=listener)
        self.assertEqual((started.returncode, started.stdout, started.stderr),
                         (1, '', checked.stderr))

    def test_a_missing_file_is_named(self):
        self.assert_bad(self.check('-c', '/nowhere/onlogin.json'), '/nowhere/onlogin.json')

    def test_a_directory_is_no_configuration(self):
        self.assert_bad(self.check('-c', self.directory), str(self.directory))

    @each(('others', 0o644), ('group', 0o640), ('execute', 0o601))
    def test_a_secret_in_a_file_that_others_may_read_is_refused(self, mode):
        write_private(self.file, lines('{', APP_LINE, '}'))
        self.file.chmod(mode)
        self.assert_bad(self.check('-c', self.file), rf'{self.file}:2: .*chmod 600 {self.file}')

    @each(('proxy', '"wechat": { "proxy": "http://user:PASSWORD@127.0.0.1:9" }'),
          ('redis', '"session": { "revocations": "redis://:PASSWORD@127.0.0.1" }'))
    def test_a_password_is_a_secret_too(self, section):
        password = keep_private('Gehe1mnisGehe1mnis')
        write_private(self.file, lines(
            '{', f'"apps": [{{ "appid": "{APP}", "secret_file": "good.secret" }}],',
            section.replace('PASSWORD', password), '}'))
        self.assert_good(self.check('-c', self.file))
        self.file.chmod(0o644)
        self.assert_bad(self.check('-c', self.file), rf'{self.file}:3: .*chmod 600 {self.file}')

    def test_without_a_secret_inside_others_may_read_it(self):
        write_private(self.file, with_app(f'"appid": "{APP}", "secret_file": "good.secret"'))
        self.file.chmod(0o644)
        self.assert_good(self.check('-c', self.file))
        self.file.chmod(0o600)

    def test_a_fake_wechat_is_named_in_the_same_line(self):
        for section, sign in (('{ "url": "https://localhost:8443" }', 'https://localhost:8443'),
                              (f'{{ "ca_file": "{wechat().ca}" }}', 'onlogin-fake-wechat')):
            write_private(self.file, with_section(f'"wechat": {section}'))
            done = self.check('-c', self.file)
            self.assert_good(done)
            self.assertRegex(done.stdout, f'is fine: .*but real users cannot log in: .*{sign}')

    def test_paths_are_relative_to_the_configuration(self):
        write_private(self.file, with_app(f'"appid": "{APP}", "secret_file": "good.secret"'))
        self.assert_good(self.check('-c', 'onlogin.json', cwd=self.directory))
        self.assert_good(self.check('-c', f'{self.directory.name}/onlogin.json',
                                    cwd=self.directory.parent))
        self.assert_good(self.check('-c', self.file, cwd='/'))

    def test_the_environment_names_the_configuration(self):
        write_private(self.file, lines('{', APP_LINE, '}'))
        self.assert_good(self.check(environment={'ONLOGIN_CONFIG': str(self.file)}))
        self.assert_bad(self.check(environment={'ONLOGIN_CONFIG': '/nowhere/x.json'}),
                        '/nowhere/x.json')

    def test_the_option_overrules_the_environment(self):
        write_private(self.file, lines('{', APP_LINE, '}'))
        self.assert_good(self.check('-c', self.file,
                                    environment={'ONLOGIN_CONFIG': '/nowhere/x.json'}))

    def test_credentials_come_first(self):
        write_private(self.file, with_app(f'"appid": "{APP}", "secret_file": "missing.secret"'))
        credentials = new_directory()
        environment = {'CREDENTIALS_DIRECTORY': str(credentials)}
        self.assert_bad(self.check('-c', self.file, environment=environment), 'missing.secret')
        write_private(credentials / 'missing.secret', SECRET)
        self.assert_good(self.check('-c', self.file, environment=environment))

    def test_credentials_overrule_what_lies_beside_the_configuration(self):
        write_private(self.file, with_app(f'"appid": "{APP}", "secret_file": "good.secret"'))
        credentials = new_directory()
        write_private(credentials / 'good.secret', '')
        self.assert_bad(self.check('-c', self.file,
                                   environment={'CREDENTIALS_DIRECTORY': str(credentials)}),
                        'apps')

    def test_systemds_credentials_are_private_enough(self):
        # systemd's ACL for the service shows as bits of the group.
        write_private(self.file, with_app(f'"appid": "{APP}", "secret_file": "missing.secret"'))
        credentials = new_directory()
        write_private(credentials / 'missing.secret', SECRET)
        (credentials / 'missing.secret').chmod(0o440)
        environment = {'CREDENTIALS_DIRECTORY': str(credentials)}
        self.assert_good(self.check('-c', self.file, environment=environment))
        (credentials / 'missing.secret').chmod(0o444)
        self.assert_bad(self.check('-c', self.file, environment=environment), 'chmod')

    def test_a_broken_credential_is_not_ignored(self):
        write_private(self.file, with_app(f'"appid": "{APP}", "secret_file": "good.secret"'))
        credentials = new_directory()
        (credentials / 'good.secret').mkdir()
        self.assert_bad(self.check('-c', self.file,
                                   environment={'CREDENTIALS_DIRECTORY': str(credentials)}),
                        'good.secret')

    @each(('secret', with_app(f'"appid": "{APP}", "secret": "SECRET oops"')),
          ('key', with_app(f'"appid": "{APP}", "secret": "SECRET", "secrett": 1')),
          ('syntax', with_app(f'"appid": "{APP}", "secret": "SECRET" oops')),
          ('unclosed', with_app(f'"appid": "{APP}", "secret": "SECRET')),
          ('bare', with_app(f'"appid": "{APP}", "secret": SECRET')),
          ('escape', with_app(f'"appid": "{APP}", "secret": "\\qSECRET"')),
          ('twice', with_app('"appid": "a", "secret": "SECRET", "secret": "SECRET"')))
    def test_no_message_quotes_a_secret(self, text):
        secret = keep_private('Geheimnis0123456789')
        write_private(self.file, text.replace('SECRET', secret))
        done = onlogin('-t', '-c', self.file)
        self.assertEqual(done.returncode, 1)
        check_no_leak('the message', done.stderr)


class CommandLine(Case):
    def assert_usage_error(self, done):
        self.assertEqual((done.returncode, done.stdout), (2, ''), done)
        self.assertRegex(done.stderr, r'(?m)^usage: onlogin')

    @each(('letter', '-V'), ('long', '--version'), ('word', 'version'))
    def test_version(self, name):
        done = onlogin(name)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        first, *libraries = done.stdout.splitlines()
        self.assertRegex(first, r'^onlogin \d+\.\d+\.\d+ \([\w.+~-]+\)$')
        for library in ('libuv', 'libcurl', 'OpenSSL', 'nghttp2', 'jsoncpp'):
            self.assertEqual(len([line for line in libraries
                                  if re.fullmatch(library + r' \d+\.\d+\.\d+\S*', line)]), 1, libraries)

    @each(('letter', '-h'), ('long', '--help'), ('word', 'help'))
    def test_help(self, name):
        done = onlogin(name)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertRegex(done.stdout, r'^usage: onlogin')
        for word in ('-c', '-t', '-V', '--version', '-h', '--help', 'ONLOGIN_CONFIG', 'SIGHUP',
                     'SIGTERM'):
            self.assertIn(word, done.stdout)

    @each(('null', subprocess.DEVNULL), ('pipe', subprocess.PIPE))
    def test_without_a_socket_and_a_request_there_is_nothing_to_serve(self, stdin):
        self.assert_usage_error(onlogin(stdin=stdin))

    def test_with_a_closed_standard_input_too(self):
        self.assert_usage_error(onlogin(stdin=None, preexec_fn=lambda: os.close(0)))

    def test_a_socket_that_does_not_listen_is_none(self):
        ours, its = socket.socketpair()
        with ours, its:
            self.assert_usage_error(onlogin(stdin=its))
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(new_directory() / 'socket'))
            self.assert_usage_error(onlogin(stdin=bound))

    @each(('short', ['-x']), ('long', ['--none']), ('word', ['server']),
          ('no_file', ['-c']), ('word_behind', ['-t', 'x']), ('dash', ['-']),
          ('json_alone', ['--json']), ('two_commands', ['-t', 'doctor']))
    def test_wrong_usage(self, arguments):
        self.assert_usage_error(onlogin(*arguments))

    def test_a_failed_start_leaves_the_socket_alone(self):
        with socket.socket(socket.AF_UNIX) as listener:
            path = new_directory() / 'socket'
            listener.bind(str(path))
            listener.listen()
            self.assertEqual(onlogin('-c', '/nowhere/x.json', stdin=listener).returncode, 1)
            listener.settimeout(5)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                listener.accept()[0].close()
