#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Discovery Information Management: hosts and discovery controllers register, update and take back, as NVM Express Base 2.1, 5.3.3 has it.

PHAROS_REGISTRATIONS: how many hosts register at once (1000).
"""
import os
import pathlib
import socket
import struct
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
from dim import DEREGISTER, HOST, REGISTER, UPDATE, basic, dim, dim_data, extended  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

OTHER = 'nqn.2026-11.example:host-b'
DDC = 'nqn.2026-11.example:ddc'
INVALID_FIELD, INVALID_INFO, NO_ROOM = 0x002, 0x12f, 0x132


def address(text):
    host, port = text.rsplit(':', 1)
    return host.strip('[]'), int(port)


def discovery(daemon, hostnqn=HOST):
    queue = nvme.Queue(*address(daemon.listen))
    queue.connect(nvme.DISCOVERY, hostnqn, kato=30000)
    queue.enable()
    return queue


def registrations(daemon, query=''):
    return daemon.rest('GET', f'/registrations{query}')['items']


def addresses(daemon):
    return sorted(r['traddr'] for r in registrations(daemon))


def events(daemon):
    return [e for e in daemon.rest('GET', '/events?limit=1000')['items'] if e['kind'] == 'registration.refused']


def test_a_host_registers_as_libnvme_does_and_is_known_after_kill_9():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        assert dim(queue, REGISTER, [extended(HOST, label='räck 7')]) == 0
        daemon.kill()  # the answer came after the commit
        daemon.start()
        one, = registrations(daemon)
        assert one['traddr'] == '127.0.0.1' and one['verified'] and one['entity_type'] == 'host', one
        assert (one['nqn'], one['entity_id'], one['registered_by']) == (HOST, HOST, HOST), one
        assert (one['entity_name'], one['entity_version'], one['label']) == ('node1', 'Linux 6.12', 'räck 7'), one
        assert one['host_id'] == str(uuid.uuid5(uuid.NAMESPACE_URL, HOST)), one
        assert daemon.rest('GET', f'/registrations/{one["id"]}') == one


def test_registering_again_changes_what_is_there():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        assert dim(queue, REGISTER, [extended(HOST)]) == 0
        before, = registrations(daemon)
        assert dim(queue, REGISTER, [extended(HOST)]) == 0, 'the same once more'
        assert registrations(daemon) == [before]
        assert dim(queue, REGISTER, [extended(HOST, label='new'), extended(HOST, traddr='192.0.2.9')], ever='Linux 7') == 0
        first, second = registrations(daemon)
        assert first['id'] == before['id'] and first['label'] == 'new' and first['entity_version'] == 'Linux 7'
        assert second['traddr'] == '192.0.2.9' and not second['verified'], 'not where it came from'


def test_taking_back():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        assert dim(queue, DEREGISTER, [extended(HOST)]) == 0, 'nothing there: it is as asked'
        assert dim(queue, REGISTER, [extended(HOST), extended(HOST, traddr='192.0.2.9')]) == 0
        assert dim(queue, DEREGISTER, [extended(HOST)]) == 0
        assert addresses(daemon) == ['192.0.2.9']
        assert dim(queue, DEREGISTER, [extended(HOST, traddr='192.0.2.9')]) == 0
        assert registrations(daemon) == []


def test_an_update_replaces_one_entry_by_another():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        old, new, third = (extended(HOST, traddr=f'192.0.2.{i}') for i in (1, 2, 3))
        assert dim(queue, UPDATE, [old, new]) == INVALID_FIELD, 'nothing is registered yet'
        assert dim(queue, REGISTER, [old, third]) == 0
        assert dim(queue, UPDATE, [new, old]) == INVALID_FIELD, 'that one is not'
        number = {r['traddr']: r['id'] for r in registrations(daemon)}['192.0.2.1']
        assert dim(queue, UPDATE, [old, new]) == 0
        assert addresses(daemon) == ['192.0.2.2', '192.0.2.3']
        assert {r['traddr']: r['id'] for r in registrations(daemon)}['192.0.2.2'] == number
        assert dim(queue, UPDATE, [new, third]) == 0, 'takes the place of one that there is, too'
        assert addresses(daemon) == ['192.0.2.3']
        daemon.kill()
        daemon.start()
        assert addresses(daemon) == ['192.0.2.3']


def test_all_or_nothing_and_the_event_names_the_field():
    good, bad = extended(HOST, traddr='192.0.2.1'), extended(HOST, traddr='192.0.2.1', portid=1)
    cases = [  # entries, header, status, field, entry
        ([good, bad], {}, INVALID_INFO, 'portid', 1),
        ([good, extended(HOST, traddr='192.0.2.256')], {}, INVALID_FIELD, 'traddr', None),
        ([good, extended(HOST, traddr='::1')], {}, INVALID_FIELD, 'traddr', None),
        ([good, extended(HOST, traddr='0.0.0.0')], {}, INVALID_FIELD, 'traddr', None),
        ([good, extended(HOST, traddr='192.0.2.2', hostid=False, label='x')], {}, INVALID_INFO, 'host identifier', 1),
        ([good, extended(OTHER, traddr='192.0.2.2')], {}, INVALID_INFO, 'nqn', 1),
        ([good], {'eid': OTHER}, INVALID_INFO, 'nqn', 0),
        ([extended(OTHER, traddr='192.0.2.2')], {'eid': OTHER}, INVALID_FIELD, 'eid', None),
        ([good], {'nument': 2}, INVALID_FIELD, 'nument', None),
        ([good], {'tdl': 2048}, INVALID_FIELD, 'tel', 0),
        ([good], {'tdl': 1 << 30}, INVALID_FIELD, 'tdl', None),
        ([good], {'etype': 7}, INVALID_FIELD, 'etype', None),
        ([basic(HOST)], {'entfmt': 1}, INVALID_INFO, 'entfmt', None),
        ([extended(HOST), extended(HOST)], {}, INVALID_FIELD, 'traddr', 1),
    ]
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        for number, (entries, header, status, field, entry) in enumerate(cases):
            assert dim(queue, REGISTER, entries, **header) == status, (number, field)
            last = events(daemon)[-1]['data']
            assert (last['field'], last.get('entry'), last['status'], last['host_nqn']) == (field, entry, status, HOST), (number, last)
            assert registrations(daemon) == [], (number, 'nothing of it')
        assert dim(queue, 5, [good]) == INVALID_FIELD
        for length in (0, 4, 1020, 300 << 10):  # what the SGL describes
            cqe, _ = queue.wait(queue.submit(nvme.sqe(0x21), want=length))
            assert cqe.sc in (INVALID_FIELD, 0x00f), (length, hex(cqe.sc))
        cqe, _ = queue.wait(queue.submit(nvme.sqe(0x21, nsid=1), dim_data([good])))
        assert cqe.sc == INVALID_FIELD, 'NSID is reserved'
        for _ in range(40):
            assert dim(queue, REGISTER, [bad]) == INVALID_INFO
        assert len(events(daemon)) <= 20, 'a host that tries for ever does not push out the other events'
        assert dim(queue, REGISTER, [good]) == 0, 'and the controller is none the worse'


def test_quota_of_a_host_is_insufficient_resources_and_nothing_is_taken():
    with pharos.Discoveryd('--registrations-per-host', '3') as daemon:
        queue = discovery(daemon)
        four = [extended(HOST, traddr=f'192.0.2.{i}') for i in range(1, 5)]
        assert dim(queue, REGISTER, four) == NO_ROOM and registrations(daemon) == []
        assert events(daemon)[-1]['data']['field'] == 'quota'
        assert dim(queue, REGISTER, four[:3]) == 0
        assert dim(queue, REGISTER, four[3:]) == NO_ROOM
        assert dim(queue, REGISTER, four[:3]) == 0, 'what is there already takes no room'
        assert dim(discovery(daemon, OTHER), REGISTER, [extended(OTHER)], eid=OTHER) == 0, 'nor from another host'


def test_discovery_controllers_register_subsystems_and_hosts():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon, 'nqn.2026-11.example:box')
        one = basic('nqn.2026-11.example:vol1', '192.0.2.1', '4420', subtype=2, portid=7)
        two = basic('nqn.2026-11.example:dc', '192.0.2.2', '8009', subtype=1)
        assert dim(queue, REGISTER, [one, two], eid=DDC, etype=2, entfmt=1, ektype=0x3f, ename='box') == 0
        first, second = registrations(daemon)
        assert (first['entity_type'], first['entity_id'], first['registered_by']) == ('ddc', DDC, 'nqn.2026-11.example:box'), first
        assert (first['nqn'], first['trsvcid'], first['portid'], first['host_id']) == ('nqn.2026-11.example:vol1', '4420', 7, None), first
        assert second['subtype'] == 'referral' or 'discovery' in second['subtype'], second
        moved = basic('nqn.2026-11.example:vol1', '192.0.2.77', '4420', subtype=2, portid=7)
        assert dim(queue, REGISTER, [moved], eid=DDC, etype=2, entfmt=1, ektype=0x3f) == 0, 'by port: the same entry'
        assert addresses(daemon) == ['192.0.2.2', '192.0.2.77']
        assert dim(discovery(daemon, OTHER), DEREGISTER, [moved], eid=DDC, etype=2, entfmt=1, ektype=0x3f) == INVALID_FIELD, 'not by another'
        labelled = extended('nqn.2026-11.example:vol2', hostid=False, label='vol', traddr='192.0.2.1', trsvcid='4420', subtype=2)
        assert dim(queue, REGISTER, [labelled], eid=DDC, etype=2) == 0
        assert [r['label'] for r in registrations(daemon, '?nqn=nqn.2026-11.example:vol2')] == ['vol']
        assert dim(queue, REGISTER, [extended(HOST, traddr='192.0.2.8')], eid='nqn.2026-11.example:cdc', etype=3) == 0
        assert [r['entity_type'] for r in registrations(daemon, f'?nqn={HOST}')] == ['cdc']
        assert dim(queue, DEREGISTER, [moved, two], eid=DDC, etype=2, entfmt=1, ektype=0x3f) == 0
        assert addresses(daemon) == ['192.0.2.1', '192.0.2.8']
        _, entries = nvme.discovery_log(discovery(daemon, HOST))
        assert [e['subtype'] for e in entries] == [3], 'no host is told of what anybody may claim'


def test_what_controllers_register_is_held_to_the_rules_of_their_type():
    vol = lambda i, **more: dict({'nqn': f'nqn.2026-11.example:vol{i}', 'traddr': f'192.0.2.{i}', 'trsvcid': '4420', 'subtype': 2}, **more)
    both = ((1, basic), (2, lambda **fields: extended(hostid=False, **fields)))
    cdc = {'etype': 3, 'eid': 'nqn.2026-11.example:cdc'}
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon, 'nqn.2026-11.example:box')
        for entfmt, make in both:
            ddc = {'etype': 2, 'eid': DDC, 'entfmt': entfmt}
            three = [make(**vol(i)) for i in range(1, 4)]
            body = sum(map(len, three))
            for entries, header, status in (
                    (three, {'tdl': 1024 + body - 4}, INVALID_FIELD), (three, {'tdl': 1024 + body + 4}, INVALID_FIELD), (three, {'tdl': 1023}, INVALID_FIELD),
                    (three, {'nument': 2}, INVALID_FIELD), (three, {'nument': 4}, INVALID_FIELD), (three, {'nument': 0}, INVALID_FIELD),
                    (three, {'nument': 1 << 63}, INVALID_FIELD), (three, {'entfmt': 3 - entfmt}, INVALID_FIELD), (three, {'ektype': 0x1f}, INVALID_FIELD),
                    (three[:2] + [make(**vol(3, subtype=3))], {}, INVALID_INFO), (three[:2] + [make(**vol(3, subtype=0))], {}, INVALID_INFO),
                    ([make(**vol(1, trsvcid='0'))], {}, INVALID_FIELD), ([make(**vol(1, trsvcid='x'))], {}, INVALID_FIELD),
                    ([make(**vol(1, trtype=1))], {}, INVALID_FIELD), ([make(**vol(1, adrfam=3))], {}, INVALID_FIELD)):
                got = dim(queue, REGISTER, entries, **{**ddc, **header})
                assert got == status, (entfmt, header, hex(got))
                assert registrations(daemon) == [], (entfmt, header, 'nothing of it')
            assert dim(queue, REGISTER, three, **ddc) == 0
            assert addresses(daemon) == ['192.0.2.1', '192.0.2.2', '192.0.2.3']
            assert dim(queue, DEREGISTER, three, **ddc) == 0 and registrations(daemon) == []
        # Only hosts have host identifiers, and hosts must have one; of a CDC each entry is a host.
        assert dim(queue, REGISTER, [extended(**vol(1))], etype=2, eid=DDC) == INVALID_INFO
        hosts = [extended(f'nqn.2026-11.example:host-{i}', traddr=f'192.0.2.{i}') for i in range(1, 4)]
        assert dim(queue, REGISTER, [extended(HOST, traddr='192.0.2.1', hostid=False)], **cdc) == INVALID_INFO
        assert dim(queue, REGISTER, [basic(HOST, '192.0.2.1')], entfmt=1, **cdc) == INVALID_INFO
        assert dim(queue, REGISTER, hosts + [extended(HOST, traddr='192.0.2.9', trsvcid='4420')], **cdc) == INVALID_INFO
        assert dim(queue, REGISTER, hosts, tdl=1024 + sum(map(len, hosts)) - 4, **cdc) == INVALID_FIELD
        assert registrations(daemon) == []
        assert dim(queue, REGISTER, hosts, **cdc) == 0
        assert addresses(daemon) == ['192.0.2.1', '192.0.2.2', '192.0.2.3']


def test_a_controller_that_registers_without_end_is_stopped():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon, 'nqn.2026-11.example:box')
        entry = lambda i: basic(f'nqn.2026-11.example:vol{i}', '192.0.2.1', '4420', 2)
        for first in range(0, 20000, 50):
            assert dim(queue, REGISTER, [entry(i) for i in range(first, first + 50)], eid=DDC, etype=2, entfmt=1) == 0, first
        assert dim(queue, REGISTER, [entry(20000)], eid=DDC, etype=2, entfmt=1) == NO_ROOM
        assert dim(queue, REGISTER, [entry(7)], eid=DDC, etype=2, entfmt=1) == 0, 'what is there already takes no room'


def test_rest_shows_pages_and_forgets():
    with pharos.Discoveryd() as daemon:
        queue = discovery(daemon)
        assert dim(queue, REGISTER, [extended(HOST, traddr=f'192.0.2.{i}') for i in range(1, 8)]) == 0
        seen, path = [], '/registrations?limit=3'
        while path:
            page = daemon.rest('GET', path)
            seen += page['items']
            path = page['next'] and f'/registrations?limit=3&cursor={page["next"].rsplit("cursor=", 1)[-1]}'
        assert len(seen) == 7 and len({r['id'] for r in seen}) == 7
        for one in seen:
            daemon.rest('DELETE', f'/registrations/{one["id"]}')
        assert registrations(daemon) == []
        try:
            daemon.rest('DELETE', f'/registrations/{seen[0]["id"]}')
        except pharos.Problem as problem:
            assert problem.status == 404
        else:
            raise AssertionError('it was deleted twice')
        assert dim(queue, REGISTER, [extended(HOST)]) == 0


def test_it_goes_after_its_controller_has_as_configured():
    with pharos.Discoveryd('--registration-keep', '1') as daemon:
        queue, other = discovery(daemon), discovery(daemon, OTHER)
        assert dim(queue, REGISTER, [extended(HOST)]) == 0 and dim(other, REGISTER, [extended(OTHER)], eid=OTHER) == 0
        time.sleep(2)
        assert len(registrations(daemon)) == 2, 'both are connected'
        queue.close()
        pharos.wait_for(lambda: [r['nqn'] for r in registrations(daemon)] == [OTHER], 10, 'the one that left is forgotten')
        other.keep_alive()
        daemon.kill()
        daemon.start()
        assert len(registrations(daemon)) == 1, 'a restart counts anew'
        pharos.wait_for(lambda: not registrations(daemon), 10, 'it has not come back')


def test_hosts_that_leave_while_their_registration_is_stored():
    with pharos.Discoveryd() as daemon:
        for i in range(50):
            queue = discovery(daemon)
            queue.submit(nvme.sqe(0x21), dim_data([extended(HOST, label=f'round {i}')]))
            if i % 2:
                queue.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            queue.close()
        assert dim(discovery(daemon), REGISTER, [extended(HOST, label='last')]) == 0
        assert [r['label'] for r in registrations(daemon)] == ['last']


def test_identify_says_what_dctype_was_asked_for():
    for options, expected in (((), 2), (('--dctype', 'none'), 0), (('--dctype', 'ddc'), 1)):
        with pharos.Discoveryd(*options) as daemon:
            assert discovery(daemon).identify(1)[1806] == expected


def host_log(queue, everyone=False, rae=0):
    """(genctr, [(hostnqn, traddr, hostid, label)]) of the host discovery log."""
    page = queue.get_log(0x71, 16384, lsp=everyone, rae=rae)
    genctr, numrec, flags, total = struct.unpack('<QQ2xBxI', page[:24])
    at, hosts = 1024, []
    for _ in range(numrec):
        entry = page[at:at + 1024]
        assert entry[:2] == b'\3\1' and not any(entry[2:256]) and not any(entry[768:]), 'what hosts have not is 0'
        tel, numexat = struct.unpack('<IH', page[at + 1024:at + 1030])
        inner, values = at + 1032, {}
        for _ in range(numexat):
            kind, length = struct.unpack('<HH', page[inner:inner + 4])
            values[kind] = page[inner + 4:inner + 4 + length]
            inner += 4 + length
        assert inner == at + tel and len(values[1]) == 16
        hosts.append((entry[256:512].split(b'\0')[0].decode(), entry[512:768].decode().rstrip(), values[1], values.get(2, values.get(3, b'')).rstrip(b'\0').decode()))
        at += tel
    assert at == total, 'THDLPL'
    return genctr, hosts, flags


def hostid(nqn):
    return uuid.uuid5(uuid.NAMESPACE_URL, nqn).bytes


def watch(queue):
    queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 30 | 1 << 31))


HOSTS_CHANGED = 2 | 0xf1 << 8 | 0x71 << 16  # type, information, log page of an AEN's dword 0


def test_host_discovery_log_tells_a_host_its_own_registrations():
    with pharos.Discoveryd() as daemon:
        a, b = discovery(daemon), discovery(daemon, OTHER)
        entry, = struct.unpack('<I', a.get_log(0, 4, 4 * 0x71))
        assert entry == 1, 'there, and ALLHOSTE is not offered'
        assert int.from_bytes(a.identify(1)[92:96], 'little') >> 30 == 3, 'OAES: both logs'
        first, hosts, _ = host_log(a)
        assert hosts == []
        assert dim(a, REGISTER, [extended(HOST, label='räck'), extended(HOST, traddr='192.0.2.9')]) == 0
        assert dim(b, REGISTER, [extended(OTHER, label='shelf')], eid=OTHER) == 0
        second, hosts, flags = host_log(a, everyone=True)
        assert sorted(hosts) == [(HOST, '127.0.0.1', hostid(HOST), 'räck'), (HOST, '192.0.2.9', hostid(HOST), '')] and flags == 0, hosts
        assert second > first
        assert dim(b, DEREGISTER, [extended(OTHER)], eid=OTHER) == 0
        assert host_log(a)[0] == second, "another host's is no news"
        daemon.kill()
        daemon.start()
        a = discovery(daemon)
        assert host_log(a) == (second, hosts, 0), 'generation and hosts outlive the daemon'
        whole = a.get_log(0x71, 4096)
        for offset, length in ((4, 60), (1020, 8), (1024, 1024), (2044, 100), (2100, 1996)):
            assert a.get_log(0x71, length, offset) == whole[offset:offset + length], (offset, length)


def test_all_hosts_are_told_only_where_that_is_configured():
    with pharos.Discoveryd('--all-hosts') as daemon:
        a, b = discovery(daemon), discovery(daemon, OTHER)
        assert struct.unpack('<I', a.get_log(0, 4, 4 * 0x71))[0] == 0x10001, 'ALLHOSTES'
        assert dim(a, REGISTER, [extended(HOST)]) == 0 and dim(b, REGISTER, [extended(OTHER)], eid=OTHER) == 0
        subsystem = basic('nqn.2026-11.example:vol', '192.0.2.1', '4420', subtype=2)
        assert dim(b, REGISTER, [subsystem], eid=DDC, etype=2, entfmt=1) == 0
        assert dim(b, REGISTER, [extended('nqn.2026-11.example:far', traddr='192.0.2.8')], eid='nqn.2026-11.example:cdc', etype=3) == 0
        _, hosts, flags = host_log(a, everyone=True)
        assert [h[0] for h in hosts] == ['nqn.2026-11.example:far', HOST, OTHER] and flags == 1, hosts
        assert [h[0] for h in host_log(a)[1]] == [HOST]


def test_a_host_is_told_when_what_it_reads_of_hosts_has_changed():
    with pharos.Discoveryd('--all-hosts') as daemon:
        own, everyone, deaf = discovery(daemon), discovery(daemon), discovery(daemon)
        watch(own), watch(everyone)
        host_log(own), host_log(everyone, everyone=True), host_log(deaf)
        waiting = own.aer(), everyone.aer(), deaf.aer()
        sender = discovery(daemon, OTHER)
        assert dim(sender, REGISTER, [extended(OTHER)], eid=OTHER) == 0
        assert everyone.wait(waiting[1])[0].result == HOSTS_CHANGED
        time.sleep(0.3)
        own.keep_alive()
        assert waiting[0] not in own.done, 'another host is no news to who reads of itself'
        assert dim(own, REGISTER, [extended(HOST)]) == 0
        assert own.wait(waiting[0])[0].result == HOSTS_CHANGED
        deaf.keep_alive()
        assert waiting[2] not in deaf.done, 'it did not ask for events'
        event = everyone.aer()
        _, hosts, _ = host_log(everyone, everyone=True, rae=1)
        assert len(hosts) == 2
        one = next(r for r in registrations(daemon) if r['nqn'] == OTHER)
        daemon.rest('DELETE', f'/registrations/{one["id"]}')
        host_log(everyone, everyone=True)  # arms it again; the change fell before this read
        assert dim(sender, REGISTER, [extended(OTHER)], eid=OTHER) == 0
        assert everyone.wait(event)[0].result == HOSTS_CHANGED


def test_many_hosts_register_at_once():
    hosts = int(os.environ.get('PHAROS_REGISTRATIONS', 1000))
    with pharos.Discoveryd() as daemon:
        names = [f'nqn.2026-11.example:h{i}' for i in range(hosts)]
        queues = [discovery(daemon, name) for name in names]
        data = [dim_data([extended(name)], eid=name) for name in names]
        began = time.monotonic()
        pending = [(queue, queue.submit(nvme.sqe(0x21), body)) for queue, body in zip(queues, data)]
        for queue, cid in pending:
            assert queue.wait(cid)[0].sc == 0
        took = time.monotonic() - began
        print(f'# {hosts} registrations in {took:.2f} s')
        assert took < max(1.0, hosts / 1000), took
        began = time.monotonic()
        nvme.discovery_log(queues[0])
        assert time.monotonic() - began < 0.5
        assert len(daemon.rest('GET', '/registrations?limit=1000')['items']) == min(hosts, 1000)


if __name__ == '__main__':
    pharos.run(globals())
