#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Zoning by other discovery controllers: Fabric Zoning Lookup, Receive and Send with locks and fragments, as NVM Express Base 2.1, 5.3.4 to
5.3.6 and 8.3.2.3.8.2 have them; and zones with what discovery controllers present."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
from dim import REGISTER, basic, dim  # noqa: E402
import fakedc  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
import zoning  # noqa: E402
from zoning import ADD, GET, HOST, REMOVE, SUBSYSTEM  # noqa: E402

DDC, OTHER_DDC = 'nqn.2026-11.example:ddc', 'nqn.2026-11.example:ddc-2'
H = [f'nqn.2026-11.example:h{i}' for i in range(3)]
S = [f'nqn.2026-11.example:s{i}' for i in range(3)]


def address(text):
    host, port = text.rsplit(':', 1)
    return host.strip('[]'), int(port)


def discovery(daemon, hostnqn):
    queue = nvme.Queue(*address(daemon.listen))
    queue.connect(nvme.DISCOVERY, hostnqn, kato=60000)
    queue.enable()
    queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
    return queue


def told(queue):
    return sorted(e['subnqn'] for e in nvme.discovery_log(queue)[1] if e['subtype'] == 2)


def permit(daemon, *nqns, own=False):
    daemon.rest('PATCH', '/zoning', {'ddcs': [{'nqn': nqn, 'own_subsystems': own} for nqn in nqns]})


def register(queue, nqn, *subsystems):
    """As a discovery controller that presents these."""
    entries = [basic(s, '192.0.2.9', '4420', subtype=2, portid=1) for s in subsystems or [nqn + ':vol']]
    assert dim(queue, REGISTER, entries, eid=nqn, etype=2, entfmt=1) == 0


def zoner(daemon, nqn=DDC, *subsystems):
    """A registered discovery controller, which may zone what it presents."""
    queue = discovery(daemon, nqn)
    register(queue, nqn, *subsystems)
    return queue


def big(originator=DDC, name='backup', zones=3, members=20):
    """A ZoneGroup in the order in which it is kept: by names."""
    return zoning.group(originator, name, *(zoning.zone(
        f'z{i}', *(zoning.member(HOST, f'nqn.2026-11.example:host-{i}-{k:04}') for k in range(members)),
        zoning.member(SUBSYSTEM, f'{originator}:vol{i}')) for i in range(zones)))


def refusals(daemon):
    return [e['text'] for e in daemon.rest('GET', '/events?limit=1000')['items'] if e['kind'] == 'zoning.refused']


def test_a_zone_group_goes_and_comes_in_fragments():
    with pharos.Discoveryd() as daemon:
        permit(daemon, DDC)
        queue = zoner(daemon)
        assert zoning.lookup(queue, GET, DDC, 'backup')[0] == zoning.NOT_FOUND
        first, second = big(), big(members=60)
        sc, key = zoning.put(queue, DDC, 'backup', first, 1020)
        assert sc == zoning.OK and zoning.lookup(queue, GET, DDC, 'backup') == (zoning.OK, key)
        assert zoning.fetch(queue, key, 1020) == (1, first) == zoning.fetch(queue, key, 65536)
        assert zoning.put(queue, DDC, 'backup', second, 8192) == (zoning.OK, key), 'the same group has the same key'
        daemon.kill()  # the answer came after the commit
        daemon.start()
        queue = discovery(daemon, DDC)
        assert zoning.lookup(queue, GET, DDC, 'backup') == (zoning.OK, key)
        assert zoning.fetch(queue, key, 4096) == (2, second)
        active, = daemon.rest('GET', '/zoning/active')['items']
        assert (active['originator'], active['name'], active['generation'], len(active['zones'])) == (DDC, 'backup', 2, 3), active
        assert zoning.lookup(queue, REMOVE, DDC, 'backup')[0] == zoning.OK
        assert daemon.rest('GET', '/zoning/active')['items'] == []
        assert zoning.lookup(queue, REMOVE, DDC, 'backup')[0] == zoning.NOT_FOUND == zoning.receive(queue, key, 256)[0]
        assert zoning.lookup(queue, ADD, DDC, 'backup')[1] != key, 'a key is never used again'
        kinds = [h['kind'] for h in daemon.rest('GET', '/zoning/history')['items']]
        assert kinds == ['settings', 'ddc', 'ddc', 'ddc'], kinds


def test_who_may_not_is_told_why():
    with pharos.Discoveryd() as daemon:
        permit(daemon, DDC)
        stranger = discovery(daemon, DDC)
        assert zoning.lookup(stranger, GET, DDC, 'g')[0] == zoning.ORIGINATOR, 'it has not registered'
        queue, other = zoner(daemon), zoner(daemon, OTHER_DDC)
        assert zoning.lookup(other, ADD, OTHER_DDC, 'g')[0] == zoning.ORIGINATOR, 'no operator has allowed it'
        permit(daemon, DDC, OTHER_DDC)
        key = zoning.put(queue, DDC, 'g', big(name='g'))[1]
        for what in (GET, ADD, REMOVE):
            assert zoning.lookup(other, what, DDC, 'g')[0] == zoning.ORIGINATOR, 'it is another one\'s'
        assert zoning.receive(other, key, 256)[0] == zoning.ORIGINATOR == zoning.send(other, key, bytes(4)).sc
        daemon.rest('PATCH', '/zoning', {'enabled': False})
        assert zoning.lookup(queue, GET, DDC, 'g')[0] == zoning.DISABLED == zoning.receive(queue, key, 256)[0]
        daemon.rest('PATCH', '/zoning', {'enabled': True})
        assert zoning.fetch(queue, key) == (1, big(name='g'))
        assert any('not for this discovery controller' in text for text in refusals(daemon)), refusals(daemon)


def test_a_lock_keeps_others_out_and_goes_with_its_connection():
    with pharos.Discoveryd() as daemon:
        permit(daemon, DDC)
        one, two = zoner(daemon), discovery(daemon, DDC)
        before = big(zones=1)
        key = zoning.put(one, DDC, 'backup', before)[1]
        assert zoning.send(one, key, bytes(4)).sc == zoning.SEQUENCE, 'it isn\'t locked'
        assert zoning.lookup(one, ADD, DDC, 'backup') == (zoning.OK, key)
        assert zoning.send(one, key, big()[:512], last=False).sc == zoning.OK
        for what in (GET, ADD, REMOVE):
            assert zoning.lookup(two, what, DDC, 'backup')[0] == zoning.LOCKED
        assert zoning.receive(two, key, 256)[0] == zoning.LOCKED == zoning.send(two, key, bytes(4)).sc
        assert not zoning.send(two, key, bytes(4)).dnr, 'it passes'
        assert zoning.put(two, DDC, 'other', big(name='other'))[0] == zoning.OK, 'that is another group'
        one.close()
        pharos.wait_for(lambda: zoning.lookup(two, GET, DDC, 'backup')[0] == zoning.OK, 10, 'the lock is gone')
        assert zoning.fetch(two, key) == (1, before), 'and nothing has changed'
        assert zoning.put(two, DDC, 'backup', big())[0] == zoning.OK and zoning.fetch(two, key) == (2, big())


def test_what_is_malformed_changes_nothing_and_may_be_sent_anew():
    with pharos.Discoveryd() as daemon:
        permit(daemon, DDC)
        queue = zoner(daemon)
        key = zoning.put(queue, DDC, 'backup', big(zones=1))[1]
        zoning.lookup(queue, ADD, DDC, 'backup')
        good = big()
        bad_member = bytearray(good)
        bad_member[256 + 128 + 2 * 256 + 3] = 9  # the role of the third member
        for data, field in ((big(name='x'), 'zgname'), (big(originator=OTHER_DDC), 'zgorig'), (good[:-4], 'length'), (bytes(bad_member), 'zmrole'),
                            (good + bytes(256), 'length')):
            for at in range(0, len(data), 4096):
                cqe = zoning.send(queue, key, data[at:at + 4096], at, at + 4096 >= len(data))
            assert cqe.sc == zoning.INVALID_FIELD and cqe.dnr, (field, hex(cqe.sc))
        texts = ' '.join(refusals(daemon))
        assert all(field in texts for field in ('zgname', 'zgorig', 'zmrole in zone 0, member 2')), texts
        for bad in ({'flags': zoning.ZDKC}, {'dwords': 0}, {'dwords': 7}, {'otyp': 7}, {'offset': 2}, {'offset': 1 << 20}):
            assert zoning.send(queue, key, good[:256], last=False, **bad).sc == zoning.INVALID_FIELD, bad
        assert zoning.receive(queue, key, 256, 1 << 20)[0] == zoning.INVALID_FIELD, 'past its end'
        assert zoning.lookup(queue, 2, DDC, 'backup')[0] == zoning.INVALID_FIELD == zoning.lookup(queue, GET, DDC, '')[0]
        assert daemon.rest('GET', '/zoning/active')['items'][0]['generation'] == 1
        for at in range(0, len(good), 4096):  # the same offsets once more
            assert zoning.send(queue, key, good[at:at + 4096], at, at + 4096 >= len(good)).sc == zoning.OK
        assert zoning.fetch(queue, key) == (2, good)


def test_a_discovery_controller_zones_what_it_presents_and_more_where_it_may():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': S[0], 'allow_any_host': True})
        permit(daemon, DDC)
        queue = zoner(daemon, DDC, S[1], S[2])
        dc, = daemon.rest('GET', '/discovery-controllers')['items']
        daemon.rest('PATCH', f'/discovery-controllers/{dc["id"]}', {'admitted': True})
        hosts = [discovery(daemon, nqn) for nqn in H[:2]]
        pharos.wait_for(lambda: told(hosts[1]) == S, 10, 'what it registered is told')
        told(hosts[0])
        events = [host.aer() for host in hosts]
        group = zoning.group(DDC, 'mine', zoning.zone('z', zoning.member(HOST, H[0]), zoning.member(SUBSYSTEM, S[0]), zoning.member(SUBSYSTEM, S[1])))
        assert zoning.put(queue, DDC, 'mine', group)[0] == zoning.OK
        hosts[1].wait(events[1])
        assert told(hosts[1]) == [S[0], S[2]], 'S[0] is not its own'
        hosts[0].keep_alive()
        assert events[0] not in hosts[0].done and told(hosts[0]) == S, 'nothing is new to the other one'
        with nvme.Host(*address(daemon.io_listen), S[0], H[1]) as connected:
            event = hosts[1].aer()
            permit(daemon, DDC, own=True)
            hosts[1].wait(event)
            assert told(hosts[1]) == [S[2]]
            connected.admin.sock.settimeout(10)
            assert connected.admin.sock.recv(1) == b'', 'it was zoned out'
        event = hosts[1].aer()
        assert zoning.lookup(queue, REMOVE, DDC, 'mine')[0] == zoning.OK
        hosts[1].wait(event)
        assert told(hosts[1]) == S


def test_our_zones_have_what_followed_discovery_controllers_present():
    with pharos.Discoveryd() as daemon, fakedc.Dc([fakedc.entry(S[0], '192.0.2.1'), fakedc.entry(S[1], '192.0.2.2')], oaes=1 << 31, eflags=2) as far:
        daemon.rest('POST', '/discovery-controllers', {'traddr': far.address, 'trsvcid': str(far.port)})
        hosts = [discovery(daemon, nqn) for nqn in H[:2]]
        for host in hosts:
            pharos.wait_for(lambda host=host: told(host) == S[:2], 10, 'it is followed')
        events = [host.aer() for host in hosts]
        daemon.rest('POST', '/zone-groups', {'name': 'g'})
        members = [{'role': 'host', 'nqn': H[0]}, {'role': 'subsystem', 'address': '192.0.2.1'}]
        daemon.rest('POST', '/zone-groups/g/zones', {'name': 'z', 'members': members})
        daemon.rest('POST', '/hosts', {'nqn': H[1]})
        preview = daemon.rest('POST', '/zoning/preview', {})
        assert [(h['nqn'], h['loses']) for h in preview['hosts']] == [(H[1], S[:1])] and preview['anyone'] == {'gains': [], 'loses': S[:1]}, preview
        daemon.rest('POST', '/zoning/activate', {})
        hosts[1].wait(events[1])
        assert told(hosts[1]) == S[1:2]
        hosts[0].keep_alive()
        assert events[0] not in hosts[0].done and told(hosts[0]) == S[:2]
        far.change([fakedc.entry(S[0], '192.0.2.1'), fakedc.entry(S[2], '192.0.2.1')])
        hosts[0].wait(events[0])
        pharos.wait_for(lambda: told(hosts[0]) == [S[0], S[2]], 10, 'the change is told')
        assert told(hosts[1]) == [], 'it comes into the zone by its address'
        event = hosts[1].aer()
        daemon.rest('PATCH', '/zoning', {'enabled': False})
        hosts[1].wait(event)
        assert told(hosts[1]) == [S[0], S[2]]


if __name__ == '__main__':
    pharos.run(globals())
