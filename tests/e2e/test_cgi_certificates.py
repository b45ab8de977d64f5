"""Where a CGI program finds the CA certificates of the system: it has no time to read them all."""

import json
import os
import pathlib
import shutil
import subprocess

import fcgi
from harness import (ONLOGIN, PATIENCE, Case, configuration, magic, new_directory, wechat,
                     write_private)

SYSTEM = pathlib.Path('/etc/ssl/certs')

# A program with a directory of ours where the system's certificates were, for it alone.
WITH_CERTIFICATES = ['unshare', '--mount', 'sh', '-c',
                     'mount --bind "$1" /etc/ssl/certs && shift && exec "$@"', 'sh']


class Certificates(Case):
    def setUp(self):
        self.directory = new_directory() / 'certs'
        shutil.copytree(SYSTEM, self.directory, symlinks=True)
        if subprocess.run([*WITH_CERTIFICATES, self.directory, 'true'],
                          capture_output=True).returncode != 0:
            self.skipTest('mounts are not allowed here')
        self.file = new_directory() / 'onlogin.json'
        config = configuration()
        del config['wechat']['ca_file']
        write_private(self.file, json.dumps(config))

    def trust_by_hash(self):
        hash = subprocess.run(['openssl', 'x509', '-hash', '-noout', '-in', wechat().ca],
                              check=True, capture_output=True, text=True).stdout.strip()
        shutil.copy(wechat().ca, self.directory / f'{hash}.0')

    def trust_in_the_bundle(self):
        with (self.directory / 'ca-certificates.crt').open('ab') as bundle:
            bundle.write(wechat().ca.read_bytes())

    def login(self):
        environment = dict(os.environ, REQUEST_METHOD='GET', QUERY_STRING='code=' + magic(),
                           ONLOGIN_CONFIG=str(self.file))
        done = subprocess.run([*WITH_CERTIFICATES, self.directory, ONLOGIN], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=20 * PATIENCE)
        return fcgi.Answer.from_cgi(done.stdout)

    def test_the_directory_is_enough(self):
        self.trust_by_hash()
        self.assert_logged_in(self.login())

    def test_without_hashes_the_bundle_is_read(self):
        for path in self.directory.glob('*.[0-9]'):
            path.unlink()
        self.trust_in_the_bundle()
        self.assert_logged_in(self.login())

    def test_an_unknown_authority_is_not_trusted(self):
        self.assert_refused(self.login(), 502, 502, 'later')

    def test_a_file_of_the_configuration_goes_before_both(self):
        self.trust_by_hash()
        config = configuration()
        config['wechat']['ca_file'] = str(SYSTEM / 'ca-certificates.crt')
        write_private(self.file, json.dumps(config))
        self.assert_refused(self.login(), 502, 502, 'later')
