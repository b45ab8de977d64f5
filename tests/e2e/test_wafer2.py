"""Tencent's wafer2-client-sdk, unmodified, as npm has it: it logs in, and asks a guarded backend.

https://github.com/tencentyun/wafer2-client-sdk
"""

import base64
import json
import pathlib
import secrets
import subprocess

from backends import ECHO, guarded_example, over_http, with_sessions
from harness import Case, Process, keep_private, magic, new_directory, wechat
from node import node_modules

HERE = pathlib.Path(__file__).parent / 'wafer2'

# Where the SDK keeps what the login gave it.
SESSION = 'weapp_session_F2C224D4-2BCE-4C64-AF9F-A6D872000D1A'


class MiniProgram:
    def __init__(self, sdk, nginx):
        self.errors = new_directory() / 'errors'
        with self.errors.open('wb') as errors:
            self.process = Process(['node', HERE / 'mini-program.js', sdk, nginx.certificate,
                                    f'https://localhost:{nginx.port}'],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

    def call(self, call, codes=(), user=None, **options):
        """What comes of a call of the SDK. It is given `codes`, one for each wx.login."""
        line = json.dumps({'call': call, 'codes': list(codes), 'user': user, 'options': options})
        self.process.popen.stdin.write(line.encode() + b'\n')
        self.process.popen.stdin.flush()
        answer = self.process.popen.stdout.readline()
        if not answer:
            raise AssertionError(self.errors.read_text())
        return json.loads(answer)

    def finish(self):
        self.process.popen.stdin.close()
        self.process.popen.stdout.close()
        self.process.end()


class Wafer2(Case):
    @classmethod
    def setUpClass(cls):
        cls.sdk = node_modules(HERE) / 'wafer2-client-sdk'
        cls.worker = cls.start_worker(with_sessions())
        cls.echo = over_http(ECHO)
        cls.addClassCleanup(cls.echo.finish)
        cls.nginx = cls.start_nginx(cls.worker.socket, edits=guarded_example(cls.echo.port))

    def setUp(self):
        self.mini = MiniProgram(self.sdk, self.nginx)
        self.addCleanup(self.mini.finish)

    def assert_succeeded(self, result, codes, *requests):
        """It has used so many codes, and sent these requests: (path, status)."""
        self.assertIn('success', result, result)
        self.assertEqual(result['given'], codes, result)
        self.assertEqual([(one['path'], one['status']) for one in result['requests']],
                         list(requests))
        keep_private(result['storage'][SESSION]['skey'])
        return result['success']

    def assert_told(self, response, openid):
        """The backend was told who it is."""
        self.assertEqual(response['statusCode'], 200)
        self.assertIn(['X-WX-OPENID', openid], response['data']['told'])
        self.assertNotIn('X-WX-SKEY', [name.upper() for name, _ in response['data']['told']])

    def test_login_with_the_user_s_data(self):
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        openid = 'o' + secrets.token_hex(13)
        data = {'openId': openid, 'nickName': '小明', 'gender': 0, 'language': 'zh_CN'}
        result = self.mini.call('login', [wechat().code(session_key=key, openid=openid)],
                                {'key': key, 'data': data})
        info = self.assert_succeeded(result, 1, ('/onLogin', 200))
        self.assertEqual(info['nickName'], '小明')
        self.assertEqual(set(result['requests'][0]['header']),
                         {'X-WX-Code', 'X-WX-Encrypted-Data', 'X-WX-IV'})
        session = result['storage'][SESSION]
        self.assertTrue(session['openid'])
        self.assertNotIn('session_key', session)
        result = self.mini.call('request', path='/api/hello')
        self.assert_told(self.assert_succeeded(result, 0, ('/api/hello', 200)), session['openid'])
        self.assertEqual(result['requests'][0]['header'], ['X-WX-Skey'])

    def test_login_with_the_code_alone(self):
        for method in ('GET', 'POST'):
            result = self.mini.call('loginWithCode', [magic()], method=method)
            self.assertIsInstance(self.assert_succeeded(result, 1, ('/onLogin', 200)), dict)

    def test_a_request_that_logs_in_first(self):
        result = self.mini.call('request', [magic()], login=True, path='/api/', method='POST',
                                data={'a': 1})
        response = self.assert_succeeded(result, 1, ('/onLogin', 200), ('/api/', 200))
        self.assert_told(response, result['storage'][SESSION]['openid'])
        self.assertEqual(response['data']['length'], len('{"a":1}'))

    def test_a_request_without_a_session_logs_in(self):
        result = self.mini.call('request', [magic()], path='/api/')
        self.assert_told(
            self.assert_succeeded(result, 1, ('/api/', 401), ('/onLogin', 200), ('/api/', 200)),
            result['storage'][SESSION]['openid'])

    def test_a_session_that_was_ended_is_replaced(self):
        first = self.mini.call('loginWithCode', [magic()])['storage'][SESSION]
        keep_private(first['skey'])
        self.assertEqual(self.nginx.ask('POST', '/onLogin/logout',
                                        headers={'X-WX-Skey': first['skey']}).status, 200)
        result = self.mini.call('request', [magic()], path='/api/')
        self.assert_told(
            self.assert_succeeded(result, 1, ('/api/', 401), ('/onLogin', 200), ('/api/', 200)),
            result['storage'][SESSION]['openid'])
        self.assertNotEqual(result['storage'][SESSION]['skey'], first['skey'])

    def test_a_code_that_is_refused_fails(self):
        result = self.mini.call('request', [magic('errcode-40029')], path='/api/')
        self.assertIn('fail', result)
        self.assertEqual([one['status'] for one in result['requests']], [401, 401])
        self.assertEqual(result['storage'], {})
        result = self.mini.call('login', [magic('errcode-40029')], {
            'key': base64.b64encode(bytes(16)).decode(), 'data': {}})
        self.assertIn('40029', result['fail'])
