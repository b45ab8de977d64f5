"""A FastCGI client that can also misbehave.

https://fastcgi-archives.github.io/FastCGI_Specification.html
"""

import json
import socket
import struct
import time

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 9, 10, 11
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3

# Of an END record.
REQUEST_COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = 0, 1, 2, 3


def record(kind, content=b'', id=1, padding=0, version=1):
    return struct.pack('>BBHHBB', version, kind, id, len(content), padding, 0) \
        + content + b'\0' * padding


def begin(id=1, role=RESPONDER, keep=False):
    return record(BEGIN, struct.pack('>HB5x', role, 1 if keep else 0), id)


def length(number):
    return bytes([number]) if number < 0x80 else struct.pack('>I', number | 0x80000000)


def pair(name, value):
    name = name if isinstance(name, bytes) else name.encode()
    value = value if isinstance(value, bytes) else str(value).encode()
    return length(len(name)) + length(len(value)) + name + value


def pairs(variables):
    items = variables.items() if isinstance(variables, dict) else variables
    return b''.join(pair(name, value) for name, value in items)


def stream(kind, content, id=1, piece=65535, padding=0):
    """The records of one stream, its end included."""
    records = [record(kind, content[at:at + piece], id, padding)
               for at in range(0, len(content), piece)]
    return b''.join(records) + record(kind, b'', id)


def request(variables, body=b'', id=1, role=RESPONDER, keep=False, piece=65535, padding=0):
    """A whole request."""
    return begin(id, role, keep) \
        + stream(PARAMS, pairs(variables), id, piece, padding) \
        + stream(STDIN, body, id, piece, padding)


def get(query='', path='/onLogin', **more):
    """The variables of a GET, as the shipped nginx configuration sends them."""
    variables = {'REQUEST_METHOD': 'GET', 'SCRIPT_NAME': path, 'QUERY_STRING': query,
                 'CONTENT_TYPE': '', 'CONTENT_LENGTH': ''}
    variables.update(more)
    return variables


def post(body, content_type='application/x-www-form-urlencoded', **more):
    variables = {'REQUEST_METHOD': 'POST', 'SCRIPT_NAME': '/onLogin', 'QUERY_STRING': '',
                 'CONTENT_TYPE': content_type, 'CONTENT_LENGTH': len(body)}
    variables.update(more)
    return variables


class Answer:
    """Status, headers (names in lower case) and body; also where it came through HTTP."""

    def __init__(self, status, headers, body, seconds=0.0):
        self.status = status
        self.headers = headers
        self.body = body
        self.seconds = seconds

    @classmethod
    def from_cgi(cls, text, seconds=0.0):
        head, separator, body = text.partition(b'\r\n\r\n')
        if not separator:
            raise ValueError(f'no end of the headers in {text[:200]!r}')
        headers = {}
        for line in head.decode('latin-1').split('\r\n'):
            name, _, value = line.partition(': ')
            if name.lower() in headers:
                raise ValueError(f'the header {name} comes twice')
            headers[name.lower()] = value
        return cls(int(headers['status'].split()[0]), headers, body, seconds)

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'<{self.status} {self.headers} {self.body[:300]!r} after {self.seconds:.2f} s>'


class Gone(Exception):
    """The responder has ended the connection."""


class Connection:
    """One connection to a responder; every wait ends after `timeout` seconds."""

    def __init__(self, path, timeout=20.0):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.unread = b''
        self.began = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data, piece=None, pause=0.0):
        """All of it; in pieces of so many bytes if asked to. Raises Gone."""
        self.began = time.monotonic()
        try:
            if piece is None:
                self.socket.sendall(data)
                return
            for at in range(0, len(data), piece):
                self.socket.sendall(data[at:at + piece])
                if pause:
                    time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Gone from error

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self, size):
        while len(self.unread) < size:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError as error:
                raise Gone from error
            if not data:
                raise Gone
            self.unread += data
        data, self.unread = self.unread[:size], self.unread[size:]
        return data

    def read_record(self):
        """(type, id, content). Raises Gone at the end of the connection."""
        version, kind, id, size, padding = struct.unpack('>BBHHBx', self.receive(8))
        if version != 1:
            raise ValueError(f'version {version}')
        return kind, id, self.receive(size + padding)[:size]

    def read_end(self, id=1):
        """What came on standard output up to the end of request `id`, and the protocol status."""
        text = b''
        while True:
            kind, of, content = self.read_record()
            if of != id:
                raise ValueError(f'a record of request {of}')
            if kind == STDOUT:
                text += content
            elif kind == END:
                return text, content[4]
            else:
                raise ValueError(f'record type {kind}: {content!r}')

    def read_answer(self, id=1):
        text, status = self.read_end(id)
        if status != REQUEST_COMPLETE:
            raise ValueError(f'protocol status {status}')
        return Answer.from_cgi(text, time.monotonic() - self.began)

    def ends(self):
        """Whether the responder has ended the connection, waiting for it."""
        try:
            self.receive(1)
        except Gone:
            return True
        return False


def ask(path, variables, body=b'', timeout=20.0, **options):
    """One request on a connection of its own."""
    with Connection(path, timeout) as connection:
        connection.send(request(variables, body, **options))
        return connection.read_answer(options.get('id', 1))
