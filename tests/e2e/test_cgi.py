"""onlogin as a CGI program: one request in the environment and on standard input."""

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import threading
import time

import fcgi
from harness import (ONLOGIN, PATIENCE, SANITIZER, Case, check_no_leak, configuration, each, magic,
                     new_directory, wechat, write_private)

FORM = 'application/x-www-form-urlencoded'
JSON = 'application/json'


class CgiCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.file = new_directory() / 'onlogin.json'
        write_private(cls.file, json.dumps(configuration()))

    def run_it(self, stdin, arguments=(), **variables):
        """The answer. `stdin`: bytes for a pipe, or a file."""
        environment = {'PATH': os.environ['PATH'], 'GATEWAY_INTERFACE': 'CGI/1.1',
                       'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': '/onLogin', 'QUERY_STRING': '',
                       'SERVER_PROTOCOL': 'HTTP/1.1', 'ONLOGIN_CONFIG': str(self.file)}
        environment.update((name, str(value)) for name, value in variables.items())
        environment.update((name, value) for name, value in os.environ.items()
                           if name.endswith('SAN_OPTIONS'))
        began = time.monotonic()
        options = {'input': stdin} if isinstance(stdin, bytes) else {'stdin': stdin}
        done = subprocess.run([ONLOGIN, *arguments], env=environment, capture_output=True,
                              timeout=20 * PATIENCE, **options)
        log = done.stderr.decode(errors='replace')
        self.assertEqual(done.returncode, 0, log)
        self.assertIsNone(SANITIZER.search(log), log)
        check_no_leak("the program's log", log)
        self.assertRegex(done.stdout, rb'^Status: \d\d\d [A-Z]')
        self.log = log
        return fcgi.Answer.from_cgi(done.stdout, time.monotonic() - began)

    def get(self, query, **variables):
        return self.run_it(subprocess.DEVNULL, QUERY_STRING=query, **variables)

    def post(self, body, content_type=FORM, stdin=None, **variables):
        variables.setdefault('CONTENT_LENGTH', len(body))
        variables = {name: value for name, value in variables.items() if value is not None}
        return self.run_it(body if stdin is None else stdin, REQUEST_METHOD='POST',
                           CONTENT_TYPE=content_type, **variables)

    @staticmethod
    def form():
        return f'code={magic()}'.encode()


class Cgi(CgiCase):
    def test_a_get_logs_in(self):
        self.assert_logged_in(self.get('code=' + wechat().code()), expires_in=7200)

    def test_a_form_logs_in(self):
        self.assert_logged_in(self.post(self.form()))

    def test_json_logs_in(self):
        self.assert_logged_in(self.post(json.dumps({'code': magic()}).encode(), JSON))

    def test_arguments_that_a_server_made_of_the_query_are_not_looked_at(self):
        """RFC 3875, 4.4: a query without `=` becomes the command line, and anybody writes queries."""
        for arguments in (['-V'], ['-h'], ['-t'], ['-c', '/tmp/uploaded-by-anybody.json'], ['x']):
            answer = self.run_it(subprocess.DEVNULL, arguments, QUERY_STRING='+'.join(arguments))
            self.assert_refused(answer, 400, 400, 'never')
            self.assertEqual(self.log, '')

    def test_arguments_of_a_wrapper_count(self):
        answer = self.run_it(subprocess.DEVNULL, ['-c', self.file], ONLOGIN_CONFIG='/none',
                             QUERY_STRING='code=' + magic())
        self.assert_logged_in(answer)

    def test_the_answer_has_its_length(self):
        answer = self.get('code=' + magic())
        self.assertEqual(int(answer.headers['content-length']), len(answer.body))

    @each(('refused', 40029, 401, 40029, 'login', None),
          ('config', 40125, 500, 40125, 'never', None),
          ('rate', 45011, 429, 45011, 'later', 60), ('other', 12345, 502, 12345, 'login', None))
    def test_refusals_are_as_ever(self, errcode, *row):
        self.assert_refused(self.get('code=' + wechat().code(errcode=errcode)), *row)

    def test_health_is_ok(self):
        for variables in ({'PATH_INFO': '/health'}, {'ONLOGIN_ACTION': 'health'}):
            answer = self.get('', **variables)
            self.assertEqual((answer.status, answer.body.strip()), (200, b'ok'))

    def test_head_is_answered_without_a_body(self):
        for query, status in (('code=' + magic(), 200), ('', 400), ('query-without-name', 400)):
            answer = self.get(query, REQUEST_METHOD='HEAD')
            self.assertEqual((answer.status, answer.body), (status, b''))
            self.assertGreater(int(answer.headers['content-length']), 40)

    def test_bad_requests_are_400(self):
        for query in ('', 'code=', 'code=a&code=b', 'code=%', 'code=%00'):
            self.assert_refused(self.get(query), 400, 400, 'never')

    def test_a_request_method_alone_makes_it_a_cgi_program(self):
        environment = {'REQUEST_METHOD': 'GET', 'QUERY_STRING': 'code=' + magic(),
                       'ONLOGIN_CONFIG': str(self.file)}
        done = subprocess.run([ONLOGIN], env=environment, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=20 * PATIENCE)
        self.assert_logged_in(fcgi.Answer.from_cgi(done.stdout))

    def test_the_body_may_come_from_a_file(self):
        with tempfile.TemporaryFile() as file:
            file.write(body := self.form())
            file.seek(0)
            self.assert_logged_in(self.post(body, stdin=file))

    def test_the_body_may_come_from_a_socket(self):
        ours, its = socket.socketpair()
        with ours, its:
            ours.sendall(body := self.form())  # and nothing ends it: the length says enough
            self.assert_logged_in(self.post(body, stdin=its))

    def test_the_body_may_come_through_a_pipe_that_stays_open(self):
        reader, writer = os.pipe()
        try:
            os.write(writer, body := self.form())
            with os.fdopen(reader, 'rb') as stdin:
                answer = self.post(body, stdin=stdin)
        finally:
            os.close(writer)
        self.assert_logged_in(answer)
        self.assertLess(answer.seconds, 5 * PATIENCE)

    @each(('missing', None), ('empty', ''), ('minus_1', '-1'))
    def test_a_chunked_body_without_length_is_read_to_its_end(self, length):
        answer = self.post(self.form(), CONTENT_LENGTH=length, HTTP_TRANSFER_ENCODING='chunked')
        self.assert_logged_in(answer)

    def test_without_any_length_there_is_no_body(self):
        # RFC 3875 4.2: nothing to be read then; standard input may be anything.
        reader, writer = os.pipe()
        try:
            with os.fdopen(reader, 'rb') as stdin:
                answer = self.post(b'', stdin=stdin, CONTENT_LENGTH=None,
                                   QUERY_STRING='code=' + magic())
        finally:
            os.close(writer)
        self.assert_logged_in(answer)

    def test_what_is_behind_the_body_is_left_alone(self):
        body = self.form()
        self.assert_logged_in(self.post(body + b'&code=ok-2', CONTENT_LENGTH=len(body)))

    @each(('longer_than_the_body', '1000'), ('garbage', 'abc'), ('negative', '-5'),
          ('half_garbage', '12abc'))
    def test_a_wrong_length_is_400(self, length):
        self.assert_refused(self.post(self.form(), CONTENT_LENGTH=length), 400, 400, 'never')

    def test_a_body_at_the_limit_is_fine(self):
        body = self.form() + b'&x='
        self.assert_logged_in(self.post(body + b'x' * (16384 - len(body))))

    @each(('announced', {}), ('announced_absurdly', {'CONTENT_LENGTH': '9' * 30}),
          ('chunked', {'CONTENT_LENGTH': None, 'HTTP_TRANSFER_ENCODING': 'chunked'}),
          ('minus_1', {'CONTENT_LENGTH': '-1', 'HTTP_TRANSFER_ENCODING': 'chunked'}))
    def test_a_larger_body_is_413(self, variables):
        body = self.form() + b'&x='
        self.assert_refused(self.post(body + b'x' * (16385 - len(body)), **variables), 413, 413,
                            'never')

    def test_an_endless_chunked_body_is_413(self):
        with open('/dev/zero', 'rb') as endless:
            answer = self.post(b'', stdin=endless, CONTENT_LENGTH=None,
                               HTTP_TRANSFER_ENCODING='chunked')
        self.assert_refused(answer, 413, 413, 'never')

    def test_a_closed_standard_input_is_no_body(self):
        environment = {'REQUEST_METHOD': 'GET', 'QUERY_STRING': 'code=' + magic(),
                       'ONLOGIN_CONFIG': str(self.file)}
        done = subprocess.run([ONLOGIN], env=environment, capture_output=True,
                              preexec_fn=lambda: os.close(0), timeout=20 * PATIENCE)
        self.assert_logged_in(fcgi.Answer.from_cgi(done.stdout))

    def test_a_bad_configuration_fails_with_1(self):
        done = subprocess.run([ONLOGIN, '-c', '/nowhere/x.json'], capture_output=True,
                              env={'REQUEST_METHOD': 'GET'}, stdin=subprocess.DEVNULL)
        self.assertEqual((done.returncode, done.stdout), (1, b''))
        self.assertIn(b'/nowhere/x.json', done.stderr)

    def test_clients_cannot_choose_the_configuration_or_a_proxy(self):
        answer = self.get('code=' + magic(), HTTP_PROXY='http://127.0.0.1:1',
                          HTTP_ONLOGIN_CONFIG='/nowhere/x.json', HTTP_ONLOGIN_APPID='wx9')
        self.assert_logged_in(answer)

    def test_the_request_is_logged(self):
        self.get('code=' + magic(), REQUEST_ID='id-of-a-cgi-request')
        self.assertRegex(self.log, r'login request=id-of-a-cgi-request .*status=200')

    def test_a_busy_wechat_is_asked_twice_here_too(self):
        code = wechat().code(errcode=-1, times=1)
        self.assert_logged_in(self.get('code=' + code))
        self.assertEqual(wechat().exchanges(code), 2)

    def test_a_late_answer_is_a_timeout(self):
        file = new_directory() / 'onlogin.json'
        write_private(file, json.dumps(configuration(wechat={'timeout_ms': 500})))
        answer = self.get('code=' + wechat().code(delay_ms=3000), ONLOGIN_CONFIG=file)
        self.assert_refused(answer, 504, 504, 'login')
        self.assertLess(answer.seconds, 0.5 + 2 * PATIENCE)


class Patience(CgiCase):
    """Of a program whose server, or whose client, goes on for ever."""

    lasts = 25

    def drip(self, **variables):
        """A byte each second, as long as the program reads."""
        reader, writer = os.pipe()
        done = threading.Event()

        def send():
            with contextlib.suppress(BrokenPipeError):
                while not done.wait(1):
                    os.write(writer, b'x')

        thread = threading.Thread(target=send)
        thread.start()
        try:
            return self.run_it(reader, REQUEST_METHOD='POST', CONTENT_TYPE=FORM, **variables)
        finally:
            os.close(reader)
            done.set()
            thread.join()
            os.close(writer)

    @each(('announced', {'CONTENT_LENGTH': 1000}),
          ('chunked', {'HTTP_TRANSFER_ENCODING': 'chunked'}))
    def test_a_body_that_never_ends_is_given_up(self, variables):
        answer = self.drip(**variables)
        self.assert_refused(answer, 400, 400, 'never')
        self.assertLess(answer.seconds, 10 + 5 * PATIENCE)

    def test_a_server_that_takes_no_answer_is_given_up(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b'x' * 4096)
        os.set_blocking(writer, True)
        began = time.monotonic()
        program = subprocess.Popen([ONLOGIN], stdin=subprocess.DEVNULL, stdout=writer,
                                   env={'REQUEST_METHOD': 'GET', 'QUERY_STRING': 'code=' + magic(),
                                        'ONLOGIN_CONFIG': str(self.file)})
        os.close(writer)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        self.assertEqual(program.wait(20 * PATIENCE), 0)
        self.assertGreater(time.monotonic() - began, 9)
