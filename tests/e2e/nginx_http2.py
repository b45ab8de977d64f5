"""HTTP/2 as the nginx that is here turns it on: `listen … http2` before 1.25.1, `http2 on;` since.

As a program, prints what `listen` takes and the directive, each in a line, one of them empty.
"""

import functools
import re
import subprocess


@functools.cache
def by_directive():
    said = subprocess.run(['nginx', '-v'], capture_output=True, text=True, check=True).stderr
    version = re.search(r'nginx/(\d+)\.(\d+)\.(\d+)', said)
    return tuple(map(int, version.groups())) >= (1, 25, 1)


def listen_option():
    return '' if by_directive() else ' http2'


def directive():
    return 'http2 on;' if by_directive() else ''


def edits():
    """What the site asks its administrator to do for it, as patterns and replacements."""
    if by_directive():
        return [(r'# (?=http2 on;)', '')]
    return [(r'(?m)^ *listen \S+ ssl;\n', ''), (r'# (?=listen \S+ ssl http2;)', '')]


if __name__ == '__main__':
    print(listen_option().strip(), directive(), sep='\n')
