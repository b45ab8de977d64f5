"""What clients send by mistake or on purpose: refused by the book, and nobody else hurt."""

import json
import threading
import time
import urllib.parse

import fcgi
from harness import (APP, AT_ONCE, PATIENCE, Case, configuration, each, keep_private, magic,
                     wechat)

FORM = 'application/x-www-form-urlencoded'
JSON = 'application/json'
LIMIT = 16384
LARGE = 8 * 1024 * 1024  # the largest limit that the configuration takes

OK = 'ok-input'


def deep(levels, opening='[', closing=']'):
    return '{"code":"ok-deep","x":' + opening * levels + '0' + closing * levels + '}'


BAD_QUERIES = [
    ('nothing', ''),
    ('another_name', 'kode=' + OK),
    ('name_in_capitals', 'CODE=' + OK),
    ('empty', 'code='),
    ('no_value', 'code'),
    ('only_an_equals_sign', '='),
    ('twice', 'code=ok-1&code=ok-2'),
    ('twice_the_same', f'code={OK}&code={OK}'),
    ('twice_by_other_spelling', 'code=ok-1&c%6fde=ok-2'),
    ('another_parameter_twice', f'code={OK}&x=1&x=2'),
    ('appid_twice', f'code={OK}&appid={APP}&appid={APP}'),
    ('appid_empty', f'code={OK}&appid='),
    ('129_bytes', 'code=' + 'a' * 129),
    ('very_long', 'code=' + 'a' * 60_000),
    ('space', 'code=ok%20x'),
    ('plus', 'code=ok+x'),
    ('tab', 'code=ok%09x'),
    ('newline', 'code=ok-x%0A'),
    ('carriage_return', 'code=ok%0d%0aX-Injected:%20y'),
    ('nul', 'code=ok-a%00b'),
    ('nul_at_the_end', 'code=ok-ab%00'),
    ('escape', 'code=ok%1b[31m'),
    ('delete', 'code=ok%7f'),
    ('not_ascii', 'code=ok-%E4%B8%AD'),
    ('raw_not_ascii', 'code=ok-\u4e2d'),
    ('invalid_utf_8', 'code=ok-%ff'),
    ('overlong_utf_8', 'code=ok-%c0%af'),
    ('surrogate', 'code=ok-%ed%a0%80'),
    ('invalid_utf_8_elsewhere', f'code={OK}&x=%ff'),
    ('invalid_utf_8_in_a_name', f'code={OK}&%ff=x'),
    ('escape_cut', 'code=ok-%4'),
    ('escape_cut_to_the_percent', 'code=ok-%'),
    ('escape_not_hex', 'code=ok-%zz'),
    ('escape_half_hex', 'code=ok-%4g'),
    ('escape_signed', 'code=ok-%+4'),
    ('escape_broken_elsewhere', f'code={OK}&x=%'),
    ('escape_broken_in_a_name', f'code={OK}&%=1'),
]

BAD_JSON = [
    ('no_json', 'code=ok-1'),
    ('empty_object', '{}'),
    ('array', '["ok-1"]'),
    ('string', '"ok-1"'),
    ('null', 'null'),
    ('cut', '{"code":"ok-1"'),
    ('more_behind', '{"code":"ok-1"} x'),
    ('two_objects', '{"code":"ok-1"}{"code":"ok-1"}'),
    ('comment', '{"code":"ok-1" /* c */}'),
    ('line_comment', '{"code":"ok-1"} // c'),
    ('comma_too_many', '{"code":"ok-1",}'),
    ('single_quotes', "{'code':'ok-1'}"),
    ('twice', '{"code":"ok-1","code":"ok-1"}'),
    ('another_name_twice', '{"code":"ok-1","x":1,"x":2}'),
    ('twice_by_other_spelling', '{"code":"ok-1","c\\u006fde":"ok-1"}'),
    ('number', '{"code":1}'),
    ('object', '{"code":{"a":1}}'),
    ('list', '{"code":["ok-1"]}'),
    ('code_null', '{"code":null}'),
    ('true', '{"code":true}'),
    ('empty', '{"code":""}'),
    ('nul', '{"code":"ok-\\u0000x"}'),
    ('newline', '{"code":"ok-x\\n"}'),
    ('raw_newline', '{"code":"ok-\nx"}'),
    ('lone_surrogate', '{"code":"\\ud800"}'),
    ('129_bytes', '{"code":"' + 'a' * 129 + '"}'),
    ('not_ascii', '{"code":"ok-\u4e2d"}'),
    ('appid_no_text', '{"code":"ok-1","appid":1}'),
    ('appid_null', '{"code":"ok-1","appid":null}'),
    ('nan', '{"code":"ok-1","x":NaN}'),
    ('infinite', '{"code":"ok-1","x":Infinity}'),
    ('byte_order_mark_twice', '\ufeff\ufeff{"code":"ok-1"}'),
    ('8000_deep', deep(8000)),
    ('1500_objects_deep', deep(1500, '{"a":', '}')),
]


class BadParameters(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()

    def tearDown(self):
        self.assert_unharmed(self.worker)

    def assert_bad(self, answer, status=400):
        self.assert_refused(answer, status, status, 'never')
        self.assertLess(answer.seconds, AT_ONCE)

    @each(*BAD_QUERIES)
    def test_a_bad_query_is_400(self, query):
        self.assert_bad(self.worker.ask(fcgi.get(query)))

    @each(*((name, query) for name, query in BAD_QUERIES
            if name not in ('nothing', 'very_long')))
    def test_a_bad_form_is_400(self, form):
        self.assert_bad(self.worker.post(form.encode()))

    @each(*BAD_JSON)
    def test_bad_json_is_400(self, text):
        self.assert_bad(self.worker.post(text, JSON))

    @each(('cut', b'{"code":"ok-\xe4\xb8"}'), ('latin_1', b'{"code":"ok-1","x":"\xe9"}'),
          ('overlong', b'{"code":"ok-\xc0\xaf"}'), ('surrogate', b'{"x\xed\xa0\x80":1}'),
          ('utf_16', '{"code":"ok-1"}'.encode('utf-16')), ('nul_bytes', b'{"code":"ok-1"}\0\0'),
          ('only_nul_bytes', b'\0' * 100))
    def test_json_that_is_not_utf_8_is_400(self, body):
        self.assert_bad(self.worker.post(body, JSON))

    @each(('form', 'code=ok-1', FORM), ('json', '{"code":"ok-1"}', JSON))
    def test_a_code_in_query_and_body_is_400(self, body, content_type):
        self.assert_bad(self.worker.post(body, content_type, QUERY_STRING='code=ok-1'))

    @each(('text', 'text/plain'), ('multipart', 'multipart/form-data; boundary=x'),
          ('octets', 'application/octet-stream'), ('none', ''), ('xml', 'application/xml'),
          ('json_suffix', 'application/vnd.x+json'), ('a_word', 'json'),
          ('form_and_more', FORM + 'x'), ('nul', 'application/json\0'))
    def test_a_body_of_another_type_is_415(self, content_type):
        self.assert_bad(self.worker.post('code=ok-1', content_type), 415)

    @each(('get', 'GET'), ('post', 'POST'))
    def test_the_type_of_no_body_does_not_matter(self, method):
        for content_type in ('text/plain', JSON, FORM, ''):
            self.assert_logged_in(self.worker.login(REQUEST_METHOD=method,
                                                    CONTENT_TYPE=content_type))

    @each(('code_of_1', 'x'), ('code_of_128', 'ok-' + 'a' * 125))
    def test_codes_of_1_to_128_bytes_reach_wechat(self, code):
        before = wechat().exchanges(code)
        self.worker.login(code)
        self.assertEqual(wechat().exchanges(code), before + 1)

    @each(('ampersands', '&&&&code={}&&'), ('unknown', 'x=1&code={}&y=2'),
          ('no_value', 'code={}&flag'), ('name_missing', '=x&code={}'))
    def test_odd_but_good_queries_log_in(self, query):
        self.assert_logged_in(self.worker.ask(fcgi.get(query.format(magic()))))

    @each(('unknown_members', '{"x":{"y":[1,{"z":null}]},"code":"CODE"}'),
          ('white_space', ' \r\n\t{ "code" : "CODE" }\n'),
          ('escapes', '{"\\u0063ode":"\\u006fk-es\\/caped"}'))
    def test_odd_but_good_json_logs_in(self, text):
        self.assert_logged_in(self.worker.post(text.replace('CODE', magic()), JSON))

    @each(('nothing', None), ('in_lower_case_json', 'Application/JSON;charset=UTF-8'))
    def test_content_types_differ_in_case_and_parameters_only(self, content_type):
        self.assert_logged_in(self.worker.post(json.dumps({'code': magic()}),
                                               content_type or JSON))

    @each(('mark_before_json', b'\xef\xbb\xbf{"code":"CODE"}', JSON),
          ('mark_before_a_form', b'\xef\xbb\xbfcode=CODE', FORM),
          ('mark_encoded', b'%EF%BB%BFcode=CODE', FORM),
          ('half_an_emoji', rb'{"code":"CODE","nick":"\ud83d"}', JSON),
          ('half_an_emoji_before', rb'{"nick":"x\ude00","code":"CODE"}', JSON),
          ('half_an_emoji_deeper', rb'{"user":{"nick":["\ud83d!"]},"code":"CODE"}', JSON),
          ('half_an_emoji_in_a_name', rb'{"\ud83d":1,"code":"CODE"}', JSON),
          ('half_an_emoji_raw', b'{"nick":"\xed\xa0\xbd","code":"CODE"}', JSON),
          ('half_an_emoji_in_a_form', b'nick=%ED%A0%BD&code=CODE', FORM),
          ('control_character', b'{"nick":"a\x14\nb","code":"CODE"}', JSON),
          ('huge_number', b'{"x":1e999,"code":"CODE"}', JSON))
    def test_what_cannot_be_meant_otherwise_logs_in(self, body, content_type):
        body = body.replace(b'CODE', magic().encode())
        self.assert_logged_in(self.worker.post(body, content_type))

    @each(*((name, *row) for name, *row in (
        ('json_as_a_form', '{"code":"ok-1"}', FORM, 'is JSON, but its Content-Type'),
        ('json_encoded_as_a_form', urllib.parse.quote('{"code":"ok-1"}', safe=''), FORM,
         'is JSON, but its Content-Type'),
        ('form_as_json', 'code=ok-1', JSON, 'is a form, but its Content-Type'),
        ('json_in_a_string', json.dumps('{"code":"ok-1"}'), JSON, 'JSON in a string'),
        ('array', '["ok-1"]', JSON, 'JSON array'), ('number', '1', JSON, 'not an object'),
        ('twice', '{"nick":1,"code":"ok-1","nick":2}', JSON, 'the member nick twice'),
        ('twice_in_a_form', 'code=ok-1&code=ok-2', FORM, 'parameter code is given twice'),
        ('latin_1', b'{"code":"ok-1","x":"\xe9"}', JSON, 'not UTF-8'),
        ('utf_16', '{"code":"ok-1"}'.encode('utf-16'), JSON, 'in UTF-16'),
        ('utf_16_without_mark', '{"code":"ok-1"}'.encode('utf-16-le'), JSON, 'in UTF-16'),
        ('utf_16_form', 'code=ok-1'.encode('utf-16-be'), FORM, 'in UTF-16'),
        ('cut', '{"code":"ok-1"', JSON, 'breaks off'), ('blank', ' \n', JSON, 'is empty'),
        ('empty', '', JSON, 'not in the query string, and the body is empty'),
        ('no_code', '{"kode":"ok-1"}', JSON, 'neither in the query string nor in the body, a JSON'),
        ('js_code', '{"js_code":"ok-1"}', JSON, 'one called js_code'),
        ('number_as_code', '{"code":1}', JSON, 'must be a string, and is a number'),
        ('object_as_code', 'code=[object Object]', FORM, 'member code of it'),
        ('long_code', 'code=' + 'a' * 129, FORM, 'longer than 128'))))
    def test_a_refusal_names_its_cause(self, body, content_type, words):
        answer = self.worker.post(body, content_type)
        self.assert_bad(answer)
        self.assertIn(words, answer.json['message'])

    def test_no_bad_code_reached_wechat(self):
        for code in ('ok x', 'ok-x\n', 'ok-a\0b', 'ok-a', 'ok-ab', 'ok\x1b[31m', 'a' * 129,
                     'ok-1', 'ok-deep', OK):
            self.assertEqual(wechat().exchanges(code), 0, code)


class ManyParameters(Case):
    """A worker that takes large bodies still answers in time."""

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker(configuration(limits={'body_bytes': LARGE}))

    def tearDown(self):
        self.assert_unharmed(self.worker)

    @each(('names', '&'.join(f'p{i}=x' for i in range(100_000)) + '&code=ok-1', FORM, 400),
          ('one_name', 'a=1&' * 100_000 + 'code=ok-1', FORM, 400),
          ('json_names', '{' + ''.join(f'"p{i}":0,' for i in range(100_000)) + '"code":"ok-1"}',
           JSON, 400),
          ('json_nested_200_000_deep', deep(200_000), JSON, 400),
          ('json_objects_200_000_deep', deep(200_000, '{"a":', '}'), JSON, 400),
          ('json_brackets_only', '[' * 200_000, JSON, 400),
          ('long_number', '{"code":"ok-1","x":' + '9' * 100_000 + '}', JSON, None),
          ('many_escapes', 'code=ok-1&x=' + '%41' * 300_000, FORM, None),
          ('long_string', json.dumps({'code': 'ok-1', 'x': 'y' * 5_000_000}), JSON, None))
    def test_a_monster_is_answered_at_once(self, body, content_type, status):
        began = time.monotonic()
        answer = self.worker.post(body, content_type)
        if status:
            self.assert_refused(answer, status, status, 'never')
        else:
            self.check_form(answer)
        self.assertLess(time.monotonic() - began, 2 * AT_ONCE)

    def test_many_parameters_in_the_query_are_400(self):
        query = '&'.join(f'p{i:x}=' for i in range(8000)) + '&code=ok-1'
        self.assert_refused(self.worker.ask(fcgi.get(query)), 400, 400, 'never')

    @each(('100_000', 100_000, 0), ('100_000_empty', 100_000, None), ('10_000_000_bytes', 1000,
                                                                     10_000))
    def test_too_many_fastcgi_variables_end_the_connection(self, count, size):
        variables = list(fcgi.get('code=' + magic()).items())
        variables += [('' if size is None else f'HTTP_X_{i}', 'x' * (size or 0))
                      for i in range(count)]
        with self.worker.connect() as connection:
            try:
                connection.send(fcgi.request(variables))
                answer = connection.read_answer()
            except fcgi.Gone:
                return
            self.assertIn(answer.status, (200, 400, 413, 431), answer)

    def test_65_000_bytes_of_variables_are_fine(self):
        variables = fcgi.get('code=' + magic())
        variables.update({f'HTTP_X_{i}': 'x' * 100 for i in range(550)})
        self.assert_logged_in(self.worker.ask(variables))


class BodySize(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()

    def tearDown(self):
        self.assert_unharmed(self.worker)

    @staticmethod
    def form(size):
        form = f'code={magic()}&pad='
        return (form + 'x' * (size - len(form))).encode()

    @staticmethod
    def json(size):
        text = json.dumps({'code': magic(), 'pad': ''})
        return text.replace('""', '"' + 'x' * (size - len(text)) + '"').encode()

    @each(('one_record', 65535), ('records_of_100', 100), ('records_of_1', 1))
    def test_a_body_at_the_limit_is_fine(self, piece):
        for make, content_type in ((self.form, FORM), (self.json, JSON)):
            body = make(LIMIT)
            self.assertEqual(len(body), LIMIT)
            self.assert_logged_in(self.worker.ask(fcgi.post(body, content_type), body,
                                                  piece=piece))

    @each(('one_record', 65535, {}), ('records_of_100', 100, {}), ('records_of_1', 1, {}),
          ('without_length', 4000, {'CONTENT_LENGTH': ''}),
          ('with_length_minus_1', 4000, {'CONTENT_LENGTH': '-1'}),
          ('with_a_short_length', 4000, {'CONTENT_LENGTH': '10'}))
    def test_one_byte_more_is_413(self, piece, more):
        body = self.form(LIMIT + 1)
        answer = self.worker.ask(fcgi.post(body, **more), body, piece=piece)
        self.assert_refused(answer, 413, 413, 'never')

    def test_an_announced_size_is_enough_for_413(self):
        body = b'code=ok-1'
        answer = self.worker.ask(fcgi.post(body, CONTENT_LENGTH='99999999999999999999999'), body)
        self.assert_refused(answer, 413, 413, 'never')

    def test_413_comes_while_the_body_still_does(self):
        with self.worker.connect() as connection:
            connection.send(fcgi.begin() + fcgi.stream(fcgi.PARAMS, fcgi.pairs(
                fcgi.post(b'', CONTENT_LENGTH=str(50_000_000)))))
            stop = threading.Event()

            def feed():
                piece = fcgi.record(fcgi.STDIN, b'x' * 30_000)
                try:
                    while not stop.is_set():
                        connection.send(piece)
                except (fcgi.Gone, OSError):
                    stop.set()

            feeder = threading.Thread(target=feed)
            feeder.start()
            try:
                answer = connection.read_answer()
                self.assert_refused(answer, 413, 413, 'never')
                # A body that never ends is not read for ever.
                self.assertTrue(stop.wait(8 * PATIENCE), 'still reading')
            finally:
                stop.set()
                feeder.join()

    def test_20_bodies_without_end_harm_nobody(self):
        stop = threading.Event()

        def feed():
            with self.worker.connect() as connection:
                try:
                    connection.send(fcgi.begin() + fcgi.stream(fcgi.PARAMS, fcgi.pairs(
                        fcgi.post(b''))))
                    while not stop.is_set():
                        connection.send(fcgi.record(fcgi.STDIN, b'x' * 65535))
                        time.sleep(0.005)
                except (fcgi.Gone, OSError):
                    pass

        feeders = [threading.Thread(target=feed) for _ in range(20)]
        for feeder in feeders:
            feeder.start()
        try:
            for _ in range(5):
                self.assert_unharmed(self.worker)
        finally:
            stop.set()
            for feeder in feeders:
                feeder.join()


class BodyLength(Case):
    """CONTENT_LENGTH and the body are not always of one mind."""

    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()

    def tearDown(self):
        self.assert_unharmed(self.worker)

    def send(self, length, body=None):
        body = (body if body is not None else f'code={magic()}').encode()
        variables = fcgi.post(body)
        if length is None:
            del variables['CONTENT_LENGTH']
        else:
            variables['CONTENT_LENGTH'] = length(body) if callable(length) else length
        return self.worker.ask(variables, body)

    @each(('missing', None), ('empty', ''), ('minus_1', '-1'),
          ('leading_zeros', lambda body: '000' + str(len(body))))
    def test_an_unknown_length_is_fine(self, length):
        self.assert_logged_in(self.send(length))

    @each(('short', lambda body: str(len(body) - 1)), ('long', lambda body: str(len(body) + 1)),
          ('zero', '0'), ('much_longer', '16000'), ('garbage', 'abc'), ('half_garbage', '18x'),
          ('signed', lambda body: '+' + str(len(body))), ('negative', '-2'),
          ('hexadecimal', lambda body: hex(len(body))), ('blank', ' '),
          ('blanks_around', lambda body: f' {len(body)} '), ('nul', lambda body: f'{len(body)}\0'),
          ('fraction', '17.0'), ('two', '17, 17'))
    def test_a_wrong_length_is_400(self, length):
        self.assert_refused(self.send(length), 400, 400, 'never')

    def test_a_length_without_a_body_is_400(self):
        self.assert_refused(self.send('5', ''), 400, 400, 'never')


class ThroughNginx(Case):
    @classmethod
    def setUpClass(cls):
        cls.worker = cls.start_worker()
        cls.nginx = cls.start_nginx(cls.worker.socket)

    def tearDown(self):
        self.assert_unharmed(self.worker)

    @each(*((name, query) for name, query in BAD_QUERIES
            if name not in ('very_long', 'raw_not_ascii')))
    def test_a_bad_query_is_400(self, query):
        self.assert_refused(self.nginx.ask('GET', '/onLogin?' + query), 400, 400, 'never')

    @each(*((name, text) for name, text in BAD_JSON if name in (
        'array', 'cut', 'twice', 'number', 'nul', '8000_deep')))
    def test_bad_json_is_400(self, text):
        self.assert_refused(self.nginx.post(text.encode(), JSON), 400, 400, 'never')

    @each(('PUT', 'PUT'), ('DELETE', 'DELETE'), ('OPTIONS', 'OPTIONS'))
    def test_another_method_is_405(self, method):
        answer = self.nginx.ask(method, '/onLogin?code=ok-1')
        self.assert_refused(answer, 405, 405, 'never')
        self.assertEqual(answer.headers['allow'], 'GET, HEAD, POST')

    def test_another_type_is_415(self):
        self.assert_refused(self.nginx.post('code=ok-1', 'text/plain'), 415, 415, 'never')

    def test_a_body_at_the_limit_is_fine(self):
        self.assert_logged_in(self.nginx.post(BodySize.form(LIMIT)))

    def test_one_byte_more_is_413(self):
        self.assert_refused(self.nginx.post(BodySize.form(LIMIT + 1)), 413, 413, 'never')

    def test_a_chunked_body_logs_in(self):
        body = f'code={magic()}'.encode()
        text = self.nginx.send_raw(
            b'POST /onLogin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
            b'Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n'
            + b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body))
        self.assertRegex(text, rb'^HTTP/1.1 200 ')

    def test_http_1_0_logs_in(self):
        text = self.nginx.send_raw(
            f'GET /onLogin?code={magic()} HTTP/1.0\r\nHost: localhost\r\n\r\n'.encode())
        self.assertRegex(text, rb'^HTTP/1.1 200 ')
        self.assertIn(b'"openid"', text)

    def test_codes_with_line_breaks_inject_no_header(self):
        code = urllib.parse.quote('ok\r\nX-Injected: yes')
        answer = self.nginx.ask('GET', f'/onLogin?code={code}&%0d%0aX-Injected:%20yes=1')
        self.assertNotIn('x-injected', answer.headers)
        self.assertNotIn(b'njected', answer.body)

    def test_what_clients_send_does_not_come_back(self):
        for query in ('code=%3Cscript%3E%20', 'code=ok%22%7Babc', 'x=%3Cscript%3E'):
            answer = self.nginx.ask('GET', '/onLogin?' + query)
            self.assertNotIn(b'script', answer.body)


class Privacy(Case):
    def test_a_code_stays_private_in_refusals(self):
        worker = self.own_worker()
        code = keep_private('secret' + magic() + '%20')
        answer = worker.ask(fcgi.get('code=' + code))
        self.assert_refused(answer, 400, 400, 'never')
        self.assertNotIn(b'secret', answer.body)
