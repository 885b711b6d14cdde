#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts at work while everything about their subsystem changes under them: nothing is torn, nobody is told what isn't so."""
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
from worker import Worker  # noqa: E402

NQN = 'nqn.2026-11.example:churn'
HOSTS = [f'nqn.2026-11.example:host{n}' for n in range(4)]
UUID = '8b1d4f00-1111-4222-8333-4455667788%02x'
SIZE, BLOCKS = 8 << 20, 256
INVALID_NS, READ_ONLY, SEQUENCE, CONNECT_PARAM, CONNECT_HOST, BUSY, ABORTED = 0x00b, 0x020, 0x00c, 0x182, 0x184, 0x181, 0x007
SECONDS = float(os.environ.get('PHAROS_CHURN_SECONDS', '5'))


class Host(threading.Thread):
    def __init__(self, worker, nqn, mark):
        super().__init__(daemon=True)
        self.worker, self.nqn, self.mark = worker, nqn, mark
        self.stop, self.error = False, None
        self.done = self.refused = self.connects = 0
        self.random = random.Random(nqn)

    def run(self):
        try:
            while not self.stop:
                self.life()
        except Exception as e:  # pylint: disable=broad-except
            self.error = e

    def life(self):
        try:
            with nvme.Host('127.0.0.1', self.worker.port, NQN, self.nqn, queues=2, digest=self.random.choice((0, 3))) as host:
                self.connects += 1
                while not self.stop:
                    self.command(self.random.choice(host.io))
        except nvme.Status as status:
            assert status.sc in (CONNECT_PARAM, CONNECT_HOST, BUSY, SEQUENCE), status
            time.sleep(0.02)
        except (nvme.Terminated, ConnectionError):
            pass

    def command(self, queue):
        nsid, lba = self.random.randint(1, 4), self.random.randrange(0, BLOCKS, 8)
        try:
            if self.random.random() < 0.5:
                queue.write(nsid, lba, self.mark * 4096, inline=self.random.random() < 0.5)
            else:
                data = queue.read(nsid, lba, 8)
                assert data == data[:1] * 4096, 'a torn block'
            self.done += 1
        except nvme.Status as status:
            assert status.sc in (INVALID_NS, READ_ONLY), status
            self.refused += 1


def random_state(worker, rng, path):
    namespaces = []
    for nsid in range(1, 5):
        if rng.random() < 0.2:
            continue
        ns = {'nsid': nsid, 'uuid': UUID % nsid, 'size': SIZE, 'read_only': rng.random() < 0.15}
        ns.update({'backend': 'file', 'path': path} if nsid == 4 else {'backend': 'ram'})
        if rng.random() < 0.3:
            ns['hosts'] = rng.sample(HOSTS, rng.randint(0, 4))
        namespaces.append(ns)
    hosts = HOSTS if rng.random() < 0.6 else rng.sample(HOSTS, 3)
    return worker.state({'nqn': NQN, 'hosts': hosts, 'namespaces': namespaces})


def test_hosts_at_work_through_hundreds_of_changes():
    with Worker() as worker, worker.control() as control:
        rng = random.Random(os.environ.get('PHAROS_SEED', '1'))
        for nsid in range(1, 4):
            worker.memory(UUID % nsid, SIZE)
        path = f'{worker.folder}/volume'
        with open(path, 'wb') as f:
            f.truncate(SIZE)
        control.give(worker.held)
        hosts = [Host(worker, nqn, b'%d' % n) for n, nqn in enumerate(HOSTS)]
        generation, slowest, end = 0, 0.0, None
        while end is None or time.monotonic() < end:
            generation += 1
            control.give(worker.held)  # the worker drops what goes
            began = time.monotonic()
            applied = control.apply(generation, random_state(worker, rng, path))
            slowest = max(slowest, time.monotonic() - began)
            assert applied['generation'] == generation and applied['failed'] == [], applied
            if end is None:
                end = time.monotonic() + SECONDS
                for host in hosts:
                    host.start()
            control.messages.clear()
            time.sleep(rng.random() * 0.02)
        for host in hosts:
            host.stop = True
        control.give(worker.held)
        control.apply(generation + 1, worker.state({'nqn': NQN, 'hosts': HOSTS, 'namespaces': []}))
        for host in hosts:
            host.join(15)
            assert not host.is_alive() and host.error is None, (host.nqn, host.error)
        print(f'# {generation} changes, slowest {slowest * 1000:.0f} ms; commands {[h.done for h in hosts]}, refused '
              f'{[h.refused for h in hosts]}, connects {[h.connects for h in hosts]}')
        assert generation > 20 and all(h.done > 50 for h in hosts)
        assert worker.process.poll() is None


if __name__ == '__main__':
    pharos.run(globals())
