"""Runs groups of tests side by side: each lane is a process, with a fake WeChat of its own.

A lane is forked before anything starts, so that all run the same copies of the programs. It gets one
group after the other and sends what becomes of each test. However it ends, it is heard of: a test that
it had and said nothing about has failed.
"""

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import signal
import time
import unittest

import harness

FORK = multiprocessing.get_context('fork')
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

# What a lane says of its group, or the end of the channel of the lane.
DONE, GONE = 'done', 'gone'


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def name_of(test):
    return test.id() if hasattr(test, 'id') else str(test)


class Group:
    """The tests of one class that are to run."""

    def __init__(self, tests):
        self.tests = tests
        kind = type(tests[0])
        self.name = f'{kind.__module__}.{kind.__qualname__}'
        # A module that cannot be imported is a test of a class of unittest's.
        self.alone = getattr(kind, 'alone', False)
        self.lasts = getattr(kind, 'lasts', 0)


class Teller(unittest.TestResult):
    """In a lane: tells `channel` what becomes of each test."""

    def __init__(self, channel):
        super().__init__()
        self.channel = channel
        self.began = time.monotonic()
        self.bad = set()

    def tell(self, word, test, text=''):
        self.channel.send((word, name_of(test), time.monotonic() - self.began, text))

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.tell('runs', test)

    def addSuccess(self, test):
        super().addSuccess(test)
        if name_of(test) not in self.bad:
            self.tell('ok', test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tell('skipped', test, reason)

    def note(self, test, error):
        self._mirrorOutput = False
        text = self._exc_info_to_string(error, test)
        for worker in harness.workers:
            tail = worker.log().splitlines()[-8:]
            text += f'\nthe log of worker {worker.pid} ends with:\n    ' + '\n    '.join(tail) + '\n'
        self.bad.add(name_of(test))
        self.tell('FAILED', test, text)

    def addFailure(self, test, error):
        self.note(test, error)

    def addError(self, test, error):
        self.note(test, error)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.note(test, error)


def interrupt(*_):
    """Ends what runs, so that nobody waits for an answer of it, and then the lane."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for process in list(harness.running):
        process.signal(signal.SIGCONT)
        process.signal(signal.SIGTERM)
    raise KeyboardInterrupt  # unittest would make a failed test of anything else


def serve(channel, groups):
    """A lane: runs those groups whose numbers come, until None does."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: that is for the runner
    of_all = len(harness.ports)
    try:
        while (number := channel.recv()) is not None:
            unittest.TestSuite(groups[number].tests).run(Teller(channel))
            harness.release_ports(but=of_all)
            channel.send(DONE)
        harness.end_everything()
    except (KeyboardInterrupt, EOFError):
        harness.end_everything()
        os._exit(1)  # whatever threads of the test still wait for


class Lane:
    """As the runner sees it."""

    def __init__(self, groups):
        self.groups = groups
        self.channel, others = FORK.Pipe()
        self.process = FORK.Process(target=serve, args=(others, groups))
        self.process.start()
        others.close()  # so that the end of the lane is the end of the channel
        self.group = None
        self.silent = []  # names of tests that it has, and said nothing about

    def begin(self, group):
        self.group = group
        self.began = time.monotonic()
        self.running = None
        self.silent = [name_of(test) for test in group.tests]
        try:
            self.channel.send(self.groups.index(group))
        except OSError:
            pass  # it has ended, which hear() will find out

    def hear(self):
        """The next thing that it says: (word, name, seconds, text) of a test; DONE with its group; GONE
        when it has ended."""
        try:
            said = self.channel.recv()
        except (EOFError, OSError):
            return GONE
        if said == DONE:
            self.group = None
        elif said[0] == 'runs':
            self.running = said[1]
        elif said[1] in self.silent:
            self.silent.remove(said[1])
        return said

    def end(self, seconds):
        """Its exit status; by force if it does not come in time."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.channel.close()
        return self.process.exitcode


class Lanes:
    """Runs groups in `count` lanes, the longest first; then, one by one, those that run alone."""

    def __init__(self, groups, count):
        self.groups = groups
        self.waiting = sorted(groups, key=lambda g: (g.alone, -g.lasts, -len(g.tests)))
        # What a lane leaves behind becomes our child, whom end() finds.
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.lanes = [Lane(groups) for _ in range(min(count, len(groups)))]

    def give(self):
        """Gives to each lane that has nothing to do."""
        for lane in self.lanes:
            busy = [other.group for other in self.lanes if other.group]
            if lane.group or not self.waiting or any(group.alone for group in busy) \
                    or self.waiting[0].alone and busy:
                continue
            lane.begin(self.waiting.pop(0))

    def run(self):
        """Yields what is said of each test, and ('done', group, seconds, '') of each group."""
        self.give()
        while busy := {lane.channel: lane for lane in self.lanes if lane.group}:
            for channel in multiprocessing.connection.wait(busy):
                yield from self.hear(busy[channel])
            self.give()

    def hear(self, lane):
        group, said = lane.group, lane.hear()
        if said == GONE:
            status = lane.end(20)
            for name in lane.silent:
                what = 'was running it' if name == lane.running else 'was to run it'
                yield ('FAILED', name, 0.0, f'the process that {what} has ended, exit status {status}')
            self.lanes[self.lanes.index(lane)] = Lane(self.groups)
        if said in (DONE, GONE):
            yield ('done', group.name, time.monotonic() - lane.began, '')
        elif said[0] != 'runs':
            yield said

    def end(self):
        """All lanes, and whatever they have started; those that are busy stop at once. Returns
        whether all ended as they should."""
        busy = [lane for lane in self.lanes if lane.group]
        for lane in self.lanes:
            if lane.group:
                lane.process.terminate()
            else:
                lane.channel.send(None)
        statuses = [lane.end(30) for lane in self.lanes if lane not in busy]
        for lane in busy:
            lane.end(30)
        self.kill_what_is_left()
        return not any(statuses)

    @staticmethod
    def kill_what_is_left():
        """Of a lane that was killed itself."""
        children = pathlib.Path(f'/proc/self/task/{os.getpid()}/children')
        while left := children.read_text().split():
            for pid in map(int, left):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
