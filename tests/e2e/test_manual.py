"""The manual pages as a reader sees them, and what is installed with them."""

import os
import re
import subprocess

from harness import BUILD, ROOT, Case, each, new_directory

PAGES = ('onlogin.8', 'onlogin.json.5')


def mandoc(*arguments):
    return subprocess.run(['mandoc', *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)


class Pages(Case):
    @each(*zip(PAGES, PAGES))
    def test_mandoc_has_nothing_to_say(self, page):
        done = mandoc('-Tlint', '-Wwarning', ROOT / 'src' / page)
        self.assertEqual((done.returncode, done.stdout), (0, ''))

    @each(*zip(PAGES, PAGES))
    def test_it_is_readable_on_any_terminal(self, page):
        done = mandoc('-Tascii', '-Owidth=78', ROOT / 'src' / page)
        text = re.sub('.\b', '', done.stdout)
        self.assertTrue(text.isascii())
        self.assertIn('SEE ALSO', text)
        self.assertNotIn('<?>', text)


class Installation(Case):
    def make(self, target, place):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('MAKE')}
        subprocess.run(['make', '-s', '-C', ROOT, '-o', 'all', target, f'build={BUILD}',
                        f'DESTDIR={place}', 'PREFIX=/usr'],
                       env=environment, check=True, stdin=subprocess.DEVNULL)

    def test_pages_and_sample_come_and_go(self):
        place = new_directory()
        self.make('install', place)
        for page in PAGES:
            installed = place / 'usr/share/man' / f'man{page[-1]}' / page
            self.assertEqual(installed.read_bytes(), (ROOT / 'src' / page).read_bytes())
            self.assertEqual(installed.stat().st_mode & 0o777, 0o644)
        self.assertEqual((place / 'usr/share/onlogin/onlogin.json').read_bytes(),
                         (ROOT / 'src/onlogin.json').read_bytes())
        self.make('uninstall', place)
        self.assertEqual([str(file) for file in place.rglob('*') if not file.is_dir()], [])
