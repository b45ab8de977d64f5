"""What tests of sessions do: a worker with session keys, and users of it."""

import socket
import time

import fcgi
import paseto
from harness import (APP, OTHER_APP, Case, configuration, keep_private, new_directory,
                     write_private)
from test_session_keys import new_key

LIFETIME, MAX_AGE = 7200, 2592000

OPENID = 'oGZUI0egBJY1zhBYw2KhdUfwVJJE'


def bearer(token):
    return {'HTTP_AUTHORIZATION': 'Bearer ' + token}


def claims(**changes):
    """Of a session of OPENID that began now. Times are in seconds from now; None: without it."""
    now = time.time()
    result = {'iss': 'onlogin', 'sub': OPENID, 'aud': APP, 'iat': 0, 'exp': LIFETIME,
              'auth_time': 0, 'jti': 'j' + str(time.time_ns())}
    result.update(changes)
    for name in ('iat', 'exp', 'nbf', 'auth_time'):
        if isinstance(result.get(name), (int, float)):
            result[name] = paseto.time(now + result[name])
    return {name: value for name, value in result.items() if value is not None}


def auth(worker, token, method='GET', **more):
    return worker.ask(fcgi.get(ONLOGIN_ACTION='auth', REQUEST_METHOD=method, **bearer(token),
                               **more))


def logout(worker, token):
    return worker.ask(fcgi.post(b'', SCRIPT_NAME='/onLogin/logout', **bearer(token)))


class SessionCase(Case):
    """`home` has the keys, `key` the first of them."""

    @classmethod
    def new_home(cls):
        cls.home, cls.key = new_directory(), new_key()
        write_private(cls.home / 'session.keys', cls.key + '\n')

    @staticmethod
    def with_sessions(apps=(APP, OTHER_APP), fake=None, wechat=None, **session):
        session.setdefault('keys_file', 'session.keys')
        session.setdefault('revocations', 'sqlite:revocations.db')
        return configuration(list(apps), fake, wechat=wechat or {}, session=session)

    def second_worker(self, **session):
        """Another one with the same keys and the same store."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.home / 'second.sock'))
        listener.listen(64)
        self.addCleanup((self.home / 'second.sock').unlink)
        self.addCleanup(listener.close)
        return self.own_worker(self.with_sessions(**session), directory=self.home,
                               listener=listener)

    def user(self, worker, code=None, app=APP):
        """The token of a new login."""
        answer = worker.login(code, ONLOGIN_APPID=app)
        self.assert_logged_in(answer)
        return keep_private(answer.json['data']['token'])

    def forged(self, **changes):
        """A token of the right key."""
        return keep_private(paseto.seal(self.key, claims(**changes)))

    def assert_is_user(self, answer, openid=None, app=APP, unionid=''):
        """204, and these headers alone but for a fresh token, which is returned."""
        self.assertEqual((answer.status, answer.body), (204, b''), answer)
        fresh = answer.headers.pop('onlogin-token', None)
        openid = openid or answer.headers['x-wx-openid']
        self.assertEqual(answer.headers, {
            'status': '204 No Content', 'cache-control': 'no-store', 'x-wx-openid': openid,
            'x-wx-appid': app, 'x-wx-unionid': unionid, 'x-wx-source': 'wx_client'})
        return fresh and keep_private(fresh)

    def assert_no_session(self, answer):
        self.assert_refused(answer, 401, 401, 'login')
        self.assertEqual([name for name in answer.headers if 'wx' in name or 'token' in name], [])

    def assert_unknown(self, answer):
        """The store cannot be asked."""
        self.assert_refused(answer, 503, 503, 'later')
        self.assertEqual([name for name in answer.headers if 'wx' in name or 'token' in name], [])
