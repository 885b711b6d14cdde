# SPDX-License-Identifier: Apache-2.0
"""tests/lib/pharos.py - the real daemons for tests: start, ask over REST, kill, stop.  Python's standard library only.

    with pharos.Discoveryd() as d:
        d.rest('POST', '/subsystems', {'nqn': NQN})
"""
import atexit
import errno
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import openapi

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('PHAROS_BUILDDIR', SOURCE / 'build' if (SOURCE / 'build/Makefile').exists() else SOURCE))


def program(name):
    """A built program: targetd, discoveryd, pharos."""
    for path in (BUILD / name, BUILD / name / name, BUILD / 'cli' / name):
        if path.is_file():
            return str(path)
    raise FileNotFoundError(f'{name} is not built in {BUILD}')


def free_port(host='127.0.0.1'):
    """A port below those that the kernel gives to outgoing connections: one of these could take it before the daemon does."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    while True:
        with socket.socket(family) as s:
            try:
                s.bind((host, random.randrange(10000, 32000)))
                return s.getsockname()[1]
            except OSError as e:
                if e.errno != errno.EADDRINUSE:
                    raise


def wait_for(condition, seconds=10, what=''):
    limit = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > limit:
            raise TimeoutError(what or getattr(condition, '__name__', 'condition'))
        time.sleep(0.01)


def alive(pid):
    try:
        return open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


def command_of(pid):
    """What a process was started as, arguments parted by NUL; '' once it is gone."""
    try:
        return open(f'/proc/{pid}/cmdline').read()
    except OSError:
        return ''


class Problem(Exception):
    """An answer of 400 or more; .status and .problem (the problem+json body)."""

    def __init__(self, status, problem):
        super().__init__(f'{status} {problem}')
        self.status, self.problem = status, problem


class Discoveryd:
    """discoveryd with the workers it starts, in a state folder of its own, on free ports of 127.0.0.1."""

    def __init__(self, *options, listen=None, io_listen=None, api=None, state=None, preexec_fn=None):
        self.own_state = state is None
        self.state = state or tempfile.mkdtemp(prefix='pharos-')
        self.listen = listen or f'127.0.0.1:{free_port()}'
        self.io_listen = io_listen or f'127.0.0.1:{free_port()}'
        self.api = api or f'127.0.0.1:{free_port()}'
        self.options, self.preexec_fn = options, preexec_fn
        self.process = self.token = None  # token: for an API that wants one
        self.logfile = os.path.join(self.state, 'test.log')

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(f'# log of discoveryd:\n{self.log()}')
        self.stop()

    def command(self):
        return [program('discoveryd'), '--state', self.state, '--listen', self.listen, '--io-listen', self.io_listen, '--api', self.api,
                '--targetd', program('targetd'), *self.options]

    def start(self, wait=True):
        with open(self.logfile, 'ab') as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            preexec_fn=self.preexec_fn)
        if wait:
            wait_for(self.answers, 15, 'discoveryd answers')

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f'discoveryd ended with {self.process.returncode}:\n{self.log()}')
        try:
            return self.rest('GET', '/health')
        except (OSError, http.client.HTTPException):
            return None

    def log(self):
        with open(self.logfile, errors='replace') as f:
            return f.read()

    def http(self, method, path, body=None, headers=None, timeout=20):
        """(status, headers, body as parsed JSON or text) of one request; path is below the root."""
        host, port = self.api.rsplit(':', 1)
        connection = http.client.HTTPConnection(host.strip('[]'), int(port), timeout=timeout)
        headers = {**({'Authorization': f'Bearer {self.token}'} if self.token else {}), **(headers or {})}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None and 'Content-Type' not in headers:
            headers['Content-Type'] = 'application/merge-patch+json' if method == 'PATCH' else 'application/json'
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        is_json = 'json' in reply.headers.get('Content-Type', '')
        answer = json.loads(text) if is_json and text else text.decode(errors='replace')
        openapi.contract().check(method, path, reply.status, reply.headers, answer)
        if reply.status < 400 and openapi.contract().find(method, path)[1]:
            openapi.contract().check_request(method, path, body, headers)
        return reply.status, reply.headers, answer

    def rest(self, method, path, body=None, headers=None):
        status, _, answer = self.http(method, '/api/v1' + path, body, headers)
        if status >= 400:
            raise Problem(status, answer)
        return answer

    def workers(self):
        """Pids of the workers that run now."""
        return [w['pid'] for w in self.rest('GET', '/workers')['items'] if w.get('pid')]

    def kill(self):
        """kill -9 of discoveryd; the workers live on."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        pids, status = [], 0
        try:
            pids = self.workers()
            self.rest('POST', '/shutdown', {'workers': True})
            status = self.process.wait(10)
        except (OSError, Problem, http.client.HTTPException, subprocess.TimeoutExpired, AttributeError):
            if self.process:
                self.process.kill()
                self.process.wait()
        for pid in pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        log = self.log() if status else ''
        if self.own_state:
            shutil.rmtree(self.state, ignore_errors=True)
        if status:
            raise AssertionError(f'discoveryd, asked to end, ended with {status}:\n{log}')


class Targetd:
    """targetd alone, from a state document (dict); portals with port 0 get free ports first."""

    def __init__(self, document, *options, preexec_fn=None):
        self.folder = tempfile.mkdtemp(prefix='targetd-')
        self.document, self.options, self.preexec_fn, self.process = document, options, preexec_fn, None
        for portal in document.get('portals', []):
            portal['port'] = portal.get('port') or free_port(portal['address'])
        self.port = document['portals'][0]['port']
        self.config = os.path.join(self.folder, 'config.json')
        self.logfile = os.path.join(self.folder, 'log')

    def write(self):
        with open(self.config, 'w') as f:
            json.dump(self.document, f)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(f'# log of targetd:\n{self.log()}')
        self.stop()

    def start(self):
        self.write()
        with open(self.logfile, 'ab') as log:
            self.process = subprocess.Popen([program('targetd'), '--config', self.config, *self.options],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=self.preexec_fn)
        wait_for(self.listens, 15, 'targetd listens')

    def listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(f'targetd ended with {self.process.returncode}:\n{self.log()}')
        try:
            socket.create_connection((self.document['portals'][0]['address'], self.port), 1).close()
            return True
        except OSError:
            return False

    def log(self):
        with open(self.logfile, errors='replace') as f:
            return f.read()

    def stop(self):
        status = 0
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                status = self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                status = self.process.wait()
        log = self.log() if status else ''
        shutil.rmtree(self.folder, ignore_errors=True)
        if status:
            raise AssertionError(f'targetd, told to end, ended with {status}:\n{log}')


def tried(number, name, function):
    """Runs one test and says how it went; True where it failed."""
    try:
        function()
        print(f'ok {number} - {name}', flush=True)
        return False
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(f'not ok {number} - {name}', flush=True)
        return True


def begun(number, name, function):
    """The same in a process of its own: (its pid, the file with what it says)."""
    said = tempfile.TemporaryFile()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid, said
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    sys.argv[0] += f'.{name}'  # what it saw of the contract goes into a file of its own
    failed = True
    try:
        failed = tried(number, name, function)
        atexit._run_exitfuncs()
    finally:
        sys.stdout.flush()
        os._exit(failed)


def run(cases, waiting=()):
    """Runs test functions (a dict of module globals, names from test_), prints TAP, exits as ./check expects.

    waiting: tests that do little but wait, and share nothing with the others: they run beside them.
    """
    tests = [(n, f) for n, f in cases.items() if n.startswith('test_') and callable(f)]
    chosen = [(number, n, f) for number, (n, f) in enumerate(tests, 1) if not sys.argv[1:] or n in sys.argv[1:]]
    beside = [begun(*test) for test in chosen if test[2] in waiting]
    failed = sum(tried(*test) for test in chosen if test[2] not in waiting)
    for pid, said in beside:
        failed += os.waitpid(pid, 0)[1] != 0
        said.seek(0)
        print(said.read().decode(errors='replace'), end='', flush=True)
    print(f'1..{len(tests)}')
    sys.exit(1 if failed else 0)
