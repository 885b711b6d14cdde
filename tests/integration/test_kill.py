#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""discoveryd killed at any point of a change: afterwards there is either what was before, or all of it; and what was answered is there."""
import http.client
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402

HOSTS = [f'nqn.2026-11.example:host-{x}' for x in 'ab']
ROUNDS = int(os.environ.get('PHAROS_KILL_ROUNDS', '8'))
SUBSYSTEMS = 40
SEED = int(os.environ.get('PHAROS_SEED', str(time.time_ns() % 1000000)))

daemon = pharos.Discoveryd()


def document(version):
    """Each version is told to the other host, and in another order."""
    return {'groups': [{'name': 'g', 'description': f'v{version}', 'members': [HOSTS[version % 2]], 'max_paths': 1 + version % 7}],
            'subsystems': [{'nqn': f'nqn.2026-11.example:vol{i}', 'label': f'v{version}', 'hosts': ['group:g'],
                            'path_policy': ('all', 'spread', 'local_first')[version % 3]} for i in range(SUBSYSTEMS)]}


def version_of(config):
    """The one version that all of it is of."""
    group, = config['groups']
    seen = {s['label'] for s in config['subsystems']} | {group['description']}
    assert len(seen) == 1, f'parts of several versions: {sorted(seen)}'
    version = int(seen.pop()[1:])
    assert group['members'] == [HOSTS[version % 2]] and group['max_paths'] == 1 + version % 7, group
    assert {s['path_policy'] for s in config['subsystems']} == {('all', 'spread', 'local_first')[version % 3]}
    return version


def log(host):
    return daemon.rest('GET', f'/discovery-log?host_nqn={host}')


def settled(version):
    """Hosts are told what this version says: one all of it, the other one nothing.  Their generations then."""
    def told():
        logs = [log(host) for host in HOSTS]
        counts = [len(found['records']) - 1 for found in logs]
        assert set(counts) <= {0, SUBSYSTEMS}, f'a part of the log: {counts}'
        return counts[version % 2] == SUBSYSTEMS and counts[1 - version % 2] == 0 and [found['genctr'] for found in logs]
    return pharos.wait_for(told, 15, f'version {version} is told')


class Change(threading.Thread):
    def __init__(self, version):
        super().__init__(daemon=True)
        self.version, self.status = version, None

    def run(self):
        try:
            self.status = daemon.http('PUT', '/api/v1/config?prune=true&wait=0', document(self.version))[0]
        except (OSError, http.client.HTTPException):
            pass


def test_a_change_that_is_cut_short_is_there_or_is_not():
    print(f'PHAROS_SEED={SEED}')
    rng, before, cut = random.Random(SEED), 1, 0
    daemon.rest('PUT', '/config?prune=true', document(before))
    gens = settled(before)
    started = time.monotonic()
    daemon.rest('PUT', '/config?prune=true', document(before + 1))
    took = time.monotonic() - started
    before += 1
    gens = settled(before)
    for _ in range(ROUNDS):
        change = Change(before + 1)
        change.start()
        time.sleep(rng.uniform(0, 1.2 * took))
        daemon.kill()
        change.join(20)
        daemon.start()
        after = version_of(daemon.rest('GET', '/config'))
        assert after in ((before + 1,) if change.status == 200 else (before, before + 1)), (before, after, change.status)
        cut += change.status is None
        now = settled(after)
        if after == before:
            assert now == gens, 'nothing changed'
        else:
            assert all(new > old for new, old in zip(now, gens)), (now, gens)
        before, gens = after, now
    print(f'{cut} of {ROUNDS} were cut short')


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
