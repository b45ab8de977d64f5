"""What stands between the worker and WeChat, and what the log and the doctor say to mend."""

import contextlib
import datetime
import json
import os
import socket
import ssl
import struct
import subprocess
import threading

from harness import (ONLOGIN, PATIENCE, Case, check_no_leak, configuration, each, end_listening,
                     free_port, keep_private, magic, make_certificate, new_directory, wechat,
                     write_private)

PASSWORD = keep_private('Gehe1mes!Passwort')


class Server:
    """Listens on this host and does with each connection what it is told to."""

    def __init__(self, case, handle):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.handle = handle
        threading.Thread(target=self.serve, daemon=True).start()
        case.addCleanup(end_listening, self.listener)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection, contextlib.suppress(OSError):
            self.handle(connection)


def says(text):
    def handle(connection):
        connection.recv(5000)
        connection.sendall(text.encode('latin-1'))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(5000)
    return handle


def status(line):
    return says(f'HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n')


def closes(connection):
    connection.recv(5000)


def resets(connection):
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def waits(connection):
    while connection.recv(5000):
        pass


def relays(connection):
    """A proxy that works."""
    connection.recv(5000)
    with socket.create_connection(('127.0.0.1', wechat().port)) as there:
        connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n')

        def copy(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
        other = threading.Thread(target=copy, args=(there, connection))
        other.start()
        copy(connection, there)
        other.join()


def speaks_tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def handle(connection):
        context.wrap_socket(connection, server_side=True).recv(5000)
    return handle


class WayToWechat(Case):
    def configured(self, **section):
        config = configuration(wechat={'connect_timeout_ms': 1000, 'timeout_ms': 1500, **section})
        file = new_directory() / 'onlogin.json'
        write_private(file, json.dumps(config))
        return file

    def run_it(self, file, *arguments, **variables):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ('CREDENTIALS_DIRECTORY', 'GATEWAY_INTERFACE', 'REQUEST_METHOD')}
        done = subprocess.run([ONLOGIN, *arguments, '-c', file], env=environment | variables,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=60 * PATIENCE)
        check_no_leak('the output', done.stdout + done.stderr)
        return done

    def login(self, file):
        """The log of a login, and its answer."""
        done = self.run_it(file, REQUEST_METHOD='GET', QUERY_STRING='code=' + magic())
        return done.stderr, done.stdout

    def assert_told(self, file, cause, *advice):
        """The log and the doctor have libcurl's cause, and advice with these words."""
        log, answer = self.login(file)
        self.assertIn('Status: 502', answer)
        lines = [line for line in log.splitlines() if ' error wechat ' in line]
        self.assertEqual(len(lines), 1, log)
        findings = self.run_it(file, 'doctor', '--json').stdout
        finding, = [f for f in json.loads(findings)['findings']
                    if f['check'] in ('wechat', 'app') and f['verdict'] == 'bad']
        for text in (lines[0], finding['text'] + ' ' + finding['mend']):
            self.assertRegex(text, cause)
            for words in advice:
                self.assertIn(words, text)

    def proxy(self, handle, scheme='http'):
        port = Server(self, handle).port
        password = PASSWORD.replace('!', '%21')
        return self.configured(proxy=f'{scheme}://user:{password}@127.0.0.1:{port}')

    def test_a_proxy_that_works(self):
        log, answer = self.login(self.proxy(relays))
        self.assertIn('Status: 200', answer)
        self.assertNotIn(' error ', log)

    @each(('407', status('407 Proxy Authentication Required'), 'http', '407', 'user and the password'),
          ('403', status('403 Forbidden'), 'http', '403', 'forbids', 'CONNECT to localhost:'),
          ('502', status('502 Bad Gateway'), 'http', '502', 'cannot reach localhost:'),
          ('closes', closes, 'http', 'abort', 'its scheme'),
          ('resets', resets, 'http', 'reset|abort', 'its scheme'),
          ('other', says('SSH-2.0-OpenSSH\r\n'), 'http', 'abort|Received|CONNECT', 'its scheme'),
          ('no_tls', status('400 Bad Request'), 'https', 'wrong version', 'http:// instead'),
          ('socks_no_method', says('\x05\xff'), 'socks5h', 'No authentication', 'the password'),
          ('no_socks', status('400 Bad Request'), 'socks5', 'SOCKS5', 'its scheme'))
    def test_a_proxy(self, handle, scheme, cause, *advice):
        self.assert_told(self.proxy(handle, scheme), cause, 'wechat.proxy', *advice)

    def test_a_proxy_that_says_nothing(self):
        self.assert_told(self.proxy(waits), 'in time|timeout', 'wechat.proxy', 'too late')

    def test_a_proxy_that_is_down(self):
        self.assert_told(self.configured(proxy=f'http://u:{PASSWORD}@127.0.0.1:{free_port()}'),
                         'Failed to connect', 'nothing answers', 'wechat.proxy')

    def test_a_proxy_without_an_address(self):
        self.assert_told(self.configured(proxy=f'http://u:{PASSWORD}@nowhere.invalid:3128'),
                         'nowhere.invalid', 'wechat.proxy', 'name server')

    def test_a_proxy_that_asks_who_we_are_without_a_tunnel(self):
        port = Server(self, status('407 Proxy Authentication Required')).port
        self.assert_told(self.configured(url='http://127.0.0.1:81', proxy=f'http://127.0.0.1:{port}'),
                         '407', 'wechat.proxy')

    def test_a_server_without_an_address(self):
        self.assert_told(self.configured(url='https://nowhere.invalid'), 'nowhere.invalid',
                         '/etc/resolv.conf')

    def test_a_server_that_is_down(self):
        self.assert_told(self.configured(url=f'https://localhost:{free_port()}'), 'Failed to connect',
                         'nothing answers there')

    @each(('closes', closes, 'SSL|TLS', 'TLS handshake'),
          ('resets', resets, 'reset|SSL|TLS', 'TLS handshake'),
          ('no_tls', status('400 Bad Request'), 'wrong version', 'no TLS'))
    def test_a_server_that(self, handle, cause, *advice):
        self.assert_told(self.configured(url=f'https://localhost:{Server(self, handle).port}'),
                         cause, *advice)

    def certified(self, name='localhost', **validity):
        directory = new_directory()
        certificate, key = directory / 'server.pem', directory / 'server.key'
        if validity:
            self.make_certificate_of(directory, **validity)
        else:
            make_certificate(certificate, key, name)
        server = Server(self, speaks_tls(certificate, key))
        return f'https://localhost:{server.port}', certificate

    def make_certificate_of(self, directory, begins, ends):
        """Signed by itself, valid from a day on to a day, both counted from now."""
        def day(number):
            return (datetime.datetime.now(datetime.timezone.utc)
                    + datetime.timedelta(days=number)).strftime('%y%m%d%H%M%SZ')
        (directory / 'ca.cnf').write_text(
            '[ca]\ndefault_ca = own\n[own]\ndatabase = index\nnew_certs_dir = .\ndefault_md = sha256\n'
            'policy = any\nrand_serial = yes\n[any]\ncommonName = supplied\n'
            '[names]\nsubjectAltName = DNS:localhost\n')
        (directory / 'index').write_text('')
        for command in (['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                         '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr'],
                        ['ca', '-batch', '-config', 'ca.cnf', '-selfsign', '-in', 'server.csr',
                         '-keyfile', 'server.key', '-out', 'server.pem', '-notext', '-extensions',
                         'names', '-startdate', day(begins), '-enddate', day(ends)]):
            subprocess.run(['openssl', *command], cwd=directory, check=True, capture_output=True)

    def test_a_certificate_that_has_expired(self):
        url, certificate = self.certified(begins=-20, ends=-10)
        self.assert_told(self.configured(url=url, ca_file=str(certificate)), 'expired', 'clock')

    def test_a_certificate_of_tomorrow(self):
        url, certificate = self.certified(begins=10, ends=20)
        self.assert_told(self.configured(url=url, ca_file=str(certificate)), 'not yet valid',
                         'timedatectl set-ntp true')

    def test_a_certificate_for_another_name(self):
        url, certificate = self.certified('elsewhere.example')
        self.assert_told(self.configured(url=url, ca_file=str(certificate)), 'subject name',
                         'another host', 'wechat.url')

    def test_a_certificate_that_nobody_has_signed(self):
        url, _ = self.certified()
        self.assert_told(self.configured(url=url), 'self.signed', 'wechat.ca_file')

    def test_a_ca_that_is_not_the_one(self):
        _, other = self.certified()
        self.assert_told(self.configured(ca_file=str(other)), 'local issuer', 'wechat.ca_file')

    def test_a_ca_file_that_breaks_while_the_worker_runs(self):
        directory = new_directory()
        ca = directory / 'ca.pem'
        ca.write_bytes(wechat().ca.read_bytes())
        worker = self.own_worker(configuration(wechat={'ca_file': str(ca)}), directory=directory)
        ca.write_text('')
        self.assert_refused(worker.login(), 502, 502, 'later')
        worker.await_log(' error ', 'certificate', 'wechat.ca_file cannot be read, or is damaged')
