"""Packages of npm that tests need."""

import shutil
import subprocess
import unittest

from harness import PATIENCE, ROOT, new_directory


def node_modules(directory):
    """Of the versions and the digests in package-lock.json of `directory`."""
    place = new_directory()
    for name in ('package.json', 'package-lock.json'):
        shutil.copy(directory / name, place)
    done = subprocess.run(
        ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline',
         '--cache', ROOT / 'build/npm'], cwd=place, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=120 * PATIENCE)
    if done.returncode:
        # Without network, and never fetched before; any other failure is one.
        if any(word in done.stderr for word in ('ENOTFOUND', 'EAI_AGAIN', 'ECONN', 'ETIMEDOUT',
                                                'ENETUNREACH')):
            raise unittest.SkipTest('npm cannot reach its registry: '
                                    + done.stderr.split('\n')[0])
        raise AssertionError(done.stderr)
    return place / 'node_modules'
