#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A thousand persistent hosts: connected, told of what concerns them and of nothing else, registered; a burst of changes is a handful of events
for each.  Judged by what is counted and by processor time; tests/bench/bench_hosts has ten thousand, and the clock.

PHAROS_HOSTS: how many (1000; under a sanitizer 300).
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import manyhosts  # noqa: E402
import pharos  # noqa: E402

SLOW = bool(os.environ.get('PHAROS_SANITIZER'))
HOSTS = int(os.environ.get('PHAROS_HOSTS', 300 if SLOW else 1000))


def cheap(got, us, what):
    """Processor time of discoveryd, a host; what is allowed is several times of what is needed, and more so with a sanitizer."""
    each = got['cpu'] / HOSTS * 1e6
    print(f'# {what}: {each:.0f} us a host, {got["seconds"]:.2f} s')
    assert each < us * (10 if SLOW else 1), (what, each)


def test_many_hosts():
    with manyhosts.Scene(HOSTS) as scene:
        before = scene.mib()
        cheap(scene.connect(), 3000, 'to connect and to read the log')
        assert SLOW or (scene.mib() - before) * 1024 / HOSTS < 48, f'{before} MiB, {scene.mib()} MiB with {HOSTS} hosts'
        cheap(scene.change(), 1000, 'a change for every second one')
        cheap(scene.zone(), 1000, 'a zone for every second one')
        burst = scene.burst(100 if SLOW else 1000)
        print(f'# {burst["acted"]:.1f} s of changes: {burst["events"] / (HOSTS / 2):.1f} events a host, at most {burst["most_events"]}')
        assert burst['most_events'] < 10 + 2 * burst['acted'], burst
        cheap(scene.register(), 1000, 'to register')
        scene.all_up()


if __name__ == '__main__':
    pharos.run(globals())
