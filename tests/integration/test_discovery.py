#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The discovery controller as hosts meet it: logs per host, genctr, AENs, and Connects that follow at once.

PHAROS_ROUNDS: rounds of create -> AEN -> connect (1000).
"""
import concurrent.futures
import os
import pathlib
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

HOST_A, HOST_B = 'nqn.2026-11.example:host-a', 'nqn.2026-11.example:host-b'
NOTICE_DISCOVERY = 2 | 0xf0 << 8 | 0x70 << 16  # type, information, log page of an AEN's dword 0


def address(text):
    host, port = text.rsplit(':', 1)
    return host.strip('[]'), int(port)


def discovery(daemon, hostnqn=HOST_A, kato=30000):
    """An enabled persistent discovery controller, with discovery events on."""
    queue = nvme.Queue(*address(daemon.listen))
    queue.connect(nvme.DISCOVERY, hostnqn, kato=kato)
    queue.enable()
    queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
    return queue


def subsystems(entries):
    return [e['subnqn'] for e in entries if e['subtype'] == 2]


def create(daemon, nqn, *hosts, **more):
    daemon.rest('POST', '/subsystems', {'nqn': nqn, **more})
    for host in hosts:
        daemon.rest('PUT', f'/subsystems/{nqn}/hosts/{host}')


def wait_event(queue, cid):
    cqe, _ = queue.wait(cid)
    assert cqe.result == NOTICE_DISCOVERY, hex(cqe.result)


def test_log_names_itself_and_what_this_host_may_see():
    with pharos.Discoveryd() as daemon:
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        create(daemon, 'nqn.2026-11.example:b', HOST_B)
        create(daemon, 'nqn.2026-11.example:any', allow_any_host=True)
        create(daemon, 'nqn.2026-11.example:none')
        _, seen = nvme.discovery_log(discovery(daemon, HOST_A))
        assert sorted(subsystems(seen)) == ['nqn.2026-11.example:a', 'nqn.2026-11.example:any'], seen
        current = [e for e in seen if e['subtype'] == 3]
        assert len(current) == 1 and current[0]['eflags'] & 3 == 3, 'DUPRETINFO and EPCSD in one entry for the controller itself'
        assert (current[0]['traddr'], int(current[0]['trsvcid'])) == address(daemon.listen)
        entry = next(e for e in seen if e['subtype'] == 2)
        assert (entry['traddr'], int(entry['trsvcid'])) == address(daemon.io_listen)
        assert (entry['trtype'], entry['adrfam'], entry['cntlid']) == (3, 1, 0xffff) and entry['asqsz'] >= 32
        preview = daemon.rest('GET', f'/discovery-log?host_nqn={HOST_A}')
        assert sorted(r['subnqn'] for r in preview['records'] if r['subnqn'].startswith('nqn.2026')) == sorted(subsystems(seen)), preview
        missing = {m['nqn']: m['reason'] for m in preview['missing']}
        assert 'nqn.2026-11.example:b' in missing and 'nqn.2026-11.example:none' in missing, preview


def test_log_can_be_read_at_any_offset_and_past_its_end():
    with pharos.Discoveryd() as daemon:
        for i in range(3):
            create(daemon, f'nqn.2026-11.example:s{i}', allow_any_host=True)
        queue = discovery(daemon)
        whole = queue.get_log(0x70, 5 * 1024)
        assert struct.unpack('<QQH', whole[:18])[1:] == (4, 0), 'NUMREC 4, RECFMT 0'
        for offset, length in ((4, 12), (1000, 64), (1024, 1024), (1500, 2000), (4092, 1028)):
            assert queue.get_log(0x70, length, offset) == whole[offset:offset + length], (offset, length)
        past = queue.get_log(0x70, 2048, 4 * 1024)
        assert past[:1024] == whole[4 * 1024:] and not any(past[1024:])


def test_genctr_moves_only_for_what_the_host_can_see_and_survives_a_restart():
    with pharos.Discoveryd() as daemon:
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        first, _ = nvme.discovery_log(discovery(daemon, HOST_A))
        create(daemon, 'nqn.2026-11.example:b', HOST_B)
        daemon.rest('POST', '/hosts', {'nqn': 'nqn.2026-11.example:unused'})
        assert nvme.discovery_log(discovery(daemon, HOST_A))[0] == first, 'what it cannot see does not count'
        create(daemon, 'nqn.2026-11.example:a2', HOST_A)
        second, entries = nvme.discovery_log(discovery(daemon, HOST_A))
        assert second > first and len(subsystems(entries)) == 2
        daemon.kill()
        daemon.start()
        third, entries = nvme.discovery_log(discovery(daemon, HOST_A))
        assert third == second and len(subsystems(entries)) == 2, (second, third, entries)


def test_only_hosts_that_can_see_a_change_get_an_aen():
    with pharos.Discoveryd() as daemon:
        a, b = discovery(daemon, HOST_A), discovery(daemon, HOST_B)
        nvme.discovery_log(a), nvme.discovery_log(b)
        event_a, event_b = a.aer(), b.aer()
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        wait_event(a, event_a)
        time.sleep(0.3)
        b.keep_alive()
        assert event_b not in b.done, 'host B saw nothing change'


def test_a_change_between_reading_and_rearming_is_told():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        nvme.discovery_log(queue)
        event = queue.aer()
        create(daemon, 'nqn.2026-11.example:one', HOST_A)
        wait_event(queue, event)
        log = queue.get_log(0x70, 1024, rae=1)
        create(daemon, 'nqn.2026-11.example:two', HOST_A)  # after the snapshot was taken, before the event is re-armed
        event = queue.aer()
        queue.get_log(0x70, 1024, 1024, rae=0)
        wait_event(queue, event)
        assert struct.unpack('<Q', queue.get_log(0x70, 1024)[:8])[0] > struct.unpack('<Q', log[:8])[0]


def test_the_header_read_last_is_that_of_the_log_that_was_read():
    def header(queue, rae):
        return struct.unpack('<QQ', queue.get_log(0x70, 1024, rae=rae)[:16])

    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        event = queue.aer()
        genctr, numrec = header(queue, 1)
        create(daemon, 'nqn.2026-11.example:one', HOST_A)
        wait_event(queue, event)
        event = queue.aer()
        queue.get_log(0x70, numrec * 1024, 1024, rae=1)
        newest, numrec = header(queue, 1)
        assert newest > genctr, 'an event came since: this is the new log'
        queue.get_log(0x70, numrec * 1024, 1024, rae=1)
        create(daemon, 'nqn.2026-11.example:two', HOST_A)
        assert header(queue, 0) == (newest, numrec), 'what was read is whole'
        wait_event(queue, event)
        assert header(queue, 0)[0] > newest


def test_a_burst_of_changes_is_a_handful_of_aens():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        nvme.discovery_log(queue)
        event, events, stop = queue.aer(), 0, threading.Event()
        worker = threading.Thread(target=lambda: [create(daemon, f'nqn.2026-11.example:{i}', allow_any_host=True) for i in range(200)] and stop.set())
        worker.start()
        began = time.monotonic()
        while True:
            if event in queue.done:
                queue.done.pop(event)
                events += 1
                event = queue.aer()
                _, entries = nvme.discovery_log(queue)
                if len(subsystems(entries)) == 200:
                    break
            queue.keep_alive()
            time.sleep(0.005)
            assert time.monotonic() - began < 60, 'the last change was never told'
        worker.join()
        assert 1 <= events <= max(20, (time.monotonic() - began) * 60), events


def test_a_removed_host_loses_the_entry_by_aen():
    with pharos.Discoveryd() as daemon:
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        queue = discovery(daemon)
        assert subsystems(nvme.discovery_log(queue)[1])
        event = queue.aer()
        daemon.rest('DELETE', f'/subsystems/nqn.2026-11.example:a/hosts/{HOST_A}')
        wait_event(queue, event)
        assert not subsystems(nvme.discovery_log(queue)[1])


def test_a_wildcard_portal_is_told_as_the_address_the_host_reached():
    port = pharos.free_port()
    with pharos.Discoveryd(listen=f'0.0.0.0:{pharos.free_port()}', io_listen=f'0.0.0.0:{port}') as daemon:
        create(daemon, 'nqn.2026-11.example:a', allow_any_host=True)
        for local in ('127.0.0.1', '127.0.0.7'):
            queue = nvme.Queue(local, address(daemon.listen)[1])
            queue.connect(nvme.DISCOVERY, HOST_A)
            queue.enable()
            _, entries = nvme.discovery_log(queue)
            assert {e['traddr'] for e in entries} == {local}, entries


def test_discovery_on_the_io_port():
    with pharos.Discoveryd() as daemon:
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        queue = nvme.Queue(*address(daemon.io_listen))
        queue.connect(nvme.DISCOVERY, HOST_A)
        queue.enable()
        assert subsystems(nvme.discovery_log(queue)[1]) == ['nqn.2026-11.example:a']


def supported(queue):
    """The Log Specific Parameters of the discovery log that the controller offers."""
    entry, = struct.unpack('<I', queue.get_log(0, 4, 4 * 0x70))
    assert entry & 1
    return entry >> 16


def extended(page):
    """(flags, [(subnqn, label)]) of an extended log."""
    numrec, flags, total = struct.unpack('<8xQ2xBxI', page[:24])
    at, entries = 1024, []
    for _ in range(numrec):
        tel, numexat = struct.unpack('<IH', page[at + 1024:at + 1030])
        kind, length = struct.unpack('<HH', page[at + 1032:at + 1036]) if numexat else (2, 0)
        assert kind == 2 and length % 4 == 0 and tel == 1032 + (4 + length if numexat else 0)
        entries.append((page[at + 256:at + 512].split(b'\0')[0].decode(), page[at + 1036:at + 1036 + length].rstrip(b'\0').decode()))
        at += tel
    assert at == total, 'TDLPL is the end of the last entry'
    return flags, entries


def test_extended_entries_tell_administrative_labels():
    with pharos.Discoveryd() as daemon:
        create(daemon, 'nqn.2026-11.example:a', allow_any_host=True, label='cold store')
        create(daemon, 'nqn.2026-11.example:b', allow_any_host=True)
        queue = discovery(daemon)
        assert supported(queue) == 3, 'EXTDLPES and PLEOS'
        flags, entries = extended(queue.get_log(0x70, 8192, lsp=1))
        own = daemon.rest('GET', '/version')['discovery_nqn']
        assert flags == 1 and entries == [(own, ''), ('nqn.2026-11.example:a', 'cold store'), ('nqn.2026-11.example:b', '')], entries
        event = queue.aer()
        daemon.rest('PATCH', '/subsystems/nqn.2026-11.example:a', {'label': 'hot store'})
        wait_event(queue, event)
        assert extended(queue.get_log(0x70, 8192, lsp=1))[1][1] == ('nqn.2026-11.example:a', 'hot store')
        assert daemon.rest('PATCH', '/subsystems/nqn.2026-11.example:a', {'label': None})['label'] == ''
        assert len(nvme.discovery_log(queue)[1]) == 3, 'the plain form is as ever'


def test_all_subsystems_are_told_only_where_that_is_configured():
    for options, lsp, expected in (((), 4, []), (('--all-subsystems',), 4, ['nqn.2026-11.example:b']), (('--all-subsystems',), 0, [])):
        with pharos.Discoveryd(*options) as daemon:
            create(daemon, 'nqn.2026-11.example:b', HOST_B)
            queue = discovery(daemon)
            assert supported(queue) == (7 if options else 3)
            assert subsystems(nvme.discovery_log(queue, lsp=lsp)[1]) == expected, (options, lsp)
            assert queue.get_log(0x70, 20, lsp=lsp)[18] == (4 if expected else 0), 'DLPF.ALLSUB'


def test_port_local_entries_on_the_io_port():
    with pharos.Discoveryd() as daemon:
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        daemon.rest('POST', '/portals', {'traddr': '127.0.0.2', 'trsvcid': pharos.free_port('127.0.0.2')})
        queue = nvme.Queue(*address(daemon.io_listen))
        queue.connect(nvme.DISCOVERY, HOST_A)
        queue.enable()
        assert supported(queue) == 2, 'PLEOS'
        pharos.wait_for(lambda: len(subsystems(nvme.discovery_log(queue)[1])) == 2, what='both portals in the log')
        local = [e for e in nvme.discovery_log(queue, lsp=2)[1] if e['subtype'] == 2]
        assert [(e['traddr'], int(e['trsvcid'])) for e in local] == [address(daemon.io_listen)], local
        assert queue.get_log(0x70, 20, lsp=2)[18] == 2, 'DLPF.PORTLCL'


def test_port_local_entries_on_the_discovery_port():
    with pharos.Discoveryd(listen=f'0.0.0.0:{pharos.free_port()}') as daemon:
        port = address(daemon.listen)[1]
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        daemon.rest('POST', '/portals', {'traddr': '127.0.0.2', 'trsvcid': pharos.free_port('127.0.0.2')})
        daemon.rest('POST', '/referrals', {'traddr': '127.0.0.9'})
        for at, offered, entries in (('127.0.0.1', 3, ['127.0.0.1']), ('127.0.0.2', 3, ['127.0.0.2']), ('127.0.0.3', 1, ['127.0.0.1', '127.0.0.2'])):
            queue = nvme.Queue(at, port)
            queue.connect(nvme.DISCOVERY, HOST_A)
            queue.enable()
            assert supported(queue) == offered, 'PLEOS where a portal has that address'
            pharos.wait_for(lambda: len(subsystems(nvme.discovery_log(queue)[1])) == 2, what='both portals in the log')
            seen = nvme.discovery_log(queue, lsp=2)[1]
            assert [e['traddr'] for e in seen if e['subtype'] == 2] == entries, seen
            assert queue.get_log(0x70, 20, lsp=2)[18] == (2 if offered == 3 else 0), 'DLPF.PORTLCL'
            assert len(referrals(queue, 2)) == (0 if offered == 3 else 1), 'a referral is presented at no port of ours'


def test_the_secure_channel_of_a_portal_is_told_on_both_ports():
    with pharos.Discoveryd() as daemon:
        create(daemon, 'nqn.2026-11.example:a', HOST_A)
        io = nvme.Queue(*address(daemon.io_listen))
        io.connect(nvme.DISCOVERY, HOST_A, kato=30000)
        io.enable()
        queue = discovery(daemon)
        treq = lambda at: [e['treq'] for e in nvme.discovery_log(at)[1] if e['subtype'] == 2]  # noqa: E731
        assert treq(queue) == treq(io) == [4]
        event = queue.aer()
        daemon.rest('PATCH', '/portals/io1', {'secure_channel': 'not_required'})
        wait_event(queue, event)
        assert treq(queue) == [6]
        pharos.wait_for(lambda: treq(io) == [6], what='the worker tells it too')
        for body, field in (({'secure_channel': 'required'}, 'secure_channel'), ({'sectype': 'tls13'}, 'sectype')):
            try:
                daemon.rest('PATCH', '/portals/io1', body)
                raise AssertionError(f'{body} was taken')
            except pharos.Problem as problem:
                assert (problem.status, problem.problem['errors'][0]['field']) == (422, field) and 'TLS' in problem.problem['detail']
        assert daemon.rest('PATCH', '/portals/io1', {'secure_channel': None})['secure_channel'] == 'not_specified'


def referrals(queue, lsp=0):
    return [(e['traddr'], int(e['trsvcid']), e['subnqn']) for e in nvme.discovery_log(queue, lsp=lsp)[1] if e['subtype'] == 1]


def refused(daemon, body):
    try:
        daemon.rest('POST', '/referrals', body)
    except pharos.Problem as problem:
        return problem.status, problem.problem['errors'][0]['field']
    raise AssertionError(f'{body} was taken')


def test_referrals_are_told_to_the_hosts_that_they_are_for():
    own = 'nqn.2014-08.org.nvmexpress:uuid:99999999-2222-4333-8444-555555555555'
    with pharos.Discoveryd() as daemon:
        a, b = discovery(daemon, HOST_A), discovery(daemon, HOST_B)
        before = nvme.discovery_log(b)[0]
        nvme.discovery_log(a)
        events = a.aer(), b.aer()
        made = daemon.rest('POST', '/referrals', {'traddr': '192.0.2.5', 'nqn': own, 'hosts': [HOST_A]})
        wait_event(a, events[0])
        assert referrals(a) == [('192.0.2.5', 8009, own)] and referrals(b) == []
        assert nvme.discovery_log(b)[0] == before and events[1] not in b.done, 'not for B'
        self = daemon.rest('GET', '/version')['discovery_nqn']
        assert extended(a.get_log(0x70, 4096, lsp=1))[1] == [(self, ''), (own, '')]
        daemon.rest('POST', '/referrals', {'traddr': '2001:db8:0::7', 'trsvcid': '9009', 'id': 'six'})
        wait_event(b, events[1])
        assert referrals(b) == [('2001:db8::7', 9009, nvme.DISCOVERY)]
        daemon.kill()
        daemon.start()
        a, b = discovery(daemon, HOST_A), discovery(daemon, HOST_B)
        assert len(referrals(a)) == 2 and len(referrals(b)) == 1
        daemon.rest('PATCH', f'/referrals/{made["id"]}', {'hosts': [HOST_B, HOST_B + '-more']})
        assert len(referrals(a)) == 1 and len(referrals(b)) == 2
        daemon.rest('DELETE', '/referrals/six')
        assert referrals(a) == [] and referrals(b) == [('192.0.2.5', 8009, own)]
        assert referrals(discovery(daemon, HOST_B[:-1])) == [], 'a part of a name is not the name'


def test_a_referral_never_leads_back():
    with pharos.Discoveryd(listen=f'0.0.0.0:{pharos.free_port()}') as daemon:
        port = address(daemon.listen)[1]
        own = daemon.rest('GET', '/version')['discovery_nqn']
        assert refused(daemon, {'traddr': '192.0.2.1', 'nqn': own}) == (422, 'nqn')
        assert refused(daemon, {'traddr': '0.0.0.0'}) == (422, 'traddr')
        daemon.rest('POST', '/referrals', {'traddr': '127.0.0.7', 'trsvcid': str(port)})
        daemon.rest('POST', '/referrals', {'traddr': '192.0.2.9', 'nqn': HOST_A})
        for local, expected in (('127.0.0.7', ['192.0.2.9']), ('127.0.0.1', ['127.0.0.7', '192.0.2.9'])):
            queue = nvme.Queue(local, port)
            queue.connect(nvme.DISCOVERY, HOST_B)
            queue.enable()
            assert [r[0] for r in referrals(queue)] == expected, local
        queue = nvme.Queue('127.0.0.7', port)
        queue.connect(nvme.DISCOVERY, HOST_A)
        queue.enable()
        assert referrals(queue) == [], 'a discovery controller that asks is not sent to itself'
    with pharos.Discoveryd() as daemon:
        host, port = address(daemon.listen)
        assert refused(daemon, {'traddr': host, 'trsvcid': str(port)}) == (422, 'traddr')


def test_the_controller_answers_to_its_own_nqn_too():
    with pharos.Discoveryd() as daemon:
        own = daemon.rest('GET', '/version')['discovery_nqn']
        for nqn in (own, nvme.DISCOVERY):
            queue = nvme.Queue(*address(daemon.listen))
            queue.connect(nqn, HOST_A)
            queue.enable()
            identify = queue.identify(1)
            assert identify[768:1024].split(b'\0')[0].decode() == own and identify[111] == 2, 'SUBNQN, CNTRLTYPE'
            assert [e['subnqn'] for e in nvme.discovery_log(queue)[1] if e['subtype'] == 3] == [own]
        queue = nvme.Queue(*address(daemon.listen))
        try:
            queue.connect('nqn.2026-11.example:nobody', HOST_A)
        except nvme.Status as status:
            assert (status.sc, status.result) == (0x182, 1 << 16 | 256), 'Connect Invalid Parameters, SUBNQN in the data'
        else:
            raise AssertionError('an unknown subsystem was taken')


def rounds(number):
    """Create, be told, connect at once."""
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        nvme.discovery_log(queue)
        for i in range(number):
            nqn = f'nqn.2026-11.example:round-{i}'
            event = queue.aer()
            maker = threading.Thread(target=create, args=(daemon, nqn, HOST_A))
            maker.start()
            while True:
                wait_event(queue, event)
                if nqn in subsystems(nvme.discovery_log(queue)[1]):
                    break
                event = queue.aer()
            host = nvme.Queue(*address(daemon.io_listen))
            try:
                host.connect(nqn, HOST_A)
            except nvme.Status as status:
                raise AssertionError(f'round {i}: Connect failed right after the AEN: {status}') from status
            host.close()
            maker.join()
            if i % 50 == 49:  # keep the log short: this is about the order of events
                for old in range(i - 49, i + 1):
                    daemon.rest('DELETE', f'/subsystems/nqn.2026-11.example:round-{old}?force=true')
                nvme.discovery_log(queue)


def test_rounds_of_create_aen_connect_never_meet_dnr():
    number, daemons = int(os.environ.get('PHAROS_ROUNDS', 400 if os.environ.get('PHAROS_SANITIZER') else 1000)), 4  # what takes time are the pauses between events
    with concurrent.futures.ThreadPoolExecutor(daemons) as pool:
        list(pool.map(rounds, [number // daemons] * daemons))


def test_hosts_in_the_backlog_survive_kill_9_of_the_worker():
    nqn = 'nqn.2026-11.example:a'
    with pharos.Discoveryd() as daemon:
        create(daemon, nqn, HOST_A)
        daemon.rest('POST', f'/subsystems/{nqn}/namespaces', {'size': '16MiB'})
        pid = daemon.workers()[0]
        os.kill(pid, signal.SIGSTOP)  # nobody accepts: connections wait in the backlog of the socket that discoveryd holds
        outcome = []

        def come():
            """What a Linux host does: a lost connection or a retryable status is tried again."""
            for _ in range(20):
                try:
                    queue = nvme.Queue(*address(daemon.io_listen), timeout=20)
                    queue.connect(nqn, HOST_A)
                    outcome.append('connected')
                    return queue
                except (nvme.Terminated, OSError):
                    time.sleep(0.1)
                except nvme.Status as status:
                    if status.dnr:
                        outcome.append(f'DNR: {status}')
                        return None
                    time.sleep(0.1)
            outcome.append('gave up')
            return None

        hosts = [threading.Thread(target=come) for _ in range(64)]
        for host in hosts:
            host.start()
        time.sleep(0.5)
        os.kill(pid, signal.SIGKILL)
        for host in hosts:
            host.join()
        assert outcome == ['connected'] * 64, outcome


if __name__ == '__main__':
    pharos.run(globals())
