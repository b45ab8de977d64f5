"""A backend in Python that knows its users: an account for each, made at the first visit.

Behind nginx with snippets/onlogin-guard.conf, as the example /api/ in onlogin.conf:

    python3 backend.py 3000 accounts.db      then  proxy_pass http://127.0.0.1:3000;
    uwsgi --plugin python3 --wsgi-file backend.py --socket /run/app.sock
                                             then  uwsgi_pass unix:/run/app.sock;

With the locations /api/phone and @onlogin_phone of onlogin.conf it gets a user's phone number there,
in Onlogin-Phone-Number, when the mini program posts the code of its getPhoneNumber button.

It has to be out of reach for everybody but nginx: whoever reaches it is whom he says.
"""

import json
import os
import sqlite3
import sys
from wsgiref.simple_server import make_server

# An openid is a user's name in one mini program, so the key is both. In another mini program of the
# same company the same person has another openid and the same unionid; WeChat tells the unionid
# only when both belong to one account at open.weixin.qq.com, so it may come at a later visit.
SCHEMA = '''
CREATE TABLE IF NOT EXISTS account (
    id      INTEGER PRIMARY KEY,         -- what your other tables refer to
    appid   TEXT NOT NULL,
    openid  TEXT NOT NULL,
    unionid TEXT,
    visits  INTEGER NOT NULL DEFAULT 1,
    UNIQUE (appid, openid)
);
CREATE INDEX IF NOT EXISTS account_unionid ON account (unionid);
CREATE TABLE IF NOT EXISTS phone (
    account INTEGER PRIMARY KEY REFERENCES account,
    country TEXT NOT NULL,
    number  TEXT NOT NULL
);
'''

# One statement, so that two first visits at the same time are one account. PostgreSQL takes it too.
VISIT = '''
INSERT INTO account (appid, openid, unionid) VALUES (:appid, :openid, :unionid)
ON CONFLICT (appid, openid) DO UPDATE
    SET visits = account.visits + 1, unionid = coalesce(excluded.unionid, account.unionid)
RETURNING id, visits
'''

PHONE = '''
INSERT INTO phone (account, country, number) VALUES (:account, :country, :number)
ON CONFLICT (account) DO UPDATE SET country = excluded.country, number = excluded.number
'''


def database(path):
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    return connection


accounts = database(os.environ.get('ACCOUNTS', ':memory:'))


def application(environ, start_response):
    """https://peps.python.org/pep-3333/; here X-WX-OPENID is called HTTP_X_WX_OPENID."""
    status, answer = visit(environ)
    start_response(status, [('Content-Type', 'application/json; charset=utf-8')])
    return [json.dumps(answer).encode()]


def visit(environ):
    openid = environ.get('HTTP_X_WX_OPENID')
    number = environ.get('HTTP_ONLOGIN_PHONE_NUMBER')
    if not openid:  # a location without the guard
        return '401 Unauthorized', {'code': 401, 'message': 'who is it?', 'recover': 'login'}
    path = environ.get('SCRIPT_NAME', '') + environ.get('PATH_INFO', '')
    at_phone = path.rstrip('/') == '/api/phone'
    if at_phone and not number:  # it came another way than through the location of onlogin.conf
        return '400 Bad Request', {'code': 400, 'message': 'no phone number', 'recover': 'never'}
    with accounts:
        account, visits = accounts.execute(VISIT, {
            'appid': environ['HTTP_X_WX_APPID'], 'openid': openid,
            'unionid': environ.get('HTTP_X_WX_UNIONID') or None}).fetchone()
        if at_phone:
            accounts.execute(PHONE, {'account': account, 'number': number,
                                     'country': environ['HTTP_ONLOGIN_PHONE_COUNTRY']})
    known = accounts.execute('SELECT number FROM phone WHERE account = ?', (account,)).fetchone()
    return '200 OK', {'code': 0, 'message': 'ok', 'data': {
        'greeting': f'Hello, {openid}', 'account': account, 'visits': visits,
        'phone': known[0][-4:] if known else None}}  # enough for the user to know it by


if __name__ == '__main__':
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    if len(sys.argv) > 2:
        accounts = database(sys.argv[2])
    make_server('127.0.0.1', port, application).serve_forever()
