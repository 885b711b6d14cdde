#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""GET /metrics: what docs/metrics.md says, counted right, cheap with many namespaces, and told of a dead worker too.

PHAROS_NAMESPACES: subsystems of one namespace each in the large scrape (10000).
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import measure  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

SLOW = bool(os.environ.get('PHAROS_SANITIZER'))
MANY = int(os.environ.get('PHAROS_NAMESPACES', 500 if SLOW else 10000))
NQN, ODD = 'nqn.2026-11.example:metrics', 'nqn.2026-11.example:"odd\\one'
HOST = 'nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555'
COMPARE_FAILED, LBA_RANGE = 0x285, 0x080
DOCS = pharos.SOURCE / 'docs/metrics.md'
SAMPLE = re.compile(r'(\w+)(?:\{(.*)\})? ([0-9.e+]+|\+Inf|NaN)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Scrape:
    def __init__(self, daemon, check=None):
        answer = daemon.http('GET', '/metrics')
        if check:
            check('GET', '/metrics', *answer)
        assert answer[0] == 200, answer
        self.text = answer[2]
        self.families, self.samples = {}, {}
        for line in self.text.splitlines():
            if line.startswith('# HELP'):
                family = line.split(' ')[2]
                assert family not in self.families, f'{family} is told twice'
                self.families[family] = {'labels': set()}
            elif line.startswith('# TYPE'):
                assert line.split(' ')[2] == family, line
                self.families[family]['type'] = line.split(' ')[3]
            else:
                name, labels, value = SAMPLE.fullmatch(line).groups()
                assert name == family or name.removesuffix('_bucket').removesuffix('_sum').removesuffix('_count') == family, line
                labels = tuple(sorted(LABEL.findall(labels or '')))
                assert (name, labels) not in self.samples, f'{line} is told twice'
                self.samples[name, labels] = float(value)
                self.families[family]['labels'] |= {key for key, _ in labels if key != 'le'}

    def value(self, name, **labels):
        """The one sample of that name whose labels include these."""
        found = [value for (n, have), value in self.samples.items() if n == name and labels.items() <= dict(have).items()]
        assert len(found) == 1, (name, labels, found)
        return found[0]


def documented(prefix):
    """{name: (type, labels)} of the tables in docs/metrics.md."""
    rows = re.findall(r'^\| `(' + prefix + r'\w+)` \| (\w+) \| (.*?) \| .+ \|$', DOCS.read_text(), re.M)
    return {name: (kind, set(re.findall(r'`(\w+)`', labels))) for name, kind, labels in rows}


def check_documented(scrape, prefix):
    told = {name: (f['type'], f['labels']) for name, f in scrape.families.items() if name.startswith(prefix)}
    said = documented(prefix)
    assert told == said, {name: (told.get(name), said.get(name)) for name in told.keys() | said.keys() if told.get(name) != said.get(name)}


def promtool(text):
    if not shutil.which('promtool'):
        print('# SKIP: no promtool (package prometheus)')
        return ''
    run = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 3), run.stderr
    return run.stderr


def fill(daemon):
    daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST]})
    daemon.rest('POST', f'/subsystems/{NQN}/namespaces', {'size': '16MiB'})
    daemon.rest('POST', '/subsystems', {'nqn': ODD, 'allow_any_host': True})
    daemon.rest('POST', '/discovery-controllers', {'id': 'away', 'traddr': '127.0.0.9'})


def connect(daemon, nqn=NQN, **more):
    host, port = daemon.io_listen.rsplit(':', 1)
    return nvme.Host(host, int(port), nqn, HOST, **more)


def fails(sc, run):
    try:
        run()
    except nvme.Status as status:
        assert status.sc == sc, status
        return
    raise AssertionError('it did not fail')


def some_io(host):
    """3 writes, 1 read, a Compare of what differs, and a read of what isn't there."""
    queue = host.io[0]
    for lba in range(3):
        queue.write(1, lba * 8, bytes(4096))
    queue.read(1, 0, 8)
    fails(COMPARE_FAILED, lambda: queue.run(nvme.sqe(0x05, 1), b'x' * 512))
    fails(LBA_RANGE, lambda: queue.read(1, 1 << 30, 8))


def lose_a_host(daemon):
    """A host that says nothing until its keep alive timer ends it."""
    host = connect(daemon, kato=1000)
    pharos.wait_for(lambda: 'reason="keep_alive_timeout"} 1' in Scrape(daemon).text, 20, 'keep alive timeout counted')
    host.close()


def test_every_metric_is_documented_and_lints():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        fill(daemon)
        lose_a_host(daemon)
        with connect(daemon) as io:
            some_io(io)
            pharos.wait_for(lambda: 'pharos_queue_reads' in Scrape(daemon).text, 10, 'counters of the worker')
            scrape = Scrape(daemon, api.check)
        assert ('getMetrics', 200) in api.seen
        check_documented(scrape, 'pharos_')
        assert not any(name.startswith('ceph') for name in scrape.families)
        assert promtool(scrape.text) == ''
        assert scrape.value('pharos_host_keepalive_timeouts_total', nqn=NQN, host_nqn=HOST) == 1
        assert scrape.value('pharos_worker_controllers_gone_total', reason='keep_alive_timeout') == 1
        assert scrape.value('pharos_subsystem_ready', nqn=ODD.replace('\\', '\\\\').replace('"', '\\"')) == 1


def test_the_names_of_ceph_too():
    with pharos.Discoveryd('--ceph-metrics') as daemon:
        fill(daemon)
        lose_a_host(daemon)
        with connect(daemon) as io:
            some_io(io)
            pharos.wait_for(lambda: 'pharos_queue_reads' in Scrape(daemon).text, 10, 'counters of the worker')
            scrape = Scrape(daemon)
        check_documented(scrape, 'pharos_')
        check_documented(scrape, 'ceph_nvmeof_')
        found = [line for line in promtool(scrape.text).splitlines() if '"_count" suffix' not in line]
        assert not found, found
        assert scrape.value('ceph_nvmeof_host_keepalive_timeout', host_nqn=HOST) == 0, 'it is back'
        # the join that boards make: a namespace's counters, named by its subsystem
        uuid = dict(next(l for (n, l) in scrape.samples if n == 'ceph_nvmeof_subsystem_namespace_metadata'))['bdev_name']
        assert scrape.value('ceph_nvmeof_bdev_reads_completed_total', bdev_name=uuid) == 1


def check_io(scrape):
    """What some_io() did, as it is told of everything that had a part in it."""
    whose = {'worker': {}, 'subsystem': dict(nqn=NQN), 'namespace': dict(nqn=NQN, nsid='1'), 'host': dict(nqn=NQN, host_nqn=HOST),
             'queue': dict(nqn=NQN, host_nqn=HOST, controller='1', queue='1')}
    for thing, labels in whose.items():
        seen_by_host = thing in ('host', 'queue')  # where Compare brought data, and counts as what it was: an error, like the read of nothing
        value = lambda name: scrape.value(f'pharos_{thing}_{name}', **labels)  # noqa: E731
        assert (value('reads_completed_total'), value('writes_completed_total')) == (1, 3), thing
        assert (value('read_bytes_total'), value('written_bytes_total')) == (4096, 3 * 4096), thing
        assert value('errors_total') == (2 if seen_by_host else 1), thing
        assert 0 < value('read_seconds_total') < 10 and 0 < value('write_seconds_total') < 10, thing
        if seen_by_host:
            assert value('inflight_commands') == 0
        if thing == 'queue':
            continue
        times = lambda what, way: scrape.value(f'pharos_{thing}_io_seconds_{what}', operation=way, **labels)  # noqa: E731
        assert (times('count', 'read'), times('count', 'write')) == (1, 4 if seen_by_host else 3), thing
        assert times('sum', 'write') == value('write_seconds_total'), thing
    for thing in ('worker', 'subsystem'):
        labels = whose[thing]
        parts = [scrape.value(f'pharos_{thing}_io_part_seconds_sum', operation='write', part=part, **labels) for part in ('transport', 'backend', 'queue')]
        assert abs(sum(parts) - scrape.value(f'pharos_{thing}_write_seconds_total', **labels)) < 1e-6, parts
        assert scrape.value(f'pharos_{thing}_io_part_seconds_count', operation='write', part='backend', **labels) == 3
    assert scrape.value('pharos_namespace_failed_commands_total', status='compare_failure') == 1
    assert scrape.value('pharos_worker_failed_commands_total', queue='io', status='compare_failure') == 1
    assert scrape.value('pharos_worker_failed_commands_total', queue='io', status='lba_out_of_range') == 1
    assert {dict(labels)['kind'] for name, labels in scrape.samples if name == 'pharos_scrape_dropped_items'} == \
        set(re.findall(r'^\| `(\w+)` \| [^|]+ \| [^|]*\d', DOCS.read_text(), re.M))


def test_time_in_a_file_is_the_backends_and_a_lost_host_that_comes_again_reconnects():
    with pharos.Discoveryd() as daemon:
        path = f'{daemon.state}/volume'
        with open(path, 'wb') as volume:
            volume.truncate(16 << 20)
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST]})
        daemon.rest('POST', f'/subsystems/{NQN}/namespaces', {'backend': 'file', 'path': path, 'size': '16MiB'})
        first = connect(daemon)
        for lba in range(50):
            first.io[0].write(1, lba * 8, bytes(4096), fua=True)
        first.io[0].sock.close()
        first.admin.sock.close()
        pharos.wait_for(lambda: 'reason="closed"} 1' in Scrape(daemon).text, 10, 'the controller is lost')
        with connect(daemon) as again:
            again.io[0].read(1, 0, 1)
            pharos.wait_for(lambda: re.search(r'pharos_host_reads_completed_total\{.*\} 1\n', Scrape(daemon).text), 10, 'the read is counted')
            scrape = Scrape(daemon)
            again.admin.property_set(0x14, again.admin.property_get(0x14) | 1 << 14)  # CC.SHN
            pharos.wait_for(lambda: again.admin.property_get(0x1c) >> 2 & 3 == 2, 10, 'shut down')
        part = lambda name: scrape.value('pharos_namespace_io_part_seconds_total', operation='write', part=name)  # noqa: E731
        assert part('backend') > 10 * part('queue') and part('backend') > part('transport'), (part('backend'), part('queue'), part('transport'))
        assert (scrape.value('pharos_host_controllers_connected_total'), scrape.value('pharos_host_reconnects_total')) == (2, 1)
        assert scrape.value('pharos_host_writes_completed_total') == 50, 'its first connection counts on'
        with connect(daemon):
            pharos.wait_for(lambda: Scrape(daemon).value('pharos_host_controllers_connected_total') == 3, 10, 'one more')
            assert Scrape(daemon).value('pharos_host_reconnects_total') == 1, 'that was shut down'


def test_counters_count():
    with pharos.Discoveryd() as daemon:
        fill(daemon)
        before = Scrape(daemon)
        assert before.value('pharos_host_connection_state', nqn=NQN, host_nqn=HOST) == 0
        host, port = daemon.listen.rsplit(':', 1)
        discovery = nvme.Queue(host, int(port))
        discovery.connect(nvme.DISCOVERY, HOST, kato=120000)
        discovery.enable()
        discovery.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
        nvme.discovery_log(discovery)
        event = discovery.aer()
        with connect(daemon) as io:
            some_io(io)
            pharos.wait_for(lambda: ' 3\n' in re.sub(r'(?s).*\npharos_namespace_writes_completed_total\{', '', Scrape(daemon).text)[:200], 10, 'writes')
            scrape = Scrape(daemon)
            io_of = dict(nqn=NQN, nsid='1')
            assert scrape.value('pharos_namespace_writes_completed_total', **io_of) == 3
            assert scrape.value('pharos_namespace_written_bytes_total', **io_of) == 3 * 4096
            assert scrape.value('pharos_namespace_reads_completed_total', **io_of) == 1
            assert scrape.value('pharos_namespace_read_bytes_total', **io_of) == 4096
            assert scrape.value('pharos_namespace_write_seconds_total', **io_of) < 10
            check_io(scrape)
            assert scrape.value('pharos_host_connection_state', nqn=NQN, host_nqn=HOST) == 1
            assert scrape.value('pharos_host_queue_pairs', nqn=NQN) == scrape.value('pharos_subsystem_queue_pairs', nqn=NQN) == 2
            assert scrape.value('pharos_worker_controllers') == scrape.value('pharos_subsystem_controllers', nqn=NQN) == 1
            assert scrape.value('pharos_discovery_followed', state='connected') == 0 and scrape.value('pharos_discovery_dim_commands_total', result='success') == 0
            assert scrape.value('pharos_discovery_controllers') == 1 and scrape.value('pharos_discovery_log_reads_total') >= 1
            assert scrape.value('pharos_worker_resident_memory_bytes') > 1 << 20
            busy = sum(v for (n, l), v in scrape.samples.items() if n == 'pharos_reactor_seconds_total' and ('mode', 'busy') in l)
            assert 0 < busy < 10, busy
        daemon.rest('DELETE', f'/subsystems/{NQN}?force=true')
        discovery.wait(event)
        api = openapi.Api(daemon)
        api.problem(404, 'GET', f'/subsystems/{NQN}')
        after = Scrape(daemon)
        assert after.value('pharos_discovery_aens_sent_total') == 1
        assert after.value('pharos_api_requests_total', operation='getSubsystem', code='404') == 1
        assert after.value('pharos_api_requests_total', operation='createSubsystem', code='201') == 2
        assert after.value('pharos_api_request_seconds_count', operation='createSubsystem') == 2
        assert after.value('pharos_discovery_host_genctr', host_nqn=HOST) > before.value('pharos_discovery_host_genctr', host_nqn=HOST)
        assert after.value('pharos_store_commits_total') > before.value('pharos_store_commits_total')
        assert not [labels for (_, labels) in after.samples if ('nqn', NQN) in labels and ('host_nqn', HOST) not in labels], 'gone is gone'


def test_a_silent_or_dead_worker_keeps_its_last_values_and_holds_up_nobody():
    with pharos.Discoveryd() as daemon:
        fill(daemon)
        with connect(daemon) as io:
            io.io[0].write(1, 0, bytes(512))
        counted = lambda: Scrape(daemon).samples.get(('pharos_namespace_writes_completed_total', (('nqn', NQN), ('nsid', '1'))))  # noqa: E731
        pharos.wait_for(lambda: counted() == 1, 10, 'the write is counted')
        pid = daemon.workers()[0]
        os.kill(pid, signal.SIGSTOP)
        down = lambda: Scrape(daemon).value('pharos_worker_up') == 0  # noqa: E731
        pharos.wait_for(down, 20, 'worker_up 0')
        began = time.monotonic()
        scrape = Scrape(daemon)
        assert time.monotonic() - began < 1
        assert scrape.value('pharos_namespace_writes_completed_total', nqn=NQN, nsid='1') == 1
        os.kill(pid, signal.SIGKILL)
        restarted = lambda: Scrape(daemon).value('pharos_worker_restarts_total') == 1  # noqa: E731
        pharos.wait_for(restarted, 20, 'a restart is counted')
        pharos.wait_for(lambda: not down(), 20, 'worker_up 1')
        pharos.wait_for(lambda: counted() == 0, 20, 'the new worker counts from 0')


def create_many(daemon):
    api = http.client.HTTPConnection(*daemon.api.rsplit(':', 1), timeout=60)
    for first in range(0, MANY, 1000):
        many = [{'nqn': f'nqn.2026-11.example:many-{i}', 'namespaces': [{'nsid': 1, 'size': '1GiB', 'backend': 'null'}]} for i in range(first, min(first + 1000, MANY))]
        api.request('PUT', '/api/v1/config', json.dumps({'subsystems': many}), {'Content-Type': 'application/json'})
        reply = api.getresponse()
        text = reply.read()
        assert reply.status == 200, text


def slowest_request(daemon, stop, slowest):
    api = http.client.HTTPConnection(*daemon.api.rsplit(':', 1), timeout=60)
    while not stop.is_set():
        began = time.monotonic()
        api.request('GET', '/api/v1/version')
        api.getresponse().read()
        slowest.append(time.monotonic() - began)
        time.sleep(0.001)


def scrape_text(daemon):
    api = http.client.HTTPConnection(*daemon.api.rsplit(':', 1), timeout=60)
    api.request('GET', '/metrics')
    return api.getresponse().read()


def scrape_time(daemon):
    """Processor seconds of discoveryd, which others on the machine don't lengthen; seconds by the clock; bytes."""
    cpu, began = measure.cpu_seconds(daemon.process.pid), time.monotonic()
    size = len(scrape_text(daemon))
    return measure.cpu_seconds(daemon.process.pid) - cpu, time.monotonic() - began, size


def test_a_large_scrape_is_quick_and_others_are_served_meanwhile():
    with pharos.Discoveryd() as daemon:
        began = time.monotonic()
        create_many(daemon)
        made = time.monotonic() - began
        pharos.wait_for(lambda: scrape_text(daemon).count(b'pharos_namespace_reads_completed_total{') == MANY, 60, 'every namespace is counted')
        time.sleep(2)
        cpu, took, size = min(scrape_time(daemon) for _ in range(5))
        stop, others = threading.Event(), []
        other = threading.Thread(target=slowest_request, args=(daemon, stop, others))
        other.start()
        for _ in range(3):
            scrape_time(daemon)
        stop.set()
        other.join()
        gather = Scrape(daemon).value('pharos_scrape_gather_seconds')
        print(f'# {MANY} namespaces (made in {made:.0f} s): {size >> 10} KiB in {took * 1000:.0f} ms, {cpu * 1000:.0f} ms of discoveryd, gathered in {gather * 1000:.1f} ms; '
              f'others waited at most {max(others) * 1000:.0f} ms')
        if not SLOW:
            assert cpu < 0.2 * MANY / 10000 + 0.1, (cpu, took)


if __name__ == '__main__':
    pharos.run(globals(), waiting=(test_a_silent_or_dead_worker_keeps_its_last_values_and_holds_up_nobody,))
