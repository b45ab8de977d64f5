"""The units as `make install` puts them, and what the worker tells systemd.

systemd itself is not needed: it judges its units without running them.
"""

import os
import re
import signal
import socket
import subprocess

from harness import APP, BUILD, OTHER_APP, ROOT, Case, configuration, each, new_directory, until

SERVICES = ('onlogin.service', 'onlogin@.service', 'onlogin-worker@.service',
            'onlogin-spawn-fcgi.service')
SOCKETS = ('onlogin.socket', 'onlogin@.socket')
EACH_SERVICE = [(name, name) for name in SERVICES]


def run(*command):
    """Exit status and all output."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def make(*words):
    status, text = run('make', '-C', ROOT, '--no-print-directory', '-o', 'all', f'build={BUILD}',
                       'DESTDIR=', *words)
    if status != 0:
        raise AssertionError(text)


def settings(file):
    """{name: [values]} of a unit."""
    result = {}
    for line in file.read_text().replace('\\\n', ' ').splitlines():
        if '=' in line and not line.startswith('#'):
            name, _, value = line.partition('=')
            result.setdefault(name, []).append(value)
    return result


class Installed(Case):
    @classmethod
    def setUpClass(cls):
        cls.prefix = new_directory() / 'usr'
        make('install', f'PREFIX={cls.prefix}')
        cls.units = cls.prefix / 'lib/systemd/system'

    def test_all_units_are_there(self):
        self.assertEqual(sorted(os.listdir(self.units)), sorted(SERVICES + SOCKETS))

    def test_they_start_the_worker_that_was_installed(self):
        for name in SERVICES:
            text = (self.units / name).read_text()
            self.assertIn(f'{self.prefix}/sbin/onlogin -c ', text, name)
            self.assertNotIn(' /usr/sbin', text, name)

    def test_systemd_finds_no_fault(self):
        status, text = run('systemd-analyze', 'verify', '--man=no',
                           *(self.units / name for name in SERVICES + SOCKETS))
        self.assertEqual((status, text), (0, ''))

    @each(*EACH_SERVICE)
    def test_it_is_exposed_to_little(self, name):
        status, text = run('systemd-analyze', 'security', '--offline=true', '--no-pager',
                           '--threshold=11', self.units / name)
        self.assertEqual(status, 0, text)
        exposure = re.search(r'Overall exposure level.*: (\d+\.\d) ', text)
        self.assertLessEqual(float(exposure.group(1)), 1.1, text)

    @each(*EACH_SERVICE)
    def test_the_log_goes_to_the_journal(self, name):
        # With StandardInput=socket the default is the socket.
        unit = settings(self.units / name)
        self.assertEqual(unit['StandardOutput'] + unit['StandardError'], ['journal'] * 2)

    @each(*EACH_SERVICE)
    def test_all_services_share_one_sandbox(self, name):
        def sandbox(file):
            return {setting: values for setting, values in settings(file).items()
                    if re.match('(Capability|Keyring|Lock|Memory|NoNew|Private|Proc|Protect|'
                                'ReadOnly|Remove|Restrict|SystemCall|UMask)', setting)}
        self.assertEqual(sandbox(self.units / name), sandbox(self.units / 'onlogin.service'))

    @each(*EACH_SERVICE)
    def test_it_has_time_to_drain(self, name):
        drain_s = 5  # limits.drain_ms
        self.assertGreater(int(settings(self.units / name)['TimeoutStopSec'][0]), 2 * drain_s)

    @each(*EACH_SERVICE)
    def test_a_worker_that_hangs_is_ended_before_nginx_gives_up(self, name):
        unit = settings(self.units / name)
        self.assertEqual(unit['Type'], ['notify'])  # else its heartbeat would not be heard
        self.assertLess(int(unit['WatchdogSec'][0]) + int(unit['RestartSec'][0]), 15)
        self.assertEqual(unit['WatchdogSignal'], ['SIGKILL'])
        self.assertEqual(unit['Restart'], ['always'])

    @each(*EACH_SERVICE)
    def test_a_reload_is_judged_as_the_worker_sees_it(self, name):
        # With $CREDENTIALS_DIRECTORY unset, or as root, `onlogin -t` would look at other files.
        unit = settings(self.units / name)
        own, command = unit['User'][0], unit['ExecReload'][-1].split()
        self.assertIn(f'--reuid={own}', command)
        self.assertIn(f'--regid={own}', command)
        self.assertIn('CREDENTIALS_DIRECTORY=%d', command)
        worker = unit['ExecStart'][0].split(str(self.prefix))[-1].split()
        self.assertEqual(command[-2:], worker[-2:])

    def test_the_directory_of_the_sockets_stays_roots(self):
        # systemd binds there as root; whoever owns it could lay a link in the way.
        for name in SERVICES:
            own = settings(self.units / name)['RuntimeDirectory'][0].split()
            self.assertNotIn('onlogin', own, name)

    def test_more_workers_come_and_go_without_the_main_one(self):
        root = new_directory()
        place = root / 'etc/systemd/system'
        place.mkdir(parents=True)
        for name in SERVICES + SOCKETS:
            (place / name).write_text((self.units / name).read_text())

        def enabled():
            return sorted(str(link.relative_to(place)) for link in place.glob('*.wants/*'))

        def systemctl(*words):
            status, text = run('systemctl', f'--root={root}', *words)
            self.assertEqual(status, 0, text)

        systemctl('enable', 'onlogin.service')
        alone = enabled()
        self.assertEqual(alone, ['multi-user.target.wants/onlogin.service',
                                 'sockets.target.wants/onlogin.socket'])
        systemctl('enable', 'onlogin-worker@2')
        self.assertEqual(enabled(), sorted([*alone,
                                            'onlogin.service.wants/onlogin-worker@2.service']))
        systemctl('disable', 'onlogin-worker@2')
        self.assertEqual(enabled(), alone)

    def test_the_user_is_one_that_nobody_logs_in_as(self):
        root = new_directory()
        (root / 'etc').mkdir()
        status, text = run('systemd-sysusers', f'--root={root}',
                           self.prefix / 'lib/sysusers.d/onlogin.conf')
        self.assertEqual(status, 0, text)
        self.assertRegex((root / 'etc/passwd').read_text(), r'(?m)^onlogin:.*nologin$')

    def test_uninstall_takes_all_of_it_back(self):
        prefix = new_directory() / 'usr'
        make('install', f'PREFIX={prefix}')
        make('uninstall', f'PREFIX={prefix}')
        self.assertEqual([file for file in prefix.rglob('*') if not file.is_dir()], [])


class Manager:
    """systemd's end of the notify socket."""

    def __init__(self, case, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        case.addCleanup(self.socket.close)
        self.socket.bind(address.replace('@', '\0', 1) if address.startswith('@') else address)
        self.socket.setblocking(False)

    def hear(self):
        """The next message as {name: value}."""
        def message():
            try:
                return self.socket.recv(65536).decode()
            except BlockingIOError:
                return None
        return dict(line.split('=', 1) for line in until(message, what='a message').split('\n'))


class Notify(Case):
    def start(self, address, **variables):
        manager = Manager(self, address)
        return manager, self.own_worker(environment={'NOTIFY_SOCKET': address, **variables})

    def test_systemd_learns_what_the_worker_does(self):
        manager, worker = self.start(str(new_directory() / 'notify'))
        self.assertEqual(manager.hear(), {'READY': '1', 'STATUS': 'serving 1 mini program'})
        self.assert_logged_in(worker.login())
        worker.configure(configuration([APP, OTHER_APP]))
        worker.reload()
        self.assertEqual(manager.hear(), {'STATUS': 'serving 2 mini programs'})
        worker.process.signal(signal.SIGTERM)
        self.assertEqual(manager.hear(),
                         {'STOPPING': '1', 'STATUS': 'stopping, 0 requests in flight'})

    def test_the_watchdog_hears_the_worker_while_it_serves(self):
        manager, worker = self.start(str(new_directory() / 'notify'), WATCHDOG_USEC='60000')
        self.assertEqual(manager.hear()['READY'], '1')
        for _ in range(5):
            self.assertEqual(manager.hear(), {'WATCHDOG': '1'})
        self.assert_logged_in(worker.login())
        worker.reload()
        until(lambda: 'STATUS' in manager.hear(), what='the word of the reload')
        self.assertEqual(manager.hear(), {'WATCHDOG': '1'})

    def test_a_watchdog_of_another_process_hears_nothing(self):
        manager, worker = self.start(str(new_directory() / 'notify'), WATCHDOG_USEC='60000',
                                     WATCHDOG_PID='1')
        self.assertEqual(manager.hear()['READY'], '1')
        self.assert_logged_in(worker.login())
        worker.process.signal(signal.SIGTERM)
        self.assertEqual(manager.hear()['STOPPING'], '1')

    def test_an_abstract_socket_serves_too(self):
        manager, _ = self.start(f'@onlogin-e2e.{os.getpid()}')
        self.assertEqual(manager.hear()['READY'], '1')

    def test_the_status_says_why_a_configuration_is_refused(self):
        manager, worker = self.start(str(new_directory() / 'notify'))
        manager.hear()
        worker.configure('{ "apps": [],\n "wechatt": {} }')
        worker.reload()
        status = manager.hear()['STATUS']
        self.assertIn('refused', status)
        self.assertIn('onlogin.json:2: wechatt', status)
        worker.configure(configuration())
        worker.reload()
        self.assertEqual(manager.hear(), {'STATUS': 'serving 1 mini program'})

    def test_a_worker_that_cannot_start_says_why_and_is_not_ready(self):
        manager = Manager(self, str(new_directory() / 'notify'))
        worker = self.own_worker('{', environment={'NOTIFY_SOCKET': manager.address}, wait=False)
        self.assertEqual(worker.wait(10), 1)
        self.assertRegex(manager.socket.recv(65536), rb'^STATUS=\S+/onlogin\.json:1: .*$')
        with self.assertRaises(BlockingIOError):
            manager.socket.recv(65536)

    def test_a_manager_that_is_gone_does_no_harm(self):
        manager, worker = self.start(str(new_directory() / 'notify'))
        manager.socket.close()
        worker.reload()
        self.assert_unharmed(worker)
        self.assertEqual(worker.stop(), 0)

    @each(('nowhere', '/nonexistent/notify'), ('relative', 'notify'), ('long', '/' + 'x' * 300),
          ('vsock', 'vsock:2:1234'), ('empty', ''))
    def test_an_address_that_cannot_be_used_does_no_harm(self, address):
        worker = self.own_worker(environment={'NOTIFY_SOCKET': address})
        self.assert_unharmed(worker)
        self.assertEqual(worker.stop(), 0)
