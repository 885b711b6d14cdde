#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/bench: target starts a targetd to be measured, as it says, and ends it; the worker rests when nobody talks to it; bench_cpu finds
a cost that is above its baseline."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

SCRIPT = pharos.SOURCE / 'tests/bench/target'
HOST = 'nqn.2026-11.example:anyone'
COSTS = {'128 4096 randread': 1000, '128 512 randread': 0.001}  # as baselines: one that can't be missed, one that can't be met


class Bench:
    def __init__(self):
        self.tmp = tempfile.TemporaryDirectory(prefix='pharos-')

    def run(self, word):
        env = dict(os.environ, TMPDIR=self.tmp.name, TARGETD=pharos.program('targetd'))
        return subprocess.run([SCRIPT, word], env=env, check=True, timeout=60, stdout=subprocess.PIPE, text=True).stdout

    def __enter__(self):
        port, self.nqn, pid = self.run('start').split()
        self.port, self.pid = int(port), int(pid)
        return self

    def __exit__(self, *exc):
        self.run('stop')
        self.tmp.cleanup()


def cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def test_it_serves_a_touched_gibibyte_on_core_0_to_any_host_and_ends():
    with Bench() as bench:
        assert os.sched_getaffinity(bench.pid) == {0}
        resident = int(pathlib.Path(f'/proc/{bench.pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')
        assert resident >= 1 << 30, resident
        with nvme.Host('127.0.0.1', bench.port, bench.nqn, HOST) as host:
            ns = host.admin.identify(0, 1)
            assert int.from_bytes(ns[0:8], 'little') == (1 << 30) // 512
            host.io[0].write(1, 0, b'x' * 4096)
            assert host.io[0].read(1, 0, 8) == b'x' * 4096
    pharos.wait_for(lambda: not os.path.exists(f'/proc/{bench.pid}'), 10, 'the end of the target')


def test_an_idle_worker_uses_no_processor():
    with Bench() as bench, nvme.Host('127.0.0.1', bench.port, bench.nqn, HOST) as host:
        host.io[0].write(1, 0, b'x' * 512)
        time.sleep(0.2)
        before = cpu_seconds(bench.pid)
        time.sleep(2)
        assert cpu_seconds(bench.pid) - before < 0.04


def bench_cpu(baseline, ci):
    env = {k: v for k, v in os.environ.items() if k != 'CI'} | ({'CI': 'true'} if ci else {})
    p = subprocess.run([pharos.SOURCE / 'tests/bench/bench_cpu', '--rounds', '1', '--baseline', baseline, *COSTS],
                       env=env, check=False, timeout=100, stdout=subprocess.PIPE, text=True)
    return p.returncode, p.stdout.splitlines()


def test_a_cost_above_the_baseline_fails_but_not_in_ci():
    with tempfile.NamedTemporaryFile('w', suffix='.json') as baseline:
        json.dump(COSTS, baseline)
        baseline.flush()
        for ci, expected, words in ((False, 1, ('ok 1', 'not ok 2')), (True, 0, ('ok 1', 'ok 2'))):
            status, lines = bench_cpu(baseline.name, ci)
            assert status == expected and all(line.startswith(word) for line, word in zip(lines, words)), (ci, status, lines)
            assert ['WORSE' in line for line in lines[:2]] == [False, True], lines


if __name__ == '__main__':
    if subprocess.run(['taskset', '-c', '0', 'true'], check=False).returncode != 0:
        print('SKIP: needs taskset and core 0')
        sys.exit(77)
    # nothing can be measured under a sanitizer
    pharos.run({n: f for n, f in globals().items() if not (os.environ.get('PHAROS_SANITIZER') and f is test_a_cost_above_the_baseline_fails_but_not_in_ci)})
