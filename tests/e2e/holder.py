"""Holds a listening socket and starts workers on it, as systemd does with StandardInput=socket."""

import socket
import subprocess

from harness import ONLOGIN, new_directory


class Holder:
    def __init__(self, case):
        self.case = case
        self.path = new_directory() / 'onlogin.sock'
        self.listener = socket.socket(socket.AF_UNIX)
        case.addCleanup(self.listener.close)
        self.listener.bind(str(self.path))
        self.listener.listen(4096)

    def start(self, *arguments, **options):
        """A worker, once it serves."""
        self.hand_over()
        return self.case.own_worker(*arguments, listener=self.listener, **options)

    def hand_over(self):
        """What systemd does to the socket for each process that gets it as standard input."""
        self.listener.setblocking(True)

    def check(self, worker):
        """The second line of ExecReload=: exit status of `onlogin -t`, socket and all."""
        self.hand_over()
        return subprocess.run([ONLOGIN, '-t', '-c', worker.config_file], stdin=self.listener,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
