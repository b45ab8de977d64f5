"""The Debian packages' version, and the lists of packages that READMEs and Makefile have."""

import os
import re
import shutil
import subprocess

from harness import ROOT, Case, each, new_directory

GIT = {'GIT_AUTHOR_NAME': 'a', 'GIT_AUTHOR_EMAIL': 'a@localhost', 'GIT_COMMITTER_NAME': 'a',
       'GIT_COMMITTER_EMAIL': 'a@localhost', 'GIT_CONFIG_GLOBAL': '/dev/null'}


class Version(Case):
    """systemd/deb-version, in a tree of its own."""

    def setUp(self):
        if not shutil.which('git'):
            self.skipTest('needs git')
        self.tree = new_directory()
        (self.tree / 'systemd/debian').mkdir(parents=True)
        shutil.copy(ROOT / 'systemd/deb-version', self.tree / 'systemd')
        changelog = (ROOT / 'systemd/debian/changelog').read_text()
        (self.tree / 'systemd/debian/changelog').write_text(changelog)
        self.release = re.search(r'\((.*?)\)', changelog)[1]

    def run_there(self, *command, **environment):
        return subprocess.run(command, cwd=self.tree, check=True, capture_output=True, text=True,
                              timeout=20, env=os.environ | GIT | environment).stdout.strip()

    def commit(self, time, text='a'):
        if not (self.tree / '.git').exists():
            self.run_there('git', 'init', '-q')
        (self.tree / 'file').write_text(text + time)
        self.run_there('git', 'add', '-A')
        self.run_there('git', 'commit', '-qm', 'x', GIT_COMMITTER_DATE=time, GIT_AUTHOR_DATE=time)
        return self.run_there('git', 'rev-parse', '--short', 'HEAD')

    def version(self, **environment):
        result = self.run_there('systemd/deb-version', **environment)
        self.assertRegex(result, r'^[0-9][0-9A-Za-z.+~]*$', 'a native package has no hyphen')
        return result

    def assert_upgrade(self, old, new):
        subprocess.run(['dpkg', '--compare-versions', old, 'lt', new], check=True)

    def test_a_commit_is_told_by_its_time_and_name(self):
        name = self.commit('2026-11-26T15:30:00+0800')
        self.assertEqual(self.version(), f'{self.release}+git20261126.073000.{name}')

    def test_the_next_commit_is_an_upgrade(self):
        versions = [self.release]  # which packages had before
        for time in ('2026-11-26T07:30:00+0000', '2026-11-26T07:30:01+0000', '2026-11-26T23:00:00+0800',
                     '2027-01-01T00:00:00+0000'):
            self.commit(time)
            versions.append(self.version())
        for old, new in zip(versions, versions[1:]):
            self.assert_upgrade(old, new)

    def test_what_is_not_committed_is_an_upgrade_too_until_it_is(self):
        self.commit('2020-01-01T00:00:00+0000')
        clean = self.version()
        (self.tree / 'file').write_text('changed')
        dirty = self.version()
        self.assertTrue(dirty.startswith(clean + '+2'), dirty)
        self.assert_upgrade(clean, dirty)
        self.commit('2020-01-01T00:00:01+0000')
        self.assert_upgrade(dirty, self.version())

    def test_a_file_that_git_does_not_know_changes_nothing(self):
        self.commit('2020-01-01T00:00:00+0000')
        clean = self.version()
        (self.tree / 'notes').write_text('mine')
        self.assertEqual(self.version(), clean)

    @each(('with_v', 'v'), ('without', ''))
    def test_a_release_is_what_its_tag_says(self, prefix):
        self.commit('2020-01-01T00:00:00+0000')
        self.run_there('git', 'tag', f'{prefix}{self.release}')
        self.assertEqual(self.version(), self.release)
        (self.tree / 'file').write_text('changed')
        self.assert_upgrade(self.release, self.version())
        self.commit('2020-01-02T00:00:00+0000')
        self.assert_upgrade(self.release, self.version())

    def test_another_tag_is_no_release(self):
        self.commit('2020-01-01T00:00:00+0000')
        self.run_there('git', 'tag', f'{self.release}.1')
        self.assertIn('+git', self.version())

    def test_a_tree_without_git_is_told_apart(self):
        self.assertRegex(self.version(), r'\+git\d{8}\.\d{6}\.unknown$')
        self.assertRegex(self.version(COMMIT='abc-dirty'), r'\+git\d{8}\.\d{6}\.abc\+dirty$')
        self.assert_upgrade(self.release, self.version())


class Lists(Case):
    @each(('english', 'README.md'), ('chinese', 'README.zh-CN.md'))
    def test_a_build_without_the_package_has_what_the_Makefile_needs(self, readme):
        makefile = (ROOT / 'Makefile').read_text().replace('\\\n', ' ')
        needed = re.search(r'(?m)^build_packages := (.*)$', makefile)[1].split()
        text = (ROOT / readme).read_text().replace('\\\n', ' ')
        said = re.search(r'(?m)^apt-get install -y (g\+\+ .*)$', text)[1].split()
        self.assertEqual(set(said), {*needed, 'make', 'nginx'})

    def test_the_package_is_built_with_what_the_Makefile_needs(self):
        makefile = (ROOT / 'Makefile').read_text().replace('\\\n', ' ')
        needed = re.search(r'(?m)^build_packages := (.*)$', makefile)[1].split()
        control = (ROOT / 'systemd/debian/control').read_text()
        depends = re.search(r'(?ms)^Build-Depends: (.*?)^\S', control)[1]
        self.assertLessEqual({name for name in needed if name != 'g++'},
                             {word for word in re.split(r'[\s,]+', depends)})
