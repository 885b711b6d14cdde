#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/integration/test_quickstart.py - ./quickstart as its user meets it: start, second start, crash, busy port, stop."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))
import pharos  # noqa: E402

SLOW = bool(os.environ.get('PHAROS_SANITIZER'))


class Quick:
    """A state folder and ports of its own; stopped at the end, with whatever is left."""

    def __enter__(self):
        self.state = tempfile.mkdtemp(prefix='pharos-quick-')
        self.disc, self.io, self.api = (pharos.free_port() for _ in range(3))
        return self

    def __exit__(self, kind, *_):
        if kind:
            for name in glob.glob(f'{self.state}/*.log'):
                print(f'# {name}\n{open(name, errors="replace").read()}')
        self.run('stop')
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.state, ignore_errors=True)

    def run(self, *arguments, **change):
        given = {'disc': self.disc, 'io': self.io, 'api': f'127.0.0.1:{self.api}', **change}
        command = [str(pharos.SOURCE / 'quickstart'), *arguments, '--state', given.get('state', self.state), '--api', given['api'],
                   '--discovery-port', str(given['disc']), '--io-port', str(given['io'])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env={**os.environ, 'PHAROS_BUILDDIR': str(pharos.BUILD)})
        return done.returncode, done.stdout + done.stderr

    def start(self, *arguments, **change):
        return self.run('--detach', *arguments, **change)

    def pid(self):
        return int(open(f'{self.state}/quickstart.pid').read())

    def workers(self):
        found = []
        for name in glob.glob('/proc/[0-9]*/cmdline'):
            try:
                words = open(name).read().split('\0')
            except OSError:
                continue
            if words[0].endswith('targetd') and any(w.startswith(f'{self.state}/') for w in words):
                found.append(int(name.split('/')[2]))
        return found


def must(condition, text):
    if not condition:
        raise AssertionError(text)


def in_two_seconds(q, end):
    """Starts what has been ended; one of three times in less than two seconds, unless others keep the machine busy."""
    times = []
    for _ in range(3):
        end()
        before = time.monotonic()
        rc, out = q.start()
        times.append(time.monotonic() - before)
        must(rc == 0, out)
        if times[-1] < 2 or SLOW:
            return out
    load = os.getloadavg()[0]
    must(load > 1.5 * os.cpu_count(), f'warm starts took {times} s')
    print(f'# SKIP: warm starts took {times} s, with a load of {load}')
    return out


def test_start_makes_the_demo_checks_itself_and_says_what_to_paste():
    with Quick() as q:
        rc, out = q.start()
        must(rc == 0, out)
        must(f'nvme discover -t tcp -a 127.0.0.1 -s {q.disc}' in out, out)
        must(f'nvme connect-all -t tcp -a 127.0.0.1 -s {q.disc}' in out, out)
        must(f'http://127.0.0.1:{q.api}/' in out, out)
        must('any host may connect' in out and 'WARNING' not in out, out)
        must('self-check: ' in out and 'FAILED' not in out, out)
        must(len(q.workers()) == 1, f'workers: {q.workers()}')
        rc, out = q.run('status')
        must(rc == 0 and 'running' in out and 'ok' in out, out)


def test_second_start_is_one_clear_line():
    with Quick() as q:
        must(q.start()[0] == 0, 'first start')
        rc, out = q.start()
        must(rc == 1 and 'already running' in out and len(out.splitlines()) == 1, out)


def test_warm_start_adopts_the_worker_and_takes_less_than_two_seconds():
    with Quick() as q:
        must(q.start()[0] == 0, 'first start')
        worker = q.workers()
        out = in_two_seconds(q, lambda: os.kill(q.pid(), signal.SIGKILL))
        must(q.workers() == worker, f'{q.workers()}, before {worker}: {out}')


def test_stop_ends_the_workers_too_and_start_finds_the_demo_again():
    with Quick() as q:
        must(q.start()[0] == 0, 'first start')
        rc, out = q.run('stop')
        must(rc == 0 and 'stopped' in out, out)
        must(not q.workers(), f'left: {q.workers()}')
        rc, out = q.run('status')
        must(rc == 3 and 'not running' in out, out)
        must(q.run('stop') == (0, 'nothing was running\n'), 'second stop')
        out = in_two_seconds(q, lambda: q.run('stop'))
        must('self-check: ' in out and 'FAILED' not in out, out)


def test_stop_ends_a_worker_whose_discoveryd_was_killed():
    with Quick() as q:
        must(q.start()[0] == 0, 'first start')
        os.kill(q.pid(), signal.SIGKILL)
        must(q.run('stop')[0] == 0, 'stop')
        pharos.wait_for(lambda: not q.workers(), 10, 'the worker ends')


def busy(q, **change):
    rc, out = q.start(**change)
    must(rc == 1, out)
    must(len(out.splitlines()) == 1 and re.search(r'in use|busy', out), out)
    must(not q.workers(), f'left: {q.workers()}')


def test_busy_port_is_one_clear_line_for_each_of_the_three():
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        for change in ({'disc': port}, {'io': port}, {'api': f'127.0.0.1:{port}'}):
            with Quick() as q:
                busy(q, **change)


def test_state_folder_that_cannot_be_written_is_one_clear_line():
    with Quick() as q:
        rc, out = q.start(state='/proc/no')
        must(rc == 1 and out.strip() == 'quickstart: cannot write to the state folder /proc/no', out)


def test_api_beyond_loopback_is_refused():
    with Quick() as q:
        for address in ('0.0.0.0', '192.0.2.1', '[::]'):
            rc, out = q.start(api=f'{address}:{q.api}')
            must(rc == 1 and 'loopback' in out and len(out.splitlines()) == 1, out)


def test_listening_on_every_address_warns_of_the_open_demo():
    with Quick() as q:
        rc, out = q.start('--listen', '0.0.0.0', '--listen', '::', '--listen', '0.0.0.0')
        must(rc == 0, out)
        must(out.count('WARNING') == 1 and out.count('  discovery: ') == 2, out)
        for host, family in (('127.0.0.1', socket.AF_INET), ('::1', socket.AF_INET6)):
            for port in (q.disc, q.io):
                with socket.socket(family) as s:
                    s.connect((host, port))


def test_ipv6_and_ipv4_together():
    with Quick() as q:
        rc, out = q.start('--listen', '::1', '--listen', '127.0.0.1')
        must(rc == 0 and f'-a ::1 -s {q.disc}' in out and f'-a 127.0.0.1 -s {q.disc}' in out, out)


def test_unknown_argument_is_refused():
    with Quick() as q:
        rc, out = q.run('--frobnicate')
        must(rc == 1 and 'unknown argument: --frobnicate' in out, out)


if __name__ == '__main__':
    pharos.run(globals())
