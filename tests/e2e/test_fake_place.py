"""Where the fake WeChat keeps its files, and the configuration that it leaves there."""

import os
import pwd
import re
import shutil
import subprocess
import unittest

from harness import (APP, ONLOGIN, PATIENCE, RESPONDER, ROOT, Case, each, free_port, magic,
                     new_directory, write_private)

SCRIPT = ROOT / 'tests/fake-wechat/onlogin-fake-wechat'
NOBODY = pwd.getpwnam('nobody').pw_uid


def start_in(directory, port):
    """Its exit status and what it says; 'ready' as soon as it serves."""
    process = subprocess.Popen(
        ['setpriv', '--pdeathsig', 'TERM', SCRIPT, '-p', str(port), '-d', str(directory)],
        env=os.environ | {'FAKE_WECHAT_RESPONDER': str(RESPONDER)}, cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    for line in process.stdout:
        said.append(line)
        if line == 'ready\n':
            process.terminate()
    return process.wait(20 * PATIENCE), ''.join(said)


class Place(Case):
    def setUp(self):
        self.home = new_directory()
        self.port = free_port()

    def refused(self, directory, word):
        outside = sorted(self.home.rglob('*'))
        status, said = start_in(directory, self.port)
        self.assertEqual((status, len(said.splitlines())), (1, 1), said)
        self.assertIn(word, said)
        self.assertEqual(sorted(self.home.rglob('*')), outside, 'nothing is written')

    def taken(self, directory):
        status, said = start_in(directory, self.port)
        self.assertEqual((status, said[-6:]), (0, 'ready\n'), said)

    def test_one_of_ours_is_made_with_what_leads_there(self):
        self.taken(self.home / 'a/b')
        self.assertEqual((self.home / 'a/b').stat().st_mode & 0o777, 0o755)
        self.taken(self.home / 'a/./../a/b/')

    def test_a_sticky_directory_may_lead_to_one_of_ours(self):
        self.home.chmod(0o1777)
        self.taken(self.home / 'a')

    @each(('everybody', 0o777), ('group', 0o775), ('sticky', 0o1777))
    def test_one_that_others_may_write_to_is_refused(self, mode):
        self.home.chmod(mode)
        self.refused(self.home, f'others may write to {self.home}')

    @each(('everybody', 0o777), ('group', 0o775))
    def test_one_below_such_a_directory_is_refused(self, mode):
        (self.home / 'a/b').mkdir(parents=True)
        (self.home / 'a').chmod(mode)
        for name in ('a/b', 'a/new', 'a/b/new', 'a/../b'):
            self.refused(self.home / name, f'others may write to {self.home}/a')

    def test_a_link_of_ours_is_followed(self):
        (self.home / 'a').mkdir()
        (self.home / 'link').symlink_to('a')
        self.taken(self.home / 'link/b')
        self.assertTrue((self.home / 'a/b/ca.pem').exists())

    def test_a_link_to_a_place_of_others_is_refused(self):
        (self.home / 'a').mkdir()
        (self.home / 'a').chmod(0o777)
        (self.home / 'link').symlink_to(self.home / 'a')
        self.refused(self.home / 'link/b', 'others may write to')

    def test_links_without_end_are_refused(self):
        (self.home / 'link').symlink_to('link')
        self.refused(self.home / 'link', 'too many links')

    def test_links_inside_lead_nowhere(self):
        kept, directory = self.home / 'kept', self.home / 'a'
        directory.mkdir()
        kept.mkdir()
        (kept / 'file').write_text('mine')
        names = ['ca.pem', 'ca.key', 'ca.cnf', 'server.pem', 'server.key', 'server.csr', 'server.cnf',
                 'tool.log', 'onlogin.json', 'nginx.conf', 'nginx.log', 'nginx.pid', 'nginx.lock',
                 'fcgi.sock']
        for name in names:
            (directory / name).symlink_to(kept / 'file')
        (directory / 'nginx.temp').symlink_to(kept)
        self.taken(directory)
        self.assertEqual([path.name for path in kept.iterdir()], ['file'])
        self.assertEqual((kept / 'file').read_text(), 'mine')

    @unittest.skipUnless(os.geteuid() == 0, 'needs root, to give files away')
    def test_one_of_another_user_is_refused(self):
        theirs = self.home / 'theirs'
        theirs.mkdir()
        (theirs / 'below').mkdir()
        os.chown(theirs, NOBODY, -1)
        for name in ('theirs', 'theirs/new', 'theirs/below', 'theirs/below/new'):
            self.refused(self.home / name, f'{theirs} belongs to nobody')

    @unittest.skipUnless(os.geteuid() == 0, 'needs root, to give files away')
    def test_a_link_of_another_user_is_refused(self):
        (self.home / 'a').mkdir()
        self.home.chmod(0o1777)
        (self.home / 'link').symlink_to(self.home / 'a')
        os.chown(self.home / 'link', NOBODY, -1, follow_symlinks=False)
        self.refused(self.home / 'link', 'is a link of nobody')
        self.refused(self.home / 'link/new', 'is a link of nobody')


def blocks(readme, title):
    """The commands of a section of a README."""
    text = (ROOT / readme).read_text()
    section = re.search(rf'(?ms)^## {title}$(.*?)^## ', text)[1]
    return re.findall(r'(?ms)^```sh\n(.*?)^```$', section)


class Configuration(Case):
    """What the READMEs say of life without a WeChat account."""

    @classmethod
    def setUpClass(cls):
        cls.fake = cls.start_wechat()
        cls.home = new_directory()
        (cls.home / 'wechat').symlink_to(cls.fake.directory)
        (cls.home / 'bin').mkdir()
        (cls.home / 'bin/onlogin').symlink_to(ONLOGIN)
        (cls.home / 'bin/systemctl').write_text('#!/bin/sh\necho "systemctl $*"\n')
        (cls.home / 'bin/systemctl').chmod(0o755)
        cls.commands = blocks('README.md', 'Without a WeChat account')

    def run_there(self, command, **environment):
        command = command.replace('/etc/onlogin', f'{self.home}/etc').replace(
            'localhost:8443', f'localhost:{self.fake.port}')
        done = subprocess.run(['sh', '-ec', command], capture_output=True, text=True,
                              timeout=20 * PATIENCE, env=os.environ | environment | {
                                  'HOME': str(self.home), 'ONLOGIN_CONFIG': f'{self.home}/etc/onlogin.json',
                                  'PATH': f'{self.home}/bin:{os.environ["PATH"]}'})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_both_READMEs_have_the_same_commands(self):
        self.assertEqual(self.commands, blocks('README.zh-CN.md', '没有小程序账号也能开发'))

    def test_the_fake_leaves_one_that_works(self):
        path = self.fake.directory / 'onlogin.json'
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertIn('onlogin-fake-wechat -d ~/wechat\n', self.commands)
        answer = self.run_there(next(block for block in self.commands if 'QUERY_STRING' in block))
        self.assertIn('"code":45011', answer)
        self.assertIn('"openid"', self.run_there(
            f'REQUEST_METHOD=GET QUERY_STRING=code={magic()} onlogin -c ~/wechat/onlogin.json'))

    def test_the_configuration_of_the_service_is_changed_and_changed_back(self):
        shipped = (ROOT / 'src/onlogin.json').read_text()
        etc = self.home / 'etc'
        (etc / 'secrets').mkdir(parents=True)
        write_private(etc / 'secrets/internal.key', 'k' * 32)  # as the package makes it
        self.addCleanup(shutil.rmtree, etc)
        (etc / 'onlogin.json').write_text(shipped)
        there, back = [block for block in self.commands if 'sed ' in block]
        # The fake of tests has a secret of its own.
        secret = dict(line.split() for line in self.fake.get('/fake/apps').body.decode().splitlines())
        there = there.replace('0123456789abcdef0123456789abcdef', secret[APP])
        self.assertTrue(self.run_there(there).endswith('systemctl restart onlogin\n'))
        self.assertEqual((etc / 'secrets/app.secret').stat().st_mode & 0o777, 0o600)
        self.assertIn('"openid"', self.run_there(
            f'REQUEST_METHOD=GET QUERY_STRING=code={magic()} onlogin'))
        self.run_there(back)
        self.assertEqual((etc / 'onlogin.json').read_text(),
                         shipped.replace('"appid": ""', f'"appid": "{APP}"'))
