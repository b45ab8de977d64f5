"""Access tokens for the server in front: kept, renewed in time, and shown to nobody else."""

import time

import fcgi
from harness import (APP, OTHER_APP, Case, RawServer, a_while, configuration, each, keep_private,
                     together, until)


def ask(worker, refused=None, **more):
    if refused is not None:
        more['ONLOGIN_REFUSED_TOKEN'] = refused
    return worker.ask(fcgi.get(path='/onlogin-access-token', ONLOGIN_ACTION='access_token', **more))


class TokenCase(Case):
    TIMEOUT = 4500

    @classmethod
    def setUpClass(cls):
        cls.wechat = cls.start_wechat()

    def setUp(self):
        """There is no token that WeChat would give again, and it has been asked for none."""
        self.before = {}
        for app in (APP, OTHER_APP):
            self.wechat.access_token(app, ok=1)
            self.wechat.fetch_token(app)
            self.before[app] = self.wechat.spoil_token(app, 'expired')

    def worker_of(self, apps=None, fake=None):
        return self.own_worker(configuration(apps, fake or self.wechat,
                                             wechat={'timeout_ms': self.TIMEOUT}))

    def assert_token(self, answer):
        """The token, and no word of it beside the one header."""
        self.assertEqual((answer.status, answer.body), (204, b''), answer)
        token = keep_private(answer.headers['onlogin-access-token'])
        self.assertEqual(set(answer.headers), {'status', 'cache-control', 'onlogin-access-token'})
        self.assertEqual(answer.headers['cache-control'], 'no-store')
        return token

    def fetches(self, app=APP):
        """How many tokens the test has fetched, and how many of them by force."""
        state = self.wechat.access_token(app)
        return tuple(state[name] - self.before[app][name] for name in ('fetches', 'forced'))


class AccessTokens(TokenCase):
    lasts = 40

    def test_it_is_fetched_once_and_kept(self):
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        self.assertEqual(token, self.wechat.access_token()['access_token'])
        self.assertEqual(self.assert_token(ask(worker)), token)
        self.assertEqual(self.fetches(), (1, 0))

    def test_a_worker_that_only_logs_users_in_fetches_none(self):
        worker = self.worker_of()
        self.assert_logged_in(worker.login())
        self.assertEqual(self.fetches(), (0, 0))

    def test_workers_share_it_without_knowing_of_one_another(self):
        self.assertEqual(*(self.assert_token(ask(self.worker_of())) for _ in range(2)))

    @each(('get', 'GET', {}), ('post', 'POST', {'CONTENT_LENGTH': '7', 'CONTENT_TYPE': 'image/png'}),
          ('put', 'PUT', {'CONTENT_LENGTH': '999999'}),
          ('delete', 'DELETE', {'QUERY_STRING': 'a=1&a=2'}))
    def test_method_and_body_are_those_of_another_request(self, method, more):
        if 'QUERY_STRING' in more:
            self.assert_refused(ask(self.worker_of(), REQUEST_METHOD=method, **more), 400, 400,
                                'never')
        else:
            self.assert_token(ask(self.worker_of(), REQUEST_METHOD=method, **more))

    def test_each_mini_program_has_its_own(self):
        worker = self.worker_of([APP, OTHER_APP])
        one, other = (self.assert_token(ask(worker, ONLOGIN_APPID=app)) for app in (APP, OTHER_APP))
        self.assertNotEqual(one, other)
        self.assert_refused(ask(worker), 400, 400, 'never')
        self.assert_refused(ask(worker, ONLOGIN_APPID='wx9999999999999999'), 400, 400, 'never')

    def test_no_path_leads_to_it(self):
        worker = self.worker_of()
        for path in ('/onLogin/access_token', '/access_token', '/onlogin-access-token'):
            answer = worker.ask(fcgi.get(path=path, HTTP_ONLOGIN_ACTION='access_token'))
            self.assert_refused(answer, 400, 400, 'never')  # a login without a code
        self.assertEqual(self.fetches(), (0, 0))

    def test_one_that_wechat_refused_is_renewed(self):
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        self.wechat.spoil_token()
        fresh = self.assert_token(ask(worker, refused=token))
        self.assertNotEqual(fresh, token)
        self.assertEqual(self.assert_token(ask(worker)), fresh)
        self.assertEqual(self.fetches(), (2, 1))
        # Whoever says so late does not renew it again.
        self.assertEqual(self.assert_token(ask(worker, refused=token)), fresh)
        self.assertEqual(self.fetches(), (2, 1))

    def test_many_who_say_so_at_once_renew_it_once(self):
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        self.wechat.spoil_token()
        self.wechat.access_token(delay_ms=a_while(200))
        fresh = {self.assert_token(a) for a in together([lambda: ask(worker, refused=token)] * 20)}
        self.assertEqual(len(fresh), 1)
        self.assertEqual(self.fetches(), (2, 1))

    def test_a_burst_of_refusals_does_not_use_up_the_renewals_of_a_day(self):
        """Within 30 s of one WeChat makes no other, whatever it is asked for."""
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        self.wechat.spoil_token()
        for _ in range(15):
            token = self.assert_token(ask(worker, refused=token))
        self.assertLess(self.fetches()[1], 5)

    def test_one_that_was_renewed_a_moment_ago_is_renewed_again(self):
        """For other reasons, or by a vendor that has no such limit."""
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        for count in (1, 2, 3):
            self.wechat.spoil_token()  # which forgets the renewals before it
            fresh = self.assert_token(ask(worker, refused=token))
            self.assertNotEqual(fresh, token)
            self.assertEqual(self.fetches()[1], count)
            token = fresh

    def test_a_renewal_that_did_not_take_place_is_made_up_for_at_once(self):
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        self.wechat.spoil_token()
        self.wechat.access_token(errcode=-1, times=2)
        self.assert_refused(ask(worker, refused=token), 503, -1, 'later')
        self.assertNotEqual(self.assert_token(ask(worker, refused=token)), token)

    def test_it_is_renewed_before_it_ends_and_nobody_waits(self):
        worker = self.worker_of()
        self.wechat.access_token(expires_in=6)
        token = self.assert_token(ask(worker))
        self.wechat.access_token(expires_in=7200, delay_ms=a_while(500))
        answers = []

        def renewed():
            answers.append(ask(worker))
            return self.assert_token(answers[-1]) != token
        until(renewed, 10)
        self.assertLess(max(a.seconds for a in answers), a_while(500) / 1000)
        self.assertEqual(self.fetches(), (2, 0))

    def test_while_it_cannot_be_renewed_the_old_one_serves_to_its_end(self):
        worker = self.worker_of()
        self.wechat.access_token(expires_in=4)
        token = self.assert_token(ask(worker))
        self.wechat.access_token(errcode=45009)
        until(lambda: self.fetches()[0] > 1 or not self.assert_token(ask(worker)), 10)
        self.assertEqual(self.assert_token(ask(worker)), token)
        until(lambda: ask(worker).status == 429, 10)
        self.wechat.access_token(ok=1)
        self.assertNotEqual(self.assert_token(ask(worker)), token)

    def test_a_renewal_that_fails_is_tried_again_once_a_second_and_no_oftener(self):
        worker = self.worker_of()
        self.wechat.access_token(expires_in=20)
        token = self.assert_token(ask(worker))
        self.wechat.access_token(errcode=45009)
        until(lambda: self.fetches()[0] > 1 or not self.assert_token(ask(worker)), 15)
        began, before = time.monotonic(), self.fetches()[0]
        while time.monotonic() - began < 2.5:
            self.assertEqual(self.assert_token(ask(worker)), token)
        self.assertIn(self.fetches()[0] - before, (2, 3))

    def test_where_wechat_gives_no_other_it_is_asked_once_a_second_and_no_oftener(self):
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        for _ in range(10):
            token = self.assert_token(ask(worker, refused=token))
        began, before = time.monotonic(), self.fetches()[0]
        while time.monotonic() - began < 2.5:
            self.assertEqual(self.assert_token(ask(worker, refused=token)), token)
        self.assertIn(self.fetches()[0] - before, (1, 2, 3))

    def test_a_reload_asks_again(self):
        worker = self.worker_of()
        token = self.assert_token(ask(worker))
        worker.reload()
        self.assertEqual(self.assert_token(ask(worker)), token)
        self.assertEqual(self.fetches(), (2, 0))

    def test_a_reload_while_it_is_fetched_loses_nobody(self):
        worker = self.worker_of()
        self.wechat.access_token(delay_ms=a_while(700))
        with worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get(ONLOGIN_ACTION='access_token')))
            until(lambda: self.fetches()[0] == 1)
            worker.reload()
            self.assert_token(connection.read_answer())

    def test_who_leaves_does_not_end_it_for_others(self):
        worker = self.worker_of()
        self.wechat.access_token(delay_ms=a_while(700))
        with worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get(ONLOGIN_ACTION='access_token')))
            until(lambda: self.fetches()[0] == 1)
        worker.await_log('cancelled')
        self.assert_token(ask(worker))
        self.assertEqual(self.fetches(), (1, 0))

    def test_a_stop_while_it_is_fetched_is_an_orderly_one(self):
        worker = self.worker_of()
        self.wechat.access_token(delay_ms=a_while(1000))
        with worker.connect() as connection:
            connection.send(fcgi.request(fcgi.get(ONLOGIN_ACTION='access_token')))
            until(lambda: self.fetches()[0] == 1)
        self.assertEqual(worker.stop(), 0)


class Refusals(TokenCase):
    TIMEOUT = 1500
    lasts = 20

    @each(('whitelist', 40164, 500, 'never'), ('secret', 40125, 500, 'never'),
          ('secret-otherwise', 40001, 500, 'never'), ('frozen', 40243, 500, 'never'),
          ('quota', 45009, 429, 'later'), ('minute', 45011, 429, 'later'), ('busy', -1, 503, 'later'),
          ('confirm', 89503, 502, 'login'), ('unknown', 77777, 502, 'login'))
    def test_a_refusal_has_its_answer_and_the_log_says_what_to_do(self, errcode, status, recover):
        worker = self.worker_of()
        self.wechat.access_token(errcode=errcode)
        self.assert_refused(ask(worker), status, errcode, recover)
        if errcode not in (45011, -1):
            worker.await_log('error wechat', f'errcode={errcode}', 'advice=')
        self.wechat.access_token(ok=1)
        self.assert_token(ask(worker))

    @each(('html', {'body': 'html'}), ('empty', {'body': 'empty'}), ('error', {'status': 500}))
    def test_an_answer_that_is_none_is_unusable(self, options):
        worker = self.worker_of()
        self.wechat.access_token(**options)
        self.assert_refused(ask(worker), 502, 502, 'login')
        self.wechat.access_token(ok=1)
        self.assert_token(ask(worker))

    def test_a_busy_wechat_is_asked_once_more(self):
        worker = self.worker_of()
        self.wechat.access_token(errcode=-1, times=1)
        self.assert_token(ask(worker))

    def test_a_slow_one_is_not_waited_for(self):
        worker = self.worker_of()
        self.wechat.access_token(delay_ms=8000)
        self.assert_refused(ask(worker), 504, 504, 'login')

    def test_one_without_a_connection_is_out_of_reach(self):
        """No request went out: nothing is spent."""
        server = RawServer('silent-tls')
        self.addCleanup(server.end)
        worker = self.own_worker(configuration(wechat={'url': server.url, 'timeout_ms': 1500}))
        for _ in range(2):
            self.assert_refused(ask(worker), 502, 502, 'later')

    def test_a_wechat_out_of_reach_is_tried_later(self):
        fake = self.own_wechat()
        worker = self.worker_of(fake=fake)
        fake.end()
        self.assert_refused(ask(worker), 502, 502, 'later')
