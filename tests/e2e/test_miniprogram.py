"""The client for mini programs, on a phone of Node's, against the real stack."""

import json
import os
import pathlib
import shutil
import subprocess
import tarfile

from backends import ECHO, guarded_example, over_http, with_sessions
from harness import PATIENCE, ROOT, Case, new_directory, wechat
from node import node_modules

HERE = pathlib.Path(__file__).resolve().parent.parent / 'miniprogram'


class Client(Case):
    lasts = 30

    def run_tests(self, file, **session):
        worker = self.own_worker(with_sessions(**session))
        echo = over_http(ECHO)
        self.addCleanup(echo.finish)
        nginx = self.start_nginx(worker.socket, edits=guarded_example(echo.port))
        done = subprocess.run(
            ['node', '--test', '--test-reporter=spec', HERE / file], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=120 * PATIENCE, env={
                **os.environ, 'ORIGIN': f'https://localhost:{nginx.port}',
                'ORIGIN_CA': str(nginx.certificate), 'FAKE': wechat().url,
                'FAKE_CA': str(wechat().ca)})
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        self.assertRegex(done.stdout, r'(?m)^. pass [1-9]\d*$')

    def test_it_does_what_it_promises(self):
        self.run_tests('client.test.js')

    def test_it_takes_fresh_tokens(self):
        self.run_tests('renewal.test.js', lifetime_s=5)


class Package(Case):
    def run_there(self, *command, cwd=None):
        done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=120 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_its_types_say_what_it_takes_and_gives(self):
        modules = node_modules(HERE)
        self.run_there('node', modules / 'typescript/bin/tsc', '--noEmit', '--strict', '--target',
                       'es2017', '--module', 'commonjs', HERE / 'types.ts')

    def test_it_is_packed_as_the_developer_tools_build_it(self):
        """They copy the directory that `miniprogram` names, and begin with its index.js."""
        place = new_directory()
        shutil.copytree(ROOT / 'src/miniprogram', place / 'source')
        packed = self.run_there('npm', 'pack', '--pack-destination', place, cwd=place / 'source')
        with tarfile.open(place / packed.split()[-1]) as archive:
            archive.extractall(place)
        about = json.loads((place / 'package/package.json').read_text())
        built = place / 'package' / about['miniprogram']
        for name, source in (('index.js', 'onlogin.js'), ('index.d.ts', 'onlogin.d.ts')):
            self.assertEqual((built / name).read_text(),
                             (ROOT / 'src/miniprogram' / source).read_text())
        self.assertEqual(sorted(str(path.relative_to(place / 'package'))
                                for path in (place / 'package').rglob('*') if path.is_file()),
                         sorted(['package.json', 'miniprogram_dist/index.d.ts',
                                 'miniprogram_dist/index.js']))
        self.run_there('node', '-e', f'require({json.dumps(str(place / "package"))})')
