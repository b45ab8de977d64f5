#!/usr/bin/python3
"""A TLS server that does what no real server in front of WeChat would do on purpose.

usage: raw-server.py --cert FILE --key FILE --port PORT --mode MODE

It listens on 127.0.0.1 and speaks HTTP/1.1. Port 0 is any free one. Modes:

  reset            reads a request, then resets the connection
  close            reads a request, then closes without a byte
  half             sends the headers and half of the body, then closes
  silent-tls       accepts, but never shakes hands
  silent           shakes hands and reads a request, then says nothing
  drip             answers one byte a second
  keepalive-reset  answers the first request of a connection and keeps it; reads the second one,
                   then resets

An answer is a login for any appid and code. On stdout, one JSON object a line:

  {"listening": 8444}                      once, when it accepts
  {"request": 1, "js_code": "0aB..."}      for each complete request; counted for each code

SIGTERM or SIGINT ends it.
"""

import argparse
import collections
import json
import os
import resource
import signal
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

MOST_OF_A_REQUEST = 64 * 1024

BODY = (b'{"session_key":"tiihtNczf5v6AKRyjwEUhQ==",'
        b'"openid":"oGZUI0egBJY1zhBYw2KhdUfwVJJE"}')
HEAD = (b'HTTP/1.1 200 OK\r\n'
        b'Connection: keep-alive\r\n'
        b'Content-Type: text/plain\r\n'
        b'Content-Length: %d\r\n\r\n' % len(BODY))


class Report:
    """What stdout hears. Any thread may call it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests = collections.Counter()

    def line(self, **members):
        with self.lock:
            print(json.dumps(members), flush=True)

    def request(self, js_code):
        with self.lock:
            self.requests[js_code] += 1
            print(json.dumps({'request': self.requests[js_code], 'js_code': js_code}), flush=True)


class Connection:
    """A client after the handshake. Its reads raise EOFError when the client has gone."""

    def __init__(self, tls, report):
        self.tls = tls
        self.report = report
        self.unread = b''

    def receive(self):
        data = self.tls.recv(16384)
        if not data or len(self.unread) > MOST_OF_A_REQUEST:
            raise EOFError
        self.unread += data

    def read_request(self):
        """Reads one request with its body, and reports it."""
        while b'\r\n\r\n' not in self.unread:
            self.receive()
        head, self.unread = self.unread.split(b'\r\n\r\n', 1)
        first, *fields = head.decode('latin-1').split('\r\n')
        length = 0
        for field in fields:
            name, _, value = field.partition(':')
            if name.lower() == 'content-length':
                length = int(value)
        while len(self.unread) < length:
            self.receive()
        self.unread = self.unread[length:]
        target = first.split(' ')[1]
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)
        self.report.request(query.get('js_code', [''])[0])

    def reset(self):
        """Makes the coming close a reset: nothing waits to be sent."""
        self.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))

    def wait_for_client(self):
        """Until the client goes."""
        while self.tls.recv(16384):
            pass


def reset(client):
    client.read_request()
    client.reset()


def close(client):
    client.read_request()


def half(client):
    client.read_request()
    client.tls.sendall(HEAD + BODY[:len(BODY) // 2])


def silent(client):
    client.read_request()
    client.wait_for_client()


def drip(client):
    while True:
        client.read_request()
        for byte in HEAD + BODY:
            client.tls.sendall(bytes([byte]))
            time.sleep(1)


def keepalive_reset(client):
    client.read_request()
    client.tls.sendall(HEAD + BODY)
    client.read_request()
    client.reset()


MODES = {
    'reset': reset,
    'close': close,
    'half': half,
    'silent-tls': None,  # has no client after the handshake
    'silent': silent,
    'drip': drip,
    'keepalive-reset': keepalive_reset,
}


def serve_client(sock, context, mode, report):
    """One connection, in a thread of its own. A client that misbehaves harms only itself."""
    try:
        with sock:
            if mode is None:
                while sock.recv(16384):
                    pass
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with context.wrap_socket(sock, server_side=True) as tls:
                mode(Connection(tls, report))
    except (OSError, EOFError, ValueError, IndexError):
        pass  # ssl.SSLError is an OSError


def read_options():
    parser = argparse.ArgumentParser(usage=__doc__.split('usage: ')[1].split('\n')[0],
                                     description=__doc__.split('\n\n', 2)[2],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cert', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--key', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--port', required=True, type=int, help=argparse.SUPPRESS)
    parser.add_argument('--mode', required=True, choices=MODES, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options = read_options()
    for number in (signal.SIGTERM, signal.SIGINT):
        # At once: threads may be in any call.
        signal.signal(number, lambda *_: os._exit(0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    threading.stack_size(256 * 1024)

    report = Report()
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        context.set_alpn_protocols(['http/1.1'])
        listener = socket.create_server(('127.0.0.1', options.port), backlog=1024)
    except OSError as error:
        sys.exit(f'raw-server.py: {options.cert}, {options.key}, port {options.port}: {error}')
    report.line(listening=listener.getsockname()[1])

    while True:
        try:
            sock, _ = listener.accept()
            threading.Thread(target=serve_client, daemon=True,
                             args=(sock, context, MODES[options.mode], report)).start()
        except (OSError, RuntimeError):
            time.sleep(0.05)  # out of descriptors or threads: others will end


if __name__ == '__main__':
    main()
