# SPDX-License-Identifier: Apache-2.0
"""tests/lib/measure.py - what the scripts of tests/bench share: a targetd on a core of its own, `pharos bench` on another, processor time."""
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import pharos

NQN = 'nqn.2026-11.example:bench'
GIB = 1 << 30
RAM = {'nsid': 1, 'backend': 'ram', 'size': GIB, 'block_size': 512, 'prefault': True}


def cpu_seconds(pid):
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)


def rss(pid):
    return int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def listening_port(pid):
    """The port of a process's listening socket, from /proc; None: it has none yet."""
    with contextlib.suppress(OSError):
        links = [os.readlink(entry.path) for entry in os.scandir(f'/proc/{pid}/fd')]
        inodes = {link[8:-1] for link in links if link.startswith('socket:[')}
        for line in pathlib.Path(f'/proc/{pid}/net/tcp').read_text().splitlines()[1:]:
            field = line.split()
            if field[3] == '0A' and field[9] in inodes:
                return int(field[1].split(':')[1], 16)
    return None


class Target:
    """One targetd with these namespaces on these cores."""

    def __init__(self, *namespaces, cores='0', reactors=1, options=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='pharos-bench-'))
        config = {'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': 0}],
                  'subsystems': [{'nqn': NQN, 'serial': 'PHBENCH', 'model': 'Pharos', 'allow_any_host': True,
                                  'namespaces': list(namespaces or [RAM])}]}
        (self.folder / 'config.json').write_text(json.dumps(config))
        self.command = ['taskset', '-c', cores, pharos.program('targetd'), '--config', str(self.folder / 'config.json'),
                        '--reactors', str(reactors), *options]

    def __enter__(self):
        with open(self.folder / 'log', 'wb') as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self.process.pid
        try:
            self.port = pharos.wait_for(lambda: self.process.poll() is not None or listening_port(self.pid), 30, 'the target')
            assert self.process.poll() is None, (self.folder / 'log').read_text()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, workload, *options, seconds=2, core='1', prefix=()):
        """A running `pharos bench`; result() waits for it."""
        return subprocess.Popen([*prefix, 'taskset', '-c', core, pharos.program('pharos'), 'bench', f'127.0.0.1:{self.port}', NQN, '--json', '--destructive',
                                 '--time', str(seconds), '--pid', str(self.pid), '--workload', workload, *options],
                                stdout=subprocess.PIPE, text=True)

    def bench(self, workload, *options, **more):
        return result(self.client(workload, *options, **more))


def result(client):
    out, _ = client.communicate(timeout=120)
    assert client.returncode == 0, out
    return json.loads(out)[0]


class Check:
    """Prints a line per figure as TAP; a floor that is missed is told, and fails only where $STRICT is set: the machine may be the reason."""

    def __init__(self):
        self.number = self.failed = 0

    def __call__(self, what, value, floor, most=True, form='{:.2f}'):
        good = value <= floor if most else value >= floor
        self.number += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.number} - {what}: {form.format(value)} '
              f'({"at most" if most else "at least"} {form.format(floor)}){"" if good else " # TODO missed"}', flush=True)

    def end(self):
        print(f'1..{self.number}')
        return 1 if self.failed and os.environ.get('STRICT') else 0


def paired(rounds, one, other):
    """Runs both by turns; the ratio one / other of the medians, of the minima, and both medians."""
    a, b = [], []
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            (b, a)[side].append((other, one)[side]())
    return statistics.median(a) / statistics.median(b), min(a) / min(b), statistics.median(a), statistics.median(b)
