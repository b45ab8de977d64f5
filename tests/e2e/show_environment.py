#!/usr/bin/python3
"""In the worker's place: answers with the variables that it got, and with the size of the body, as JSON.

A FastCGI responder if descriptor 0 listens, else a CGI program, as the worker itself.
"""

import json
import os
import socket
import sys

sys.dont_write_bytecode = True
import fcgi  # noqa: E402, beside this file


def text_of(variables, body):
    text = json.dumps({'variables': variables, 'body': len(body)})
    return f'Status: 200 OK\r\nContent-Type: application/json\r\n\r\n{text}'.encode()


def read_exactly(connection, size):
    data = b''
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_length(data, at):
    if data[at] < 0x80:
        return data[at], at + 1
    return int.from_bytes(data[at:at + 4], 'big') & 0x7fffffff, at + 4


def read_pairs(data):
    pairs, at = {}, 0
    while at < len(data):
        name, at = read_length(data, at)
        value, at = read_length(data, at)
        pairs[data[at:at + name].decode('latin-1')] = \
            data[at + name:at + name + value].decode('latin-1')
        at += name + value
    return pairs


def serve(connection):
    streams = {fcgi.PARAMS: b'', fcgi.STDIN: b''}
    while True:
        head = read_exactly(connection, 8)
        kind, id = head[1], int.from_bytes(head[2:4], 'big')
        size = int.from_bytes(head[4:6], 'big')
        content = read_exactly(connection, size + head[6])[:size]
        if kind in streams:
            streams[kind] += content
        if kind == fcgi.STDIN and not content:
            break
    answer = text_of(read_pairs(streams[fcgi.PARAMS]), streams[fcgi.STDIN])
    connection.sendall(fcgi.stream(fcgi.STDOUT, answer, id) + fcgi.record(fcgi.END, bytes(8), id))


def main():
    with socket.socket(fileno=os.dup(0)) as listener:
        if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sys.stderr.write('serving\n')
            sys.stderr.flush()
            while True:
                connection, _ = listener.accept()
                with connection:
                    try:
                        serve(connection)
                    except (EOFError, OSError):
                        pass


if __name__ == '__main__':
    try:
        main()
    except OSError:  # no socket, or none that listens
        pass
    length = os.environ.get('CONTENT_LENGTH', '')
    body = sys.stdin.buffer.read(int(length) if length.isdecimal() else
                                 -1 if 'HTTP_TRANSFER_ENCODING' in os.environ else 0)
    sys.stdout.buffer.write(text_of(dict(os.environ), body))
