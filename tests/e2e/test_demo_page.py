"""The page of `make demo`, in a browser."""

import contextlib
import os
import pty
import re
import shutil
import subprocess
import threading

from harness import BUILD, PATIENCE, ROOT, Case, Process, until
from node import node_modules

HERE = ROOT / 'tests/demo-page'


class Demo:
    """`tests/demo` as a user at a terminal has it."""

    def __init__(self):
        self.text = ''
        self.terminal, theirs = pty.openpty()
        self.process = Process([ROOT / 'tests/demo'], stdin=theirs, stdout=theirs, stderr=theirs,
                               env={**os.environ, 'BUILD': str(BUILD)})
        os.close(theirs)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        until(lambda: 'Ctrl-C ends' in self.text or not self.process.alive(), 60 * PATIENCE,
              'the demo')

    def read(self):
        with contextlib.suppress(OSError):  # the terminal is closed when it ends
            while data := os.read(self.terminal, 65536):
                self.text += data.decode(errors='replace')

    def finish(self):
        self.process.end()
        self.reader.join(10)
        os.close(self.terminal)


class Page(Case):
    lasts = 30

    @classmethod
    def setUpClass(cls):
        cls.demo = Demo()
        cls.addClassCleanup(cls.demo.finish)
        found = re.search(r'http://127\.0\.0\.1:\d+/', cls.demo.text)
        if not found:
            raise AssertionError(cls.demo.text[-3000:])
        cls.address = found[0]

    def test_a_newcomer_can_click_through_it(self):
        done = subprocess.run(
            ['node', '--test', '--test-reporter=spec', HERE / 'page.test.js'], capture_output=True,
            text=True, stdin=subprocess.DEVNULL, timeout=180 * PATIENCE,
            env={**os.environ, 'PAGE': self.address, 'NODE_MODULES': str(node_modules(HERE)),
                 'CHROMIUM': shutil.which('chromium')})
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        self.assertRegex(done.stdout, r'(?m)^. pass [1-9]\d*$')
