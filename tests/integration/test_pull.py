#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What direct discovery controllers may ask of a centralized one: log pages, by the pull model; to be connected to, by kickstart.  And the
AVE log, and that what is told of commands and log pages is what there is."""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
from dim import REGISTER, dim, extended  # noqa: E402
import fakedc  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

DDC = 'nqn.2026-11.example:ddc'
PULL = 1 << 31 | 1 << 28  # the events that it offers
INVALID_LOG_PAGE = 0x109


def address(text):
    host, port = text.rsplit(':', 1)
    return host.strip('[]'), int(port)


def discovery(daemon, hostnqn='nqn.2026-11.example:host-a'):
    queue = nvme.Queue(*address(daemon.listen))
    queue.connect(nvme.DISCOVERY, hostnqn, kato=30000)
    queue.enable()
    return queue


def follow(daemon, ddc):
    name = daemon.rest('POST', '/discovery-controllers', {'traddr': ddc.address, 'trsvcid': str(ddc.port)})['id']
    pharos.wait_for(lambda: daemon.rest('GET', f'/discovery-controllers/{name}')['read_at'], 15, 'its log is read')
    return name


def sent(ddc, number):
    pharos.wait_for(lambda: len(ddc.sent) >= number and complete(ddc.sent[number - 1]), 15, f'{number} log pages')
    return ddc.sent[number - 1]


def complete(page):
    lid, _, status, data = page
    if status or not data:
        return True
    genctr, numrec, _, dlpf, _, length = struct.unpack_from('<QQHBBI', data)
    return len(data) >= (length if lid != 0x70 or dlpf & 1 else 1024 * (1 + numrec))


def nqns(page):
    data = page[3]
    count = struct.unpack_from('<Q', data, 8)[0]
    return [data[at + 256:at + 512].split(b'\0')[0].decode() for at in range(1024, 1024 * (count + 1), 1024)]


def test_a_log_is_sent_to_one_that_pulls_as_it_is_for_its_name():
    with pharos.Discoveryd() as a, fakedc.Dc([], oaes=PULL, own_nqn=DDC) as ddc:
        a.rest('POST', '/subsystems', {'nqn': 'nqn.2026-11.example:all', 'allow_any_host': True})
        a.rest('POST', '/hosts', {'nqn': DDC})
        a.rest('POST', '/subsystems', {'nqn': 'nqn.2026-11.example:its'})
        a.rest('PUT', f'/subsystems/nqn.2026-11.example:its/hosts/{DDC}')
        a.rest('POST', '/subsystems', {'nqn': 'nqn.2026-11.example:others'})
        follow(a, ddc)
        ddc.pull(0x70)
        page = sent(ddc, 1)
        assert page[:3] == (0x70, 0, 0), page[:3]
        assert sorted(nqns(page)[1:]) == ['nqn.2026-11.example:all', 'nqn.2026-11.example:its'], nqns(page)
        # Extended entries where they are asked for.
        ddc.pull(0x70, 1)
        page = sent(ddc, 2)
        assert page[1] == 1 and page[3][18] == 1, page[3][:24]
        # Once, as it hadn't asked for more; then again with each change that it can see, and only those.
        a.rest('POST', '/subsystems', {'nqn': 'nqn.2026-11.example:more', 'allow_any_host': True})
        ddc.pull(0x70, again=True)
        assert 'nqn.2026-11.example:more' in nqns(sent(ddc, 3))
        a.rest('POST', '/subsystems', {'nqn': 'nqn.2026-11.example:hidden'})
        a.rest('DELETE', '/subsystems/nqn.2026-11.example:more?force=true')
        page = sent(ddc, 4)
        assert 'nqn.2026-11.example:more' not in nqns(page)
        assert struct.unpack_from('<Q', page[3])[0] > struct.unpack_from('<Q', ddc.sent[2][3])[0]
        a.rest('POST', '/subsystems', {'nqn': 'nqn.2026-11.example:last', 'allow_any_host': True})
        assert 'nqn.2026-11.example:last' in nqns(sent(ddc, 5))
        assert len(ddc.sent) == 5


def test_hosts_and_verification_entities_are_sent_too_and_nothing_else():
    with pharos.Discoveryd('--dctype', 'cdc', '--all-hosts', '--ave', 'nqn.2026-11.example:ave=192.0.2.4:443') as a:
        queue = discovery(a)
        assert dim(queue, REGISTER, [extended('nqn.2026-11.example:host-a')], eid='nqn.2026-11.example:host-a') == 0
        with fakedc.Dc([], oaes=PULL, own_nqn=DDC) as ddc:
            follow(a, ddc)
            ddc.pull(0x71, 1)
            lid, lsp, status, data = sent(ddc, 1)
            assert (lid, lsp, status) == (0x71, 1, 0) and b'nqn.2026-11.example:host-a\0' in data
            ddc.pull(0x71)
            assert struct.unpack_from('<Q', sent(ddc, 2)[3], 8)[0] == 0, 'it has registered nothing itself'
            ddc.pull(0x72)
            assert sent(ddc, 3)[3][1028:1056].split(b'\0')[0] == b'nqn.2026-11.example:ave'
            ddc.pull(0x0c)
            assert sent(ddc, 4) == (0x0c, 0, 2, b''), 'not allowed'
        queue.close()


def member(role, nqn):
    return struct.pack('<BHB28x', 1, 256, role) + nqn.encode().ljust(224, b'\0')


def group(name, *subsystems):
    """A ZoneGroup of one zone: two hosts and these subsystems."""
    members = [member(1, f'nqn.2026-11.example:h{i}') for i in range(2)] + [member(2, nqn) for nqn in subsystems]
    zone = b'z'.ljust(124, b'\0') + struct.pack('<HH', len(members), 0) + b''.join(members)
    return DDC.encode().ljust(224, b'\0') + name.encode().ljust(30, b'\0') + struct.pack('<H', 1) + zone


def zone_pull(ddc, operation, t_id, name, body=b'', originator=DDC):
    ddc.pull_zone(operation, t_id, originator, name, body)
    pharos.wait_for(lambda: t_id in ddc.zones, 15, f'operation {operation} is done')
    return ddc.zones[t_id]


def test_one_that_pulls_has_its_zone_groups_added_read_and_removed():
    mine = group('backup', f'{DDC}:vol', f'{DDC}:vol2')
    with pharos.Discoveryd() as a, fakedc.Dc([fakedc.entry(f'{DDC}:vol', '192.0.2.1'), fakedc.entry(f'{DDC}:vol2', '192.0.2.1')], oaes=PULL, own_nqn=DDC) as ddc:
        follow(a, ddc)
        assert zone_pull(ddc, 1, 1, 'backup') == (7, 4, b''), 'it is not permitted to zone'
        a.rest('PATCH', '/zoning', {'ddcs': [{'nqn': DDC, 'own_subsystems': False}]})
        assert zone_pull(ddc, 1, 2, 'backup') == (7, 2, b''), 'there is none'
        assert zone_pull(ddc, 3, 3, 'backup') == (0xc, 2, b'')
        for t_id, fragment in ((4, 1 << 20), (5, 100)):
            ddc.fragment = fragment
            assert zone_pull(ddc, 2, t_id, 'backup', mine) == (0xa, 0, b'')
            active, = a.rest('GET', '/zoning/active')['items']
            assert (active['originator'], active['name'], len(active['zones'])) == (DDC, 'backup', 1), active
            assert zone_pull(ddc, 1, 10 + t_id, 'backup') == (7, 0, mine)
        assert zone_pull(ddc, 2, 6, 'backup', mine, originator='nqn.2026-11.example:another')[1] == 4, 'not of another'
        assert zone_pull(ddc, 2, 7, 'backup', mine[:-1])[1] != 0, 'malformed'
        assert zone_pull(ddc, 1, 8, 'backup') == (7, 0, mine), 'and nothing has changed, nor is it locked'
        assert zone_pull(ddc, 2, 9, 'backup', mine) == (0xa, 0, b'')
        assert zone_pull(ddc, 3, 20, 'backup') == (0xc, 0, b'')
        assert a.rest('GET', '/zoning/active')['items'] == []
        ddc.pull(0x70)
        sent(ddc, 1)


def test_requests_that_make_no_sense_hurt_nobody():
    with pharos.Discoveryd() as a, fakedc.Dc([], oaes=PULL, own_nqn=DDC) as ddc:
        name = follow(a, ddc)
        for page in (b'', struct.pack('<BxxxI', 4, 8), struct.pack('<BxxxIBBxx', 4, 4096, 0x70, 0), struct.pack('<BxxxIBBxx', 9, 12, 0x70, 0)):
            ddc.pages[0x73] = page
            ddc.event(0xf3, 0x73)
        ddc.pull(0x70)
        sent(ddc, 1)
        assert a.rest('GET', f'/discovery-controllers/{name}')['state'] == 'connected'


def test_kickstart_lists_one_that_then_waits_and_reads_one_that_is_admitted():
    with pharos.Discoveryd('--dctype', 'cdc') as a, fakedc.Dc([fakedc.entry('nqn.2026-11.example:far', '192.0.2.1')], own_nqn=DDC) as ddc:
        where = address(a.listen)
        own = a.rest('GET', '/version')['discovery_nqn']
        assert fakedc.kickstart(*where, [('192.0.2.9', '4420', 1), (ddc.address, str(ddc.port))]) == (0, 0, own)
        pharos.wait_for(lambda: a.rest('GET', '/discovery-controllers')['items'], 10, 'it is listed')
        (row,) = a.rest('GET', '/discovery-controllers')['items']
        assert (row['source'], row['state'], row['traddr'], row['trsvcid']) == ('kickstart', 'waiting', ddc.address, str(ddc.port)), row
        assert not ddc.connects
        a.rest('PATCH', f'/discovery-controllers/{row["id"]}', {'admitted': True})
        pharos.wait_for(lambda: a.rest('GET', f'/discovery-controllers/{row["id"]}')['entries'] == 1, 10, 'its log is read')
        # It keeps no connections and is read now and then: by kickstart at once.
        reads = len(ddc.connects)
        ddc.entries.append(fakedc.entry('nqn.2026-11.example:new', '192.0.2.2'))
        ddc.genctr += 1
        assert fakedc.kickstart(*where, [(ddc.address, str(ddc.port))])[0] == 0
        pharos.wait_for(lambda: a.rest('GET', f'/discovery-controllers/{row["id"]}')['entries'] == 2, 10, 'read anew')
        assert len(ddc.connects) == reads + 1


def test_kickstart_is_refused_with_its_reason():
    with pharos.Discoveryd('--dctype', 'cdc') as a:
        where = address(a.listen)
        for records, numdie, reason in (([], 1, 0x02), ([('192.0.2.1', '4420', 1)], 1, 0x04), ([('192.0.2.256', '8009')], 1, 0x10),
                                        ([('192.0.2.1', 'nvme')], 1, 0x20), ([('192.0.2.1', '8009')], 60000, 0x40)):
            assert fakedc.kickstart(*where, records, numdie)[:2] == (1, reason), records
        for i in range(200):
            assert fakedc.kickstart(*where, [('192.0.2.1', str(1000 + i))])[0] == 0
        pharos.wait_for(lambda: len(a.rest('GET', '/discovery-controllers?limit=1000')['items']) == 200, 10, 'they wait')
        assert fakedc.kickstart(*where, [('192.0.2.1', '8009')])[:2] == (1, 0x40)
        assert fakedc.kickstart(*where, [('192.0.2.1', '1000')])[0] == 0, 'it is known'


def test_only_a_centralized_one_takes_kickstarts():
    with pharos.Discoveryd('--dctype', 'ddc') as a:
        try:
            fakedc.kickstart(*address(a.listen), [('192.0.2.1', '8009')])
        except AssertionError:
            return
        raise AssertionError('answered')


def supported(queue):
    """{LID: its LID Supported and Effects}"""
    page = queue.get_log(0x00, 1024)
    return {lid: value for lid, value in enumerate(struct.unpack('<256I', page)) if value}


def effects(queue):
    return {opcode for opcode, value in enumerate(struct.unpack('<256I', queue.get_log(0x05, 4096)[:1024])) if value & 1}


def status_of(queue, lid):
    cqe, _ = queue.wait(queue.submit(nvme.sqe(nvme.ADMIN['get_log'], cdw10=lid | 0xff << 16), want=1024))
    return cqe.sc


def test_what_is_told_of_pages_and_commands_is_what_there_is():
    with pharos.Discoveryd('--ave', 'nqn.2026-11.example:ave=192.0.2.4:443', '--ave', 'nqn.2026-11.example:ave=[2001:db8::4]:443') as a:
        queue = discovery(a)
        pages, commands = supported(queue), effects(queue)
        for lid in range(256):
            sc = status_of(queue, lid)
            assert (sc == 0) == (lid in pages) and sc in (0, INVALID_LOG_PAGE), (hex(lid), sc)
        for opcode in range(256):
            if opcode in (0x0c, 0x7f):
                continue  # an event request has no end, and fabrics commands are no admin commands
            cqe, _ = queue.wait(queue.submit(nvme.sqe(opcode)))
            assert (cqe.sc == 0x001) == (opcode not in commands), (hex(opcode), cqe.sc)
        page = queue.get_log(0x72, 1024 + 232 + 40)
        assert struct.unpack_from('<QHxxI', page, 8) == (1, 0, 1024 + 232 + 40)
        assert page[1028:1052].split(b'\0')[0] == b'nqn.2026-11.example:ave' and page[1024 + 228] == 2
        queue.close()
    with pharos.Discoveryd() as a:
        queue = discovery(a)
        assert 0x72 not in supported(queue) and status_of(queue, 0x72) == INVALID_LOG_PAGE
        queue.close()


if __name__ == '__main__':
    pharos.run(globals())
