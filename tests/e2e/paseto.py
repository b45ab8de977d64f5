"""PASETO v3.local once more, by its text alone: what the worker seals must open here, and it must
refuse what is sealed here with something wrong in it.

https://github.com/paseto-standard/paseto-spec/blob/master/docs/01-Protocol-Versions/Version3.md
"""

import base64
import datetime
import hashlib
import hmac
import json
import secrets
import struct
import subprocess

HEADER = b'v3.local.'


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=')


def decode(text):
    return base64.urlsafe_b64decode(text + b'=' * (-len(text) % 4))


def key_of(paserk):
    """The 32 bytes of k3.local.…"""
    assert paserk.startswith('k3.local.')
    return decode(paserk[len('k3.local.'):].encode())


def hkdf(key, info):
    """48 bytes by HKDF-HMAC-SHA384, without salt."""
    first = hmac.digest(bytes(48), key, 'sha384')
    return hmac.digest(first, info + b'\x01', 'sha384')


def pae(*pieces):
    result = struct.pack('<Q', len(pieces))
    for piece in pieces:
        result += struct.pack('<Q', len(piece)) + piece
    return result


def aes(mode, key, iv, data, *options):
    """By openssl: python has none."""
    return subprocess.run(['openssl', 'enc', f'-aes-{mode}', '-K', key.hex(), '-iv', iv.hex(),
                           *options], input=data, capture_output=True, check=True).stdout


def parts(key, nonce):
    secret = hkdf(key, b'paseto-encryption-key' + nonce)
    return secret[:32], secret[32:], hkdf(key, b'paseto-auth-key-for-aead' + nonce)


def seal(paserk, claims, footer=b'', header=HEADER):
    key, nonce = key_of(paserk), secrets.token_bytes(32)
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    encrypt, counter, authenticate = parts(key, nonce)
    sealed = aes('256-ctr', encrypt, counter, text)
    tag = hmac.digest(authenticate, pae(header, nonce, sealed, footer, b''), hashlib.sha384)
    token = header + encode(nonce + sealed + tag)
    return (token + (b'.' + encode(footer) if footer else b'')).decode()


def unseal(paserk, token):
    """Claims and footer. Raises AssertionError if the token is not of that key."""
    token = token.encode()
    assert token.startswith(HEADER)
    body, _, footer = token[len(HEADER):].partition(b'.')
    body, footer = decode(body), decode(footer)
    nonce, sealed, tag = body[:32], body[32:-48], body[-48:]
    encrypt, counter, authenticate = parts(key_of(paserk), nonce)
    right = hmac.digest(authenticate, pae(HEADER, nonce, sealed, footer, b''), hashlib.sha384)
    assert hmac.compare_digest(right, tag)
    return json.loads(aes('256-ctr', encrypt, counter, sealed)), json.loads(footer or b'null')


def time(seconds):
    """RFC 3339, of seconds since 1970."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime('%Y-%m-%dT%H:%M:%S.') + f'{moment.microsecond // 1000:03}Z'


def seconds(text):
    """The reverse."""
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()
