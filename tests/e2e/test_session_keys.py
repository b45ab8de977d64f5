"""Session keys: how they are made, and how a file of them is read and read again."""

import os
import pathlib
import re
import subprocess

from harness import (ONLOGIN, Case, check_no_leak, configuration, keep_private, new_directory,
                     write_private)
from test_config import onlogin


def new_key():
    done = onlogin('keygen')
    assert (done.returncode, done.stderr) == (0, ''), done
    return keep_private(done.stdout.rstrip('\n'))


class Keygen(Case):
    def test_it_prints_one_key_and_never_the_same(self):
        done = onlogin('keygen')
        self.assertRegex(done.stdout, r'\Ak3\.local\.[A-Za-z0-9_-]{43}\n\Z')
        self.assertNotEqual(done.stdout.strip(), new_key())

    def test_a_full_disk_is_told(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([ONLOGIN, 'keygen'], stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r'\Aonlogin: the key was not written: .*\n\Z')

    def test_it_takes_nothing(self):
        self.assertEqual(onlogin('keygen', '-c', 'x').returncode, 2)


class KeysFile(Case):
    def setUp(self):
        self.directory = new_directory()
        self.file = self.directory / 'session.keys'

    def worker(self):
        return self.own_worker(configuration(session={'keys_file': 'session.keys',
                                                      'revocations': 'sqlite:ended.db'}),
                               directory=self.directory)

    def check(self):
        done = onlogin('-t', '-c', self.directory / 'onlogin.json')
        check_no_leak('the message', done.stdout + done.stderr)
        return done

    def test_keys_are_read_at_the_start_and_again(self):
        first, second = new_key(), new_key()
        write_private(self.file, first + '\n')
        worker = self.worker()
        write_private(self.file, f'# the new one seals\n{second}\n\n{first} # until noon\n')
        self.assertEqual(self.check().returncode, 0)
        self.assertIn('outcome=ok', worker.reload())
        self.assert_unharmed(worker)

    def test_bad_keys_change_nothing_and_the_log_says_why(self):
        key = new_key()
        write_private(self.file, key + '\n')
        worker = self.worker()
        for text, reason in ((key + '\n' + key, r'session\.keys:2: .*line 1'),
                             (key[:-1], r'session\.keys:1: .*onlogin keygen'),
                             ('', r'session\.keys holds no .*onlogin keygen'),
                             ('# ' + key, r'session\.keys holds no .*onlogin keygen')):
            write_private(self.file, text)
            line = worker.reload()
            self.assertIn(' error ', line)
            self.assertRegex(line, r'onlogin\.json:\d+: session\.keys_file: .*' + reason)
            done = self.check()
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done)
            self.assertRegex(done.stderr, reason)
        self.file.unlink()
        self.assertRegex(worker.reload(), r'there is no .*session\.keys: .*onlogin keygen')
        write_private(self.file, key)
        self.file.chmod(0o640)
        self.assertRegex(worker.reload(), r'chmod 600 .*session\.keys')
        self.assert_unharmed(worker)

    def test_what_mends_a_missing_file_mends_it(self):
        write_private(self.file, new_key())
        self.worker()
        self.file.unlink()
        done = self.check()
        command = re.search(r'\(umask 077; onlogin keygen >.*\)$', done.stderr).group()
        paths = os.pathsep.join([str(pathlib.Path(ONLOGIN).parent), os.environ['PATH']])
        subprocess.run(command, shell=True, check=True, env=dict(os.environ, PATH=paths))
        keep_private(self.file.read_text().strip())
        self.assertEqual(self.check().returncode, 0)
