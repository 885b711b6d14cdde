#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other discovery controllers: followed, their entries told on to the hosts that they are for, and nothing in circles."""
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
from dim import DEREGISTER, REGISTER, basic, dim  # noqa: E402
import fakedc  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

HOST_A, HOST_B = 'nqn.2026-11.example:host-a', 'nqn.2026-11.example:host-b'
DDC, DDC_HOST = 'nqn.2026-11.example:ddc', 'nqn.2026-11.example:ddc-host'
NCC = 4
INVALID_FIELD = 0x002


def address(text):
    host, port = text.rsplit(':', 1)
    return host.strip('[]'), int(port)


def discovery(daemon, hostnqn=HOST_A, local=None):
    """An enabled persistent discovery controller, with discovery events on."""
    queue = nvme.Queue(*(local or address(daemon.listen)))
    queue.connect(nvme.DISCOVERY, hostnqn, kato=30000)
    queue.enable()
    queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
    return queue


def told(daemon, hostnqn=HOST_A):
    """{(nqn, address, port): EFLAGS} of the subsystems that the host is told of; each once."""
    queue = discovery(daemon, hostnqn)
    entries = [e for e in nvme.discovery_log(queue)[1] if e['subtype'] == 2]
    queue.close()
    out = {(e['subnqn'], e['traddr'], int(e['trsvcid'])): e['eflags'] for e in entries}
    assert len(out) == len(entries), entries
    return out


def nqns(daemon, hostnqn=HOST_A):
    return sorted({nqn for nqn, _, _ in told(daemon, hostnqn)})


def follow(daemon, other, **more):
    host, port = address(other) if isinstance(other, str) else (other.address, other.port)
    return daemon.rest('POST', '/discovery-controllers', {'traddr': host, 'trsvcid': str(port), **more})['id']


def dc(daemon, name='dc1'):
    return daemon.rest('GET', f'/discovery-controllers/{name}')


def wait_state(daemon, state, name='dc1', seconds=15):
    pharos.wait_for(lambda: dc(daemon, name)['state'] == state, seconds, f'{name} is {state}')
    return dc(daemon, name)


def wait_read(daemon, entries, name='dc1'):
    pharos.wait_for(lambda: dc(daemon, name)['read_at'] and dc(daemon, name)['entries'] == entries, 15, f'{entries} entries are read')
    return dc(daemon, name)


def create(daemon, nqn, **more):
    daemon.rest('POST', '/subsystems', {'nqn': nqn, 'allow_any_host': True, **more})


def at(daemon):
    return address(daemon.io_listen)


def test_another_pharos_is_followed_with_its_labels_and_changes():
    with pharos.Discoveryd() as a, pharos.Discoveryd() as b:
        create(a, 'nqn.2026-11.example:own')
        create(b, 'nqn.2026-11.example:far', label='cold store')
        queue = discovery(a)
        nvme.discovery_log(queue)
        event = queue.aer()
        follow(a, b.listen)
        cqe, _ = queue.wait(event)
        assert cqe.result == 0x70f002
        one = wait_read(a, 1)
        assert one['state'] == 'connected' and one['own_nqn'] == b.rest('GET', '/version')['discovery_nqn'] and one['error'] is None, one
        entries = [e for e in nvme.discovery_log(queue)[1]]
        assert [e['subtype'] for e in entries] == [3, 2, 2]
        assert [(e['subnqn'], e['traddr'], int(e['trsvcid'])) for e in entries[1:]] == [
            ('nqn.2026-11.example:own', *at(a)), ('nqn.2026-11.example:far', *at(b))], entries
        page = queue.get_log(0x70, 8192, lsp=1)
        total, = struct.unpack('<I', page[20:24])
        assert page[:total].endswith(b'cold store\0\0') and total == 1024 + 1032 * 3 + 16
        event = queue.aer()
        create(b, 'nqn.2026-11.example:more')
        cqe, _ = queue.wait(event)
        assert 'nqn.2026-11.example:more' in [e['subnqn'] for e in nvme.discovery_log(queue)[1]]
        a.rest('DELETE', '/discovery-controllers/dc1')
        assert nqns(a) == ['nqn.2026-11.example:own']
        assert a.rest('GET', '/registrations')['items'] == []


def test_a_lost_one_keeps_its_entries_with_ncc_until_it_is_back():
    with pharos.Discoveryd() as a, pharos.Discoveryd() as b:
        create(b, 'nqn.2026-11.example:far')
        follow(a, b.listen)
        wait_read(a, 1)
        queue = discovery(a)
        assert nvme.discovery_log(queue)[1][1]['eflags'] == 0
        event = queue.aer()
        b.kill()
        queue.wait(event)
        assert nvme.discovery_log(queue)[1][1]['eflags'] == NCC
        assert wait_state(a, 'lost')['error'] and dc(a)['entries'] == 1
        a.kill()
        a.start()
        assert list(told(a).values()) == [NCC], 'after a restart it is still lost'
        queue = discovery(a)
        nvme.discovery_log(queue)
        event = queue.aer()
        b.start()
        queue.wait(event)
        assert nvme.discovery_log(queue)[1][1]['eflags'] == 0
        wait_state(a, 'connected')
        kinds = [e['kind'] for e in a.rest('GET', '/events?limit=1000')['items']]
        assert kinds.count('dc.lost') == 1 and kinds.count('dc.connected') == 2, kinds


def test_a_short_restart_is_no_news_to_hosts():
    with pharos.Discoveryd() as a, pharos.Discoveryd() as b:
        create(b, 'nqn.2026-11.example:far')
        follow(a, b.listen)
        read = wait_read(a, 1)['read_at']
        genctr = nvme.discovery_log(discovery(a))[0]
        b.kill()
        b.start()
        pharos.wait_for(lambda: dc(a)['read_at'] > read, 15, 'read again')
        assert nvme.discovery_log(discovery(a))[0] == genctr and dc(a)['state'] == 'connected'


def test_what_it_has_is_kept_to_the_hosts_that_are_named():
    with pharos.Discoveryd() as a, fakedc.Dc([fakedc.entry('nqn.2026-11.example:far', '192.0.2.1')], oaes=1 << 31) as ddc:
        other = discovery(a, HOST_B)
        genctr = nvme.discovery_log(other)[0]
        event = other.aer()
        follow(a, ddc, hosts=[HOST_A])
        wait_read(a, 1)
        assert nqns(a) == ['nqn.2026-11.example:far'] and nqns(a, HOST_B) == []
        ddc.change([fakedc.entry('nqn.2026-11.example:far', '192.0.2.1'), fakedc.entry('nqn.2026-11.example:far', '192.0.2.2')])
        wait_read(a, 2)
        assert len(told(a)) == 2
        other.keep_alive()
        assert event not in other.done and nvme.discovery_log(other)[0] == genctr, 'it was told nothing, and nothing moved'
        a.rest('PATCH', '/discovery-controllers/dc1', {'hosts': None})
        other.wait(event)
        assert nqns(a, HOST_B) == ['nqn.2026-11.example:far']
        genctr = nvme.discovery_log(discovery(a))[0]
        a.rest('PATCH', '/discovery-controllers/dc1', {'hosts': [HOST_B]})
        assert nqns(a) == [] and nqns(a, HOST_B) and nvme.discovery_log(discovery(a))[0] > genctr
        a.rest('PATCH', '/discovery-controllers/dc1', {'enabled': False})
        assert nqns(a, HOST_B) == [] and wait_state(a, 'disabled')
        pharos.wait_for(lambda: not ddc.alive, 10, 'it is left')
        a.rest('PATCH', '/discovery-controllers/dc1', {'enabled': True})
        wait_state(a, 'connected')
        assert nqns(a, HOST_B)


def test_one_that_keeps_no_connections_is_polled():
    with pharos.Discoveryd('--dc-poll', '1') as a, fakedc.Dc([fakedc.entry('any-name', '192.0.2.1')], eflags=0) as ddc:
        follow(a, ddc)
        wait_state(a, 'polled')
        pharos.wait_for(lambda: nqns(a) == ['any-name'], 5, 'names need no form')
        pharos.wait_for(lambda: not ddc.alive, 5, 'it is left alone')
        ddc.change([fakedc.entry('nqn.2026-11.example:b', '192.0.2.1')])
        pharos.wait_for(lambda: nqns(a) == ['nqn.2026-11.example:b'], 10, 'the next read')
        assert {c.hostnqn for c in ddc.connects} == {a.rest('GET', '/version')['discovery_nqn']} and len(ddc.connects) > 1
        reads = len(ddc.reads)
        ddc.close()
        wait_state(a, 'lost')
        pharos.wait_for(lambda: list(told(a).values()) == [NCC], 5, 'hosts are told, once that is stored')
        assert reads


def test_odd_logs():
    odd = [fakedc.entry('nqn.2026-11.example:rdma', '192.0.2.1', trtype=1), fakedc.entry('nqn.2026-11.example:loop', '127.0.0.1'),
           fakedc.entry('nqn.2026-11.example:zero', '0.0.0.0'), fakedc.entry('nqn.2026-11.example:multi', '224.0.0.1'),
           fakedc.entry('nqn.2026-11.example:name', 'storage.example'), fakedc.entry('nqn.2026-11.example:noport', '192.0.2.1', '0'),
           fakedc.entry('', '192.0.2.1'), fakedc.entry('nqn.2026-11.example:ref', '192.0.2.1', subtype=1)]
    good = [fakedc.entry('nqn.2026-11.example:six', '2001:db8:0::1', '4421'), fakedc.entry('nqn.2026-11.example:six', '2001:db8::1', '4421')]
    with pharos.Discoveryd() as a, fakedc.Dc(odd + good, oaes=1 << 31) as ddc:
        follow(a, ddc)
        one = wait_read(a, 2 - 1 + 1)  # the one on loopback is on this machine, as is the controller that tells of it
        assert set(told(a)) == {('nqn.2026-11.example:six', '2001:db8::1', 4421), ('nqn.2026-11.example:loop', '127.0.0.1', 4420)}
        assert one['skipped'] == 7 and one['state'] == 'connected', one


def test_supported_pages_decide_how_the_log_is_read():
    pages = bytearray(1024)
    struct.pack_into('<I', pages, 4 * 0x70, 1 | 4 << 16)
    with pharos.Discoveryd() as a, fakedc.Dc([], oaes=1 << 31, pages={0: bytes(pages)}) as ddc:
        follow(a, ddc)
        wait_read(a, 0)
        assert set(ddc.reads) == {4}, 'ALLSUBE, not EXTDLPE'


def test_the_same_from_two_is_told_once():
    shared, mine, yours = (fakedc.entry(f'nqn.2026-11.example:{n}', '192.0.2.1') for n in ('shared', 'mine', 'yours'))
    with pharos.Discoveryd() as a, fakedc.Dc([shared, mine], oaes=1 << 31) as one, fakedc.Dc([shared, yours], oaes=1 << 31) as two:
        follow(a, one), follow(a, two)
        wait_read(a, 2), wait_read(a, 2, 'dc2')
        assert len(told(a)) == 3
        genctr = nvme.discovery_log(discovery(a))[0]
        one.change([mine])
        wait_read(a, 1)
        assert len(told(a)) == 3 and nvme.discovery_log(discovery(a))[0] == genctr, 'the other still tells of it: nothing moved'
        two.change([yours])
        wait_read(a, 1, 'dc2')
        assert len(told(a)) == 2


def test_what_is_ours_is_told_by_us_alone():
    with pharos.Discoveryd() as a:
        host, port = at(a)
        a.rest('POST', '/subsystems', {'nqn': 'nqn.2026-11.example:own'})
        with fakedc.Dc([fakedc.entry('nqn.2026-11.example:own', host, str(port))], oaes=1 << 31) as ddc:
            follow(a, ddc)
            wait_read(a, 0)
            assert dc(a)['skipped'] == 1 and told(a) == {}, 'nobody may use it, whatever others say'


def test_it_never_follows_itself():
    with pharos.Discoveryd(listen=f'0.0.0.0:{pharos.free_port()}') as a:
        create(a, 'nqn.2026-11.example:own')
        follow(a, f'127.0.0.7:{address(a.listen)[1]}')
        assert 'itself' in wait_state(a, 'itself')['error']
        assert dc(a)['entries'] == 0 and len(told(a)) == 1


def test_two_that_follow_each_other_forget_what_is_gone():
    with pharos.Discoveryd() as a, pharos.Discoveryd() as b:
        create(a, 'nqn.2026-11.example:a'), create(b, 'nqn.2026-11.example:b')
        follow(a, b.listen), follow(b, a.listen)
        for daemon in (a, b):
            wait_read(daemon, 1)
            assert nqns(daemon) == ['nqn.2026-11.example:a', 'nqn.2026-11.example:b']
        create(a, 'nqn.2026-11.example:a2')
        pharos.wait_for(lambda: len(nqns(b)) == 3, 10, 'b hears of it')
        a.rest('DELETE', '/subsystems/nqn.2026-11.example:a2')
        pharos.wait_for(lambda: len(nqns(b)) == 2, 10, 'b forgets it')
        time.sleep(0.5)
        assert len(nqns(a)) == 2 and len(nqns(b)) == 2


def test_a_ring_of_three_forgets_what_is_gone():
    with pharos.Discoveryd() as a, pharos.Discoveryd() as b, pharos.Discoveryd() as c:
        ring = [(a, b), (b, c), (c, a), (a, c), (c, b), (b, a)]
        for one, other in ring:
            follow(one, other.listen)
        with fakedc.Dc([fakedc.entry('nqn.2026-11.example:d', '192.0.2.1')], oaes=1 << 31) as ddc:
            create(a, 'nqn.2026-11.example:a')
            name = follow(a, ddc)
            everywhere = ['nqn.2026-11.example:a', 'nqn.2026-11.example:d']
            for daemon in (a, b, c):
                pharos.wait_for(lambda: nqns(daemon) == everywhere, 15, 'all are told of all')
            ddc.change([])
            a.rest('DELETE', '/subsystems/nqn.2026-11.example:a')
            for daemon in (a, b, c):
                pharos.wait_for(lambda: nqns(daemon) == [], 15, 'nothing goes round and round')
            time.sleep(0.5)
            assert [nqns(d) for d in (a, b, c)] == [[], [], []]
            a.rest('DELETE', f'/discovery-controllers/{name}')


def test_one_that_registers_waits_for_an_operator():
    with pharos.Discoveryd() as a, fakedc.Dc([fakedc.entry('nqn.2026-11.example:read', '192.0.2.3')], oaes=1 << 31) as ddc:
        host = discovery(a)
        genctr = nvme.discovery_log(host)[0]
        queue = discovery(a, DDC_HOST)
        entries = [basic('nqn.2026-11.example:pushed', '192.0.2.1', '4420', 2), basic(DDC, ddc.address, str(ddc.port), 1)]
        assert dim(queue, REGISTER, entries, eid=DDC, etype=2, entfmt=1) == 0
        one = wait_state(a, 'waiting')
        assert (one['source'], one['traddr'], one['trsvcid'], one['own_nqn'], one['admitted']) == ('registered', ddc.address, str(ddc.port), DDC, False)
        assert told(a) == {} and nvme.discovery_log(host)[0] == genctr and not ddc.connects, 'whoever reaches us can register'
        a.rest('PATCH', '/discovery-controllers/dc1', {'admitted': True})
        wait_read(a, 3)
        assert nqns(a) == ['nqn.2026-11.example:pushed', 'nqn.2026-11.example:read']
        assert nqns(a, DDC_HOST) == [], 'not what it told us itself'
        assert dim(queue, DEREGISTER, entries, eid=DDC, etype=2, entfmt=1) == 0
        assert nqns(a) == ['nqn.2026-11.example:read'] and dc(a)['state'] == 'connected'


def test_what_an_absent_one_registered_is_told_with_ncc():
    with pharos.Discoveryd('--registration-keep', '1') as a:
        pushed = [basic('nqn.2026-11.example:pushed', '192.0.2.1', '4420', 2)]
        queue = discovery(a, DDC_HOST)
        assert dim(queue, REGISTER, pushed, eid=DDC, etype=2, entfmt=1) == 0
        a.rest('PATCH', '/discovery-controllers/dc1', {'admitted': True})
        assert list(told(a).values()) == [0]
        queue.close()
        pharos.wait_for(lambda: list(told(a).values()) == [NCC], 10, 'it is away, and kept since it was admitted')
        time.sleep(1.5)
        queue = discovery(a, DDC_HOST)
        pharos.wait_for(lambda: list(told(a).values()) == [0], 10, 'it is back')
        queue.close()
        a.rest('PATCH', '/discovery-controllers/dc1', {'admitted': False})
        pharos.wait_for(lambda: not a.rest('GET', '/discovery-controllers')['items'], 10, 'one that nobody admits goes')


def test_nobody_else_can_speak_for_one_that_was_admitted():
    with pharos.Discoveryd(listen=f'0.0.0.0:{pharos.free_port()}') as a:
        port = address(a.listen)[1]
        queue = discovery(a, DDC_HOST, ('127.0.0.1', port))
        pushed = [basic('nqn.2026-11.example:pushed', '192.0.2.1', '4420', 2)]
        assert dim(queue, REGISTER, pushed, eid=DDC, etype=2, entfmt=1) == 0
        a.rest('PATCH', '/discovery-controllers/dc1', {'admitted': True})
        queue.close()
        evil = nvme.Queue.__new__(nvme.Queue)
        import socket
        evil.sock = socket.create_connection(('127.0.0.1', port), 10, ('127.0.0.66', 0))
        evil.digest, evil.cid, evil.pending, evil.done, evil.to_send = 0, 0, {}, {}, {}
        evil.initialize()
        evil.connect(nvme.DISCOVERY, DDC_HOST)
        evil.enable()
        entries = [basic('nqn.2026-11.example:evil', '192.0.2.66', '4420', 2)]
        assert dim(evil, REGISTER, entries, eid=DDC, etype=2, entfmt=1) == INVALID_FIELD
        assert dim(evil, REGISTER, entries, eid='nqn.2026-11.example:other', etype=2, entfmt=1) == 0
        assert 'nqn.2026-11.example:evil' not in nqns(a), nqns(a)
        assert dc(a, 'dc2')['state'] == 'waiting'


def test_a_waiting_one_goes_with_its_registration_and_they_are_not_without_end():
    with pharos.Discoveryd() as a:
        queue = discovery(a, DDC_HOST)
        for i in range(205):
            entries = [basic(f'nqn.2026-11.example:s{i}', '192.0.2.1', '4420', 2), basic(f'{DDC}-{i}', '192.0.2.9', str(8009 + i), 1)]
            assert dim(queue, REGISTER, entries, eid=f'{DDC}-{i}', etype=2, entfmt=1) == 0
        assert len(a.rest('GET', '/discovery-controllers?limit=1000')['items']) == 200
        entries = [basic('nqn.2026-11.example:s0', '192.0.2.1', '4420', 2), basic(f'{DDC}-0', '192.0.2.9', '8009', 1)]
        assert dim(queue, DEREGISTER, entries, eid=f'{DDC}-0', etype=2, entfmt=1) == 0
        assert len(a.rest('GET', '/discovery-controllers?limit=1000')['items']) == 199
        follow(a, '192.0.2.10:8009', enabled=False)


def test_many_entries_survive_a_restart_and_cost_little():
    with pharos.Discoveryd() as a:
        many = [fakedc.entry(f'nqn.2026-11.example:s{i}', f'192.0.{i >> 8}.{i & 255}') for i in range(1, 3001)]
        with fakedc.Dc(many, oaes=1 << 31) as ddc:
            follow(a, ddc)
            wait_read(a, 3000)
            began = time.monotonic()
            assert len(told(a)) == 3000
            assert time.monotonic() - began < 10
        a.kill()
        a.start()
        assert len(told(a)) == 3000
        with fakedc.Dc(many + [fakedc.entry('nqn.2026-11.example:x', '192.0.2.1')] * 18000, oaes=1 << 31) as ddc:
            follow(a, ddc)
            pharos.wait_for(lambda: dc(a, 'dc2')['error'], 15, 'too many')
            assert 'too many' in dc(a, 'dc2')['error'] or 'more than' in dc(a, 'dc2')['error'], dc(a, 'dc2')


if __name__ == '__main__':
    pharos.run(globals(), waiting=(test_one_that_keeps_no_connections_is_polled, test_what_an_absent_one_registered_is_told_with_ncc))
