#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten thousand creates: the last tenth takes less than 1.5 times the first, with a worker and 100 persistent hosts attached.

PHAROS_CREATES: how many (10000; under a sanitizer 3000).
"""
import json
import multiprocessing
import http.client
import os
import pathlib
import select
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

CREATES = int(os.environ.get('PHAROS_CREATES', 3000 if os.environ.get('PHAROS_SANITIZER') else 10000))
HOSTS = 100


def host_nqn(i):
    return f'nqn.2026-11.example:host-{i}'


def persistent_hosts(address, ready, stop, reads):
    """100 hosts that re-read their log at every event, as nvme-stas and nvme-discoverd do."""
    queues, events = {}, {}
    for i in range(HOSTS):
        queue = nvme.Queue(*address, timeout=30)
        queue.connect(nvme.DISCOVERY, host_nqn(i), kato=120000)
        queue.enable()
        queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
        nvme.discovery_log(queue)
        queues[queue.sock] = queue
        events[queue.sock] = queue.aer()
    ready.set()
    last = {}
    while not stop.is_set():
        for sock in select.select(list(queues), [], [], 0.2)[0]:
            queue = queues[sock]
            queue.wait(events[sock])
            events[sock] = queue.aer()
            last[sock] = len(nvme.discovery_log(queue)[1]) - 1
            reads.value += 1
    reads.value = -sum(len(nvme.discovery_log(queue)[1]) - 1 for queue in queues.values())


def test_the_last_tenth_of_many_creates_costs_what_the_first_did():
    with pharos.Discoveryd() as daemon:
        host, port = daemon.listen.rsplit(':', 1)
        ready, stop, reads = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Value('q', 0)
        hosts = multiprocessing.Process(target=persistent_hosts, args=((host, int(port)), ready, stop, reads))
        hosts.start()
        assert ready.wait(30)
        api = http.client.HTTPConnection(*daemon.api.rsplit(':', 1), timeout=30)
        took = []
        for i in range(CREATES):
            body = {'nqn': f'nqn.2026-11.example:scale-{i}', 'hosts': [host_nqn(i % HOSTS)]}
            began = time.monotonic()
            api.request('POST', '/api/v1/subsystems', json.dumps(body), {'Content-Type': 'application/json'})
            reply = api.getresponse()
            text = reply.read()
            took.append(time.monotonic() - began)
            assert reply.status == 201, (reply.status, text)
        tenth = CREATES // 10
        first, last = sum(took[:tenth]), sum(took[-tenth:])
        time.sleep(1)
        seen_events = reads.value
        stop.set()
        hosts.join(120)
        print(f'# first {tenth}: {first:.2f} s, last {tenth}: {last:.2f} s, ratio {last / first:.2f}; {seen_events} log reads by {HOSTS} hosts')
        assert -reads.value == CREATES, f'{-reads.value} entries in all logs together'
        assert last < 1.5 * first, (first, last)


if __name__ == '__main__':
    pharos.run(globals())
