"""Sessions: what a login gives, who counts as logged in, and for how long."""

import signal
import time
import urllib.parse

import fcgi
import paseto
from harness import (APP, OTHER_APP, a_while, configuration, each, keep_private, magic,
                     until, wechat, write_private)
from session_users import LIFETIME, MAX_AGE, OPENID, SessionCase, auth, bearer, claims, logout
from test_session_keys import new_key


def flipped(token, at):
    return token[:at] + ('A' if token[at] != 'A' else 'B') + token[at + 1:]


class Tokens(SessionCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions(), directory=cls.home)

    def test_a_login_begins_a_session_that_any_paseto_library_can_read(self):
        session_key = 'tiihtNczf5v6AKRyjwEUhQ=='
        code = wechat().code(openid=OPENID, unionid=1, session_key=session_key)
        answer = self.worker.login(code, ONLOGIN_APPID=APP)
        self.assert_logged_in(answer, openid=OPENID, expires_in=LIFETIME)
        self.assertEqual(set(answer.json['data']), {'openid', 'unionid', 'expires_in', 'token'})
        token = keep_private(answer.json['data']['token'])
        said, footer = paseto.unseal(self.key, token)
        self.assertRegex(footer.pop('kid'), r'^k3\.lid\.')
        self.assertEqual(footer, {})
        times = [paseto.seconds(said.pop(name)) for name in ('iat', 'auth_time', 'exp')]
        self.assertEqual([t - times[0] for t in times], [0, 0, LIFETIME])
        self.assertLess(abs(times[0] - time.time()), 60)
        self.assertGreater(len(said.pop('jti')), 15)
        self.assertEqual(said, {'iss': 'onlogin', 'sub': OPENID, 'aud': APP,
                                'unionid': answer.json['data']['unionid'],
                                'session_key': session_key})
        self.assert_is_user(auth(self.worker, token), OPENID, APP,
                            answer.json['data']['unionid'])

    def test_two_logins_are_two_sessions(self):
        code = wechat().code(delay_ms=200)
        one, other = (paseto.unseal(self.key, self.user(self.worker, c))[0]['jti']
                      for c in (code, magic()))
        self.assertNotEqual(one, other)

    def test_what_no_token_may_hold_is_an_unusable_answer(self):
        for openid in ('o p', 'ö', 'o' * 129):
            answer = self.worker.login(wechat().code(openid=openid), ONLOGIN_APPID=APP)
            self.assert_refused(answer, 502, 502, 'login')
        self.assert_is_user(auth(self.worker, self.user(self.worker)))

    @each(('bearer', 'Authorization', 'Bearer {}'), ('lower_case', 'Authorization', 'bearer {}'),
          ('capitals', 'Authorization', 'BEARER  {}'), ('skey', 'X-WX-Skey', '{}'))
    def test_it_counts_in_both_headers(self, header, value):
        token = self.user(self.worker)
        variables = {'HTTP_' + header.upper().replace('-', '_'): value.format(token)}
        self.assertIsNone(self.assert_is_user(
            self.worker.ask(fcgi.get(ONLOGIN_ACTION='auth', **variables))))

    def test_the_same_token_in_both_headers_counts(self):
        token = self.user(self.worker)
        self.assert_is_user(auth(self.worker, token, HTTP_X_WX_SKEY=token))

    def test_what_the_client_says_of_itself_does_not_count(self):
        spoofed = {'HTTP_X_WX_OPENID': 'oSpoofed', 'HTTP_X_WX_APPID': OTHER_APP,
                   'HTTP_X_WX_UNIONID': 'oSpoofed', 'HTTP_X_WX_SOURCE': 'wx_devtools',
                   'HTTP_ONLOGIN_ACTION': 'auth', 'HTTP_ONLOGIN_APPID': OTHER_APP,
                   'HTTP_ONLOGIN_TOKEN': 'v3.local.x'}
        token = self.user(self.worker, magic('openid-' + OPENID))
        self.assert_is_user(auth(self.worker, token, **spoofed), OPENID)
        self.assert_no_session(auth(self.worker, '', **spoofed))

    @each(*((word, word) for word in ('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'x')))
    def test_auth_takes_any_method(self, method):
        token = self.user(self.worker)
        self.assert_is_user(auth(self.worker, token, method))
        self.assert_no_session(auth(self.worker, token[:-1], method))

    def test_no_path_leads_to_auth(self):
        token = self.user(self.worker)
        for path in ('/auth', '/onLogin/auth'):
            answer = self.worker.ask(fcgi.get(path=path, **bearer(token)))
            self.assert_refused(answer, 400, 400, 'never')  # a login without a code

    @each(*((word, word) for word in ('GET', 'PUT')))
    def test_logout_is_a_post(self, method):
        token = self.user(self.worker)
        answer = self.worker.ask(fcgi.get(path='/onLogin/logout', REQUEST_METHOD=method,
                                          **bearer(token)))
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'POST')
        self.assert_is_user(auth(self.worker, token))

    # --- What does not count ---

    def refused_everywhere(self, variables):
        """As a list of pairs, in which names may come twice."""
        common = [('REQUEST_METHOD', 'POST'), ('CONTENT_LENGTH', ''), ('QUERY_STRING', '')]
        for action in ('auth', 'logout'):
            self.assert_no_session(self.worker.ask(
                [*common, ('ONLOGIN_ACTION', action), *variables]))

    # Each makes something of a good token.
    @each(('none', lambda t: ''), ('blank', lambda t: ' '), ('garbage', lambda t: 'garbage'),
          ('dots', lambda t: 'v3.local.'), ('more_dots', lambda t: t + '.x.y'),
          ('zero', lambda t: 'v3.local.' + 'A' * 200), ('cut', lambda t: t[:-1]),
          ('half', lambda t: t[:len(t) // 2]), ('longer', lambda t: t + 'A'),
          ('no_footer', lambda t: t.rpartition('.')[0]),
          ('other_footer', lambda t: t.rpartition('.')[0] + '.e30'),
          ('padded', lambda t: t + '='), ('quoted', lambda t: f'"{t}"'),
          ('twice', lambda t: f'{t}, {t}'), ('twice_with_a_scheme', lambda t: f'{t}, Bearer {t}'),
          ('blank_behind', lambda t: t + ' '), ('tab_before', lambda t: '\t' + t),
          ('newline', lambda t: t + '\n'), ('crlf', lambda t: t + '\r\nX-WX-OPENID: o'),
          ('nul', lambda t: t + '\0'), ('capitals', str.upper), ('long', lambda t: 'A' * 10_000),
          ('long_token', lambda t: 'v3.local.' + 'A' * 10_000),
          ('very_long', lambda t: 'A' * 60_000),
          ('v4', lambda t: t.replace('v3.', 'v4.')), ('v2', lambda t: t.replace('v3.', 'v2.')),
          ('public', lambda t: t.replace('.local.', '.public.')),
          ('jwt', lambda t: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJvIn0.'),
          ('flipped_nonce', lambda t: flipped(t, 12)), ('flipped_text', lambda t: flipped(t, 80)),
          ('flipped_tag', lambda t: flipped(t, t.rindex('.') - 5)),
          ('flipped_footer', lambda t: flipped(t, len(t) - 5)))
    def test_a_spoilt_token_is_none(self, spoil):
        token = self.user(self.worker)
        text = spoil(token)
        self.refused_everywhere([('HTTP_AUTHORIZATION', 'Bearer ' + text)])
        self.refused_everywhere([('HTTP_X_WX_SKEY', text)])
        self.assert_is_user(auth(self.worker, token))

    @each(('two_authorizations', lambda t: [('HTTP_AUTHORIZATION', t)] * 2),
          ('an_empty_one_first', lambda t: [('HTTP_AUTHORIZATION', ''), ('HTTP_AUTHORIZATION', t)]),
          ('another_behind', lambda t: [('HTTP_AUTHORIZATION', t), ('HTTP_AUTHORIZATION', 'x')]),
          ('two_skeys', lambda t: [('HTTP_X_WX_SKEY', t[7:])] * 2),
          ('different_ones', lambda t: [('HTTP_AUTHORIZATION', t), ('HTTP_X_WX_SKEY', 'x')]),
          ('a_skey_beside_two', lambda t: [('HTTP_X_WX_SKEY', t[7:]), ('HTTP_AUTHORIZATION', 'x'),
                                           ('HTTP_AUTHORIZATION', 'y')]),
          ('no_scheme', lambda t: [('HTTP_AUTHORIZATION', t[7:])]),
          ('basic', lambda t: [('HTTP_AUTHORIZATION', 'Basic ' + t[7:])]),
          ('a_scheme_in_the_skey', lambda t: [('HTTP_X_WX_SKEY', t)]),
          ('a_parameter', lambda t: [('QUERY_STRING', 'token=' + t[7:])]),
          ('a_cookie', lambda t: [('HTTP_COOKIE', 'token=' + t[7:])]),
          ('in_lower_case', lambda t: [('http_authorization', t)]))
    def test_it_must_be_clear_which_token_is_meant(self, variables):
        token = self.user(self.worker)
        self.refused_everywhere(variables('Bearer ' + token))
        self.assert_is_user(auth(self.worker, token))

    # Sealed with the right key.
    @each(('expired', {'iat': -20, 'exp': -0.01}), ('long_expired', {'iat': -9e6, 'exp': -8e6}),
          ('issued_later', {'iat': 75}), ('begins_later', {'nbf': 75}),
          ('logged_in_later', {'auth_time': 75}),
          ('other_issuer', {'iss': 'offlogin'}), ('no_issuer', {'iss': None}),
          ('unknown_app', {'aud': 'wx3333333333333333'}), ('no_app', {'aud': None}),
          ('many_apps', {'aud': [APP, OTHER_APP]}), ('empty_app', {'aud': ''}),
          ('nobody', {'sub': None}), ('an_empty_user', {'sub': ''}), ('a_number', {'sub': 1}),
          ('lines', {'sub': 'o\r\nX-WX-OPENID: p'}), ('no_ascii', {'sub': 'ö'}),
          ('long', {'sub': 'o' * 129}), ('odd_unionid', {'unionid': 'a\nb'}),
          ('no_iat', {'iat': None}), ('no_exp', {'exp': None}), ('exp_in_words', {'exp': 'never'}),
          ('exp_as_a_number', {'exp': [9999999999]}))
    def test_a_token_with_something_wrong_in_it_is_none(self, changes):
        self.refused_everywhere([('HTTP_X_WX_SKEY', self.forged(**changes))])

    @each(('text', b'hello'), ('list', b'[]'), ('empty', b''), ('null', b'null'),
          ('twice', b'{"iss":"onlogin","iss":"onlogin"}'), ('no_utf8', b'{"iss":"\xff"}'))
    def test_a_token_that_holds_anything_else_is_none(self, text):
        self.refused_everywhere([('HTTP_X_WX_SKEY', paseto.seal(self.key, text))])

    @each(('other_key', lambda key: paseto.seal(new_key(), claims())),
          ('v4', lambda key: paseto.seal(key, claims(), header=b'v4.local.')),
          ('public', lambda key: paseto.seal(key, claims(), header=b'v3.public.')))
    def test_a_token_of_another_key_or_kind_is_none(self, make):
        self.refused_everywhere([('HTTP_X_WX_SKEY', make(self.key))])

    @each(('at_once', {}), ('clocks_differ', {'iat': 40, 'nbf': 40, 'auth_time': 40}),
          ('of_another_issuer', {'jti': None, 'auth_time': None}),
          ('more_claims', {'role': 'admin', 'exp': 60}))
    def test_a_token_that_another_program_has_sealed_counts(self, changes):
        token = self.forged(**changes)
        self.assert_is_user(auth(self.worker, token), OPENID)
        self.assertEqual(logout(self.worker, token).status, 200)
        self.assert_no_session(auth(self.worker, token))

    def test_the_app_is_the_one_that_the_server_chose(self):
        token = self.user(self.worker, app=OTHER_APP)
        self.assert_is_user(auth(self.worker, token), app=OTHER_APP)
        self.assert_is_user(auth(self.worker, token, ONLOGIN_APPID=OTHER_APP), app=OTHER_APP)
        for other in (APP, 'wx3333333333333333', OTHER_APP[:-1]):
            self.assert_no_session(auth(self.worker, token, ONLOGIN_APPID=other))

    # --- Renewal ---

    def test_past_half_of_its_life_a_token_is_renewed(self):
        half = LIFETIME / 2
        for age, due in ((0, False), (half - 60, False), (half + 1, True), (LIFETIME - 60, True)):
            token = self.forged(iat=-age, auth_time=-age - 500, exp=LIFETIME - age, unionid='oU',
                                session_key='AAAA')
            fresh = self.assert_is_user(auth(self.worker, token), OPENID, APP, 'oU')
            self.assertEqual(bool(fresh), due, age)
            if due:
                old, new = (paseto.unseal(self.key, t)[0] for t in (token, fresh))
                life = paseto.seconds(new['exp']) - paseto.seconds(new['iat'])
                self.assertEqual(life, LIFETIME)
                for name in ('iat', 'exp'):
                    self.assertGreater(new.pop(name), old.pop(name))
                self.assertEqual(new, old)
                self.assertIsNone(self.assert_is_user(auth(self.worker, fresh), OPENID, APP, 'oU'))
                self.assert_is_user(auth(self.worker, token), OPENID, APP, 'oU')

    def test_renewals_end_with_the_session(self):
        token = self.forged(iat=-6000, auth_time=3000 - MAX_AGE, exp=1200)
        fresh = self.assert_is_user(auth(self.worker, token), OPENID)
        new = paseto.unseal(self.key, fresh)[0]
        last = paseto.seconds(new['auth_time']) + MAX_AGE
        self.assertEqual(paseto.seconds(new['exp']), last)
        for left in (1200, 100):
            token = self.forged(iat=-6000, auth_time=left - MAX_AGE, exp=1200)
            self.assertIsNone(self.assert_is_user(auth(self.worker, token), OPENID))

    # --- Logout ---

    def test_logout_ends_the_session_and_no_other(self):
        token, other = (self.user(self.worker, magic('openid-' + OPENID)) for _ in range(2))
        answer = logout(self.worker, token)
        self.assertEqual(answer.status, 200, answer)
        self.check_form(answer)
        self.assertEqual(answer.json, {'code': 0, 'message': 'ok', 'data': {}})
        self.assert_no_session(auth(self.worker, token))
        self.assert_no_session(logout(self.worker, token))
        self.assert_is_user(auth(self.worker, other), OPENID)

    def test_logout_ends_it_on_every_worker(self):
        second = self.second_worker()
        token = self.user(self.worker)
        self.assert_is_user(auth(second, token))
        self.assertEqual(logout(self.worker, token).status, 200)
        self.assert_no_session(auth(second, token))

    @each(('with_the_old_one', 0), ('with_the_fresh_one', 1))
    def test_logout_ends_what_was_renewed(self, which):
        old = self.forged(iat=-6000, auth_time=-6000, exp=1200)
        fresh = self.assert_is_user(auth(self.worker, old), OPENID)
        self.assertEqual(logout(self.worker, (old, fresh)[which]).status, 200)
        for token in (old, fresh):
            self.assert_no_session(auth(self.worker, token))

    def test_logout_by_the_form_of_a_client(self):
        token = self.user(self.worker)
        answer = self.worker.post('{}', 'application/json', SCRIPT_NAME='/onLogin/logout',
                                  HTTP_X_WX_SKEY=token)
        self.assertEqual(answer.status, 200, answer)
        self.assert_no_session(auth(self.worker, token))


class Prefetched(SessionCase):
    """WeChat asks before the mini program has loaded, by what wx.setBackgroundFetchToken was given."""

    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(cls.with_sessions([APP, OTHER_APP]), directory=cls.home)

    def prefetch(self, token, method='GET', worker=None, app=APP, **more):
        query = {'appid': app, 'token': token, 'timestamp': 1795692722123, 'path': 'pages/index',
                 'query': 'code=1&token=2', 'scene': 1001}
        return (worker or self.worker).ask({**fcgi.get(urllib.parse.urlencode(query)),
                                            'REQUEST_METHOD': method, **more})

    def test_the_session_of_the_token_is_confirmed(self):
        user = self.worker.login(wechat().code(openid=OPENID, unionid=1), ONLOGIN_APPID=APP)
        token = keep_private(user.json['data']['token'])
        answer = self.prefetch(token)
        self.assertEqual(answer.status, 200, answer)
        data = answer.json['data']
        self.assertEqual({**data, 'expires_in': 0}, {**user.json['data'], 'expires_in': 0})
        self.assertTrue(LIFETIME - 60 < data['expires_in'] <= LIFETIME)

    def test_it_is_renewed_when_it_is_time(self):
        token = self.forged(iat=-6000, exp=1200)
        data = self.prefetch(token).json['data']
        self.assertNotEqual(keep_private(data['token']), token)
        self.assertEqual(data['expires_in'], LIFETIME)
        self.assert_is_user(auth(self.worker, data['token']))

    def test_a_token_of_nobody_and_one_of_another_mini_program_are_401(self):
        token = self.user(self.worker)
        for answer in (self.prefetch('nonsense'), self.prefetch(''),
                       self.prefetch(token, app=OTHER_APP),
                       self.prefetch(token, ONLOGIN_APPID=OTHER_APP)):
            self.assert_refused(answer, 401, 401, 'login')

    def test_one_that_has_ended_is_401(self):
        token = self.user(self.worker)
        self.assertEqual(logout(self.worker, token).status, 200)
        self.assert_refused(self.prefetch(token), 401, 401, 'login')

    def test_where_there_are_no_sessions_there_is_none_to_confirm(self):
        answer = self.prefetch('a', worker=self.own_worker())
        self.assert_refused(answer, 401, 401, 'login')

    def test_a_code_goes_before_the_token(self):
        token = self.user(self.worker)
        for more in ({'QUERY_STRING': f'appid={APP}&token={token}&code={magic()}'},
                     {'HTTP_X_WX_CODE': magic()}):
            answer = self.prefetch(token, **more)
            self.assertEqual(answer.status, 200, answer)
            self.assertNotEqual(keep_private(answer.json['data']['token']), token)

    def test_a_login_by_post_takes_a_code(self):
        answer = self.prefetch(self.user(self.worker), method='POST')
        self.assert_refused(answer, 400, 400, 'never')


class ShortSessions(SessionCase):
    def setUp(self):
        self.new_home()

    def test_a_session_ends_by_itself(self):
        worker = self.own_worker(self.with_sessions(lifetime_s=2, max_age_s=3),
                                 directory=self.home)
        began = time.monotonic()
        answer = worker.login(ONLOGIN_APPID=APP)
        self.assert_logged_in(answer, expires_in=2)
        tokens = [keep_private(answer.json['data']['token'])]
        while (answer := auth(worker, tokens[-1])).status == 204:
            if fresh := self.assert_is_user(answer):
                tokens.append(fresh)
            self.assertLess(time.monotonic() - began, 30)
            time.sleep(0.1)
        self.assertGreater(time.monotonic() - began, 1.9)
        ends = [paseto.seconds(paseto.unseal(self.key, token)[0]['exp']) for token in tokens]
        said = paseto.unseal(self.key, tokens[0])[0]
        self.assertLessEqual(max(ends), paseto.seconds(said['auth_time']) + 3)
        for token in tokens:
            self.assert_no_session(auth(worker, token))

    def test_a_life_is_no_longer_than_its_session(self):
        worker = self.own_worker(self.with_sessions(lifetime_s=7200, max_age_s=100),
                                 directory=self.home)
        self.assert_logged_in(worker.login(ONLOGIN_APPID=APP), expires_in=100)


class Reloads(SessionCase):
    def setUp(self):
        self.new_home()
        self.worker = self.own_worker(self.with_sessions(), directory=self.home)

    def keys(self, *keys):
        write_private(self.home / 'session.keys', '\n'.join(keys) + '\n')
        return self.worker.reload()

    def test_keys_change_without_logging_anyone_out(self):
        tokens = [self.user(self.worker)]
        second = new_key()
        for keys, sealing in (((self.key, second), self.key), ((second, self.key), second)):
            self.assertIn('outcome=ok', self.keys(*keys))
            tokens.append(self.user(self.worker))
            paseto.unseal(sealing, tokens[-1])
            for token in tokens:
                self.assert_is_user(auth(self.worker, token))
        old = self.forged(iat=-6000, exp=1200)
        paseto.unseal(second, self.assert_is_user(auth(self.worker, old), OPENID))
        self.assertIn('outcome=ok', self.keys(second))
        for token in tokens[:2]:
            self.assert_no_session(auth(self.worker, token))
        self.assert_is_user(auth(self.worker, tokens[2]))

    def test_bad_keys_change_nothing(self):
        token = self.user(self.worker)
        for keys in ((), ('nonsense',), (self.key, self.key)):
            self.assertIn(' error ', self.keys(*keys))
            self.assert_is_user(auth(self.worker, token))
            paseto.unseal(self.key, self.user(self.worker))

    def test_an_app_that_is_gone_has_no_sessions(self):
        token, other = self.user(self.worker), self.user(self.worker, app=OTHER_APP)
        self.worker.configure(self.with_sessions([APP]))
        self.worker.reload()
        self.assert_no_session(auth(self.worker, other))
        self.assert_is_user(auth(self.worker, token))

    def test_sessions_go_off_and_on(self):
        token = self.user(self.worker)
        logged_out = self.user(self.worker)
        self.assertEqual(logout(self.worker, logged_out).status, 200)
        self.worker.configure(self.with_sessions(keys_file=''))
        self.assertIn('outcome=ok', self.worker.reload())
        self.assert_no_session(auth(self.worker, token))
        self.worker.configure(self.with_sessions())
        self.assertIn('outcome=ok', self.worker.reload())
        self.assert_is_user(auth(self.worker, token))
        self.assert_no_session(auth(self.worker, logged_out))

    def test_another_store_takes_a_restart(self):
        token = self.user(self.worker)
        self.worker.configure(self.with_sessions(revocations='sqlite:other.db', lifetime_s=100))
        line = self.worker.reload()
        self.assertIn(' error ', line)
        self.assertIn('restart', line)
        self.assert_is_user(auth(self.worker, token))
        self.assert_logged_in(self.worker.login(ONLOGIN_APPID=APP), expires_in=LIFETIME)
        self.assertFalse((self.home / 'other.db').exists())

    def test_a_worker_that_stops_answers_what_comes_later_so(self):
        token = self.user(self.worker)
        waiting, late = self.worker.connect(), self.worker.connect()
        waiting.send(fcgi.request(fcgi.get('code=' + wechat().code(delay_ms=a_while(1500)),
                                           ONLOGIN_APPID=APP)))
        until(lambda: auth(self.worker, token).status == 204)  # it has been read by then
        self.worker.process.signal(signal.SIGTERM)
        self.worker.await_log('stopping')
        time.sleep(0.4)
        late.send(fcgi.request(fcgi.get(ONLOGIN_ACTION='auth', **bearer(token))))
        self.assert_unknown(late.read_answer())
        self.assert_logged_in(waiting.read_answer())
        self.assertEqual(self.worker.wait(20), 0)
        for connection in (waiting, late):
            connection.close()


class NoSessions(SessionCase):
    @classmethod
    def setUpClass(cls):
        cls.new_home()
        cls.worker = cls.start_worker(configuration(), directory=cls.home)

    def test_a_login_has_no_token(self):
        answer = self.worker.login()
        self.assert_logged_in(answer, expires_in=LIFETIME)
        self.assertEqual(set(answer.json['data']), {'openid', 'expires_in'})

    def test_nobody_is_logged_in(self):
        token = self.forged()
        self.assert_no_session(auth(self.worker, token))
        self.assert_no_session(logout(self.worker, token))
        self.assertFalse((self.home / 'revocations.db').exists())
