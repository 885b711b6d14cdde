#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Zoning as hosts meet it: what the log tells each, who is told that it changed, who may connect, what becomes of who is connected."""
import contextlib
import http.client
import os
import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import dim  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

H = [f'nqn.2026-11.example:h{i}' for i in range(3)]
S = [f'nqn.2026-11.example:s{i}' for i in range(3)]
CONNECT_HOST = 0x184


def host(nqn, **more):
    return {'role': 'host', 'nqn': nqn, **more}


def subsystem(nqn, **more):
    return {'role': 'subsystem', 'nqn': nqn, **more}


def address(text):
    name, port = text.rsplit(':', 1)
    return name.strip('[]'), int(port)


def zone(daemon, *members, name='z', **activation):
    """What is in the zone from now on; activated."""
    if not daemon.rest('GET', '/zone-groups')['items']:
        daemon.rest('POST', '/zone-groups', {'name': 'g'})
    if any(z['name'] == name for z in daemon.rest('GET', '/zone-groups/g/zones')['items']):
        daemon.rest('PATCH', f'/zone-groups/g/zones/{name}', {'members': list(members)})
    else:
        daemon.rest('POST', '/zone-groups/g/zones', {'name': name, 'members': list(members)})
    daemon.rest('POST', '/zoning/activate', {'groups': ['g'], **activation})


def create(daemon, *nqns, **more):
    for nqn in nqns:
        daemon.rest('POST', '/subsystems', {'nqn': nqn, 'allow_any_host': True, **more})
        daemon.rest('POST', f'/subsystems/{nqn}/namespaces', {'size': '1MiB'})


class Asker:
    """A host at the discovery controller, waiting for the event."""

    def __init__(self, daemon, nqn, source=None, local=None):
        name, port = address(daemon.listen)
        self.queue = nvme.Queue(local or name, port, source=source)
        self.queue.connect(nvme.DISCOVERY, nqn, kato=60000)
        self.queue.enable()
        self.queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
        self.nqn = nqn
        self.event = None
        self.log()

    def log(self):
        """NQNs of the log, and armed again."""
        _, entries = nvme.discovery_log(self.queue)
        if self.event is None:
            self.event = self.queue.aer()
        return sorted(e['subnqn'] for e in entries if e['subtype'] == 2)

    def told(self):
        """Waits for the event, and gives the log."""
        self.queue.wait(self.event)
        self.event = None
        return self.log()

    def quiet(self):
        self.queue.keep_alive()
        return self.event not in self.queue.done


def may_connect(daemon, subnqn, nqn, **more):
    try:
        with nvme.Host(*address(daemon.io_listen), subnqn, nqn, **more):
            return True
    except nvme.Status as status:
        assert status.sc == CONNECT_HOST and status.dnr, status
        return False


def ended(h, seconds):
    """Its connections are closed within that time."""
    end = time.monotonic() + seconds
    for queue in [h.admin, *h.io]:
        queue.sock.settimeout(max(0.01, end - time.monotonic()))
        with contextlib.suppress(ConnectionError):
            while queue.sock.recv(65536):
                pass


def counted(daemon, line):
    return line in daemon.http('GET', '/metrics')[2].splitlines()


def works(h):
    h.io[0].write(1, 0, bytes(512))
    return True


def connect(daemon, subnqn, nqn, **more):
    return nvme.Host(*address(daemon.io_listen), subnqn, nqn, **more)


def reason(daemon, subnqn, nqn, **query):
    text = ''.join(f'&{k}={v}' for k, v in query.items())
    log = daemon.rest('GET', f'/discovery-log?host_nqn={nqn}{text}')
    return {m['nqn']: m['reason'] for m in log['missing']}.get(subnqn)


def test_a_zone_tells_a_subsystem_to_its_hosts_alone():
    with pharos.Discoveryd() as daemon:
        create(daemon, *S[:2])
        inside, outside = Asker(daemon, H[0]), Asker(daemon, H[1])
        with connect(daemon, S[0], H[0]) as kept, connect(daemon, S[0], H[1]) as ends, connect(daemon, S[1], H[1]) as other:
            began = time.monotonic()
            zone(daemon, host(H[0]), subsystem(S[0]))
            ended(ends, 1 - (time.monotonic() - began))
            assert outside.told() == S[1:2]
            assert works(kept) and works(other)
        assert not may_connect(daemon, S[0], H[1]) and may_connect(daemon, S[0], H[0]) and may_connect(daemon, S[1], H[1])
        change = daemon.rest('GET', '/zoning')['change']
        assert counted(daemon, f'pharos_zoning_change {change}') and counted(daemon, 'pharos_zoning_active_zones 1')
        pharos.wait_for(lambda: counted(daemon, 'pharos_worker_connects_zoned_out_total{worker="w1"} 1'), 10, 'the refusal is counted')
        assert reason(daemon, S[0], H[1]) == 'zoned_out' and reason(daemon, S[0], H[0]) is None
        assert inside.quiet() and inside.log() == S[:2], 'what it is told is as before'
        zone(daemon, host(H[0]), host(H[1]), subsystem(S[0]))
        assert outside.told() == S[:2] and may_connect(daemon, S[0], H[1]) and inside.quiet()
        zone(daemon, host(H[0]), host(H[1]), host(H[2]), subsystem(S[0]))
        zone(daemon)
        time.sleep(0.3)
        assert inside.quiet() and outside.quiet() and may_connect(daemon, S[0], 'nqn.2026-11.example:x'), 'in no zone: open'


def test_an_allow_list_still_counts():
    with pharos.Discoveryd() as daemon:
        create(daemon, S[0], allow_any_host=False)
        zone(daemon, host(H[0]), subsystem(S[0]))
        asker = Asker(daemon, H[0])
        assert asker.log() == [] and not may_connect(daemon, S[0], H[0]) and reason(daemon, S[0], H[0]) == 'not_allowed'
        daemon.rest('PUT', f'/subsystems/{S[0]}/hosts/{H[0]}')
        daemon.rest('PUT', f'/subsystems/{S[0]}/hosts/{H[1]}')
        assert asker.told() == S[:1] and may_connect(daemon, S[0], H[0])
        assert not may_connect(daemon, S[0], H[1]) and reason(daemon, S[0], H[1]) == 'zoned_out'


def test_with_grace_who_is_connected_stays_until_it_leaves():
    with pharos.Discoveryd() as daemon:
        create(daemon, S[0])
        asker = Asker(daemon, H[1])
        with connect(daemon, S[0], H[1], queues=2) as h:
            zone(daemon, host(H[0]), subsystem(S[0]), grace=True)
            assert asker.told() == [] and not may_connect(daemon, S[0], H[1])
            h.io[1].close()
            h.io[1] = h.io_queue(2)
            assert works(h), 'and may come back with an I/O queue that it lost'
            daemon.kill()
            daemon.start()
            asker = Asker(daemon, H[1])
            assert works(h) and not may_connect(daemon, S[0], H[1]), 'also after a restart of discoveryd'
            zone(daemon, host(H[0]), host(H[2]), subsystem(S[0]), grace=True)
            assert works(h)
            zone(daemon, host(H[0]), subsystem(S[0]))
            ended(h, 1)


def test_what_is_in_no_zone_goes_by_the_default():
    with pharos.Discoveryd() as daemon:
        create(daemon, *S[:2])
        zone(daemon, host(H[0]), subsystem(S[0]))
        zoned, open_ = Asker(daemon, H[0]), Asker(daemon, H[1])
        assert zoned.log() == S[:2] and open_.log() == S[1:2]
        with connect(daemon, S[1], H[1]) as h:
            daemon.rest('PATCH', '/zoning', {'default_zone': 'closed'})
            ended(h, 1)
        assert zoned.told() == S[:1] and open_.told() == []
        assert reason(daemon, S[1], H[0]) == 'no_zone' and not may_connect(daemon, S[1], H[0]) and may_connect(daemon, S[0], H[0])
        create(daemon, S[2])
        assert not may_connect(daemon, S[2], H[0]) and zoned.quiet(), 'a new one is in no zone either'
        daemon.rest('PATCH', '/zoning', {'enabled': False})
        assert zoned.told() == S and open_.told() == S and may_connect(daemon, S[1], H[1])


def test_hosts_by_the_address_they_come_from_known_or_not():
    with pharos.Discoveryd() as daemon:
        create(daemon, *S[:2])
        daemon.rest('POST', '/hosts', {'nqn': H[0]})
        here = [Asker(daemon, H[0], source='127.0.0.2'), Asker(daemon, H[1], source='127.0.0.2'), Asker(daemon, H[1], source='127.0.0.9')]
        there = Asker(daemon, H[1], source='127.0.1.1')
        zone(daemon, {'role': 'host', 'address': '127.0.0.0/28'}, subsystem(S[0]))
        assert there.told() == S[1:2]
        assert all(a.quiet() and a.log() == S[:2] for a in here)
        assert may_connect(daemon, S[0], H[1], source='127.0.0.2') and not may_connect(daemon, S[0], H[1], source='127.0.1.1')
        assert reason(daemon, S[0], H[1]) == 'zoned_out' and reason(daemon, S[0], H[1], **{'from': '127.0.0.3'}) is None
        zone(daemon, {'role': 'host', 'address': '127.0.0.2'}, host(H[1], address='127.0.1.1'), subsystem(S[0]))
        assert there.told() == S[:2] and here[2].told() == S[1:2] and here[0].log() == S[:2]
        assert may_connect(daemon, S[0], H[1], source='127.0.1.1') and not may_connect(daemon, S[0], H[0], source='127.0.1.1')


def test_hosts_by_the_label_they_registered():
    with pharos.Discoveryd() as daemon:
        create(daemon, S[0])
        asker, other = Asker(daemon, H[0]), Asker(daemon, H[1])
        zone(daemon, {'role': 'host', 'label': 'rack 7'}, subsystem(S[0]))
        assert asker.told() == [] == other.told()
        assert dim.dim(asker.queue, dim.REGISTER, [dim.extended(H[0], label='rack 7')], eid=H[0]) == 0
        assert asker.told() == S[:1] and may_connect(daemon, S[0], H[0]) and other.quiet()
        seven, eight = dim.extended(H[0], label='rack 7'), dim.extended(H[0], label='rack 8')
        with connect(daemon, S[0], H[0]) as h:
            assert dim.dim(asker.queue, dim.UPDATE, [seven, eight], eid=H[0]) == 0
            ended(h, 1)
        assert asker.told() == [] and other.quiet() and not may_connect(daemon, S[0], H[0])
        assert dim.dim(asker.queue, dim.UPDATE, [eight, seven], eid=H[0]) == 0
        assert asker.told() == S[:1] and may_connect(daemon, S[0], H[0])
        assert dim.dim(asker.queue, dim.DEREGISTER, [seven], eid=H[0]) == 0
        assert asker.told() == [] and not may_connect(daemon, S[0], H[0])


def test_subsystems_by_label_port_and_address():
    with pharos.Discoveryd() as daemon:
        create(daemon, *S)
        port = address(daemon.io_listen)[1]
        asker = Asker(daemon, H[1])
        zone(daemon, host(H[0]), {'role': 'subsystem', 'label': 'fast'})
        assert asker.quiet()
        daemon.rest('PATCH', f'/subsystems/{S[0]}', {'label': 'fast'})
        assert asker.told() == S[1:] and not may_connect(daemon, S[0], H[1]) and may_connect(daemon, S[0], H[0])
        zone(daemon, host(H[0]), host(H[1]), subsystem(S[0], address='127.0.0.1', port=port))
        assert asker.told() == S and may_connect(daemon, S[0], H[1])
        zone(daemon, host(H[0]), host(H[1]), subsystem(S[0], address='127.0.0.1', port=port + 1))
        assert asker.told() == S[1:] and not may_connect(daemon, S[0], H[0]), 'it is in a zone, but by another port'
        zone(daemon, host(H[0]), {'role': 'subsystem', 'address': '127.0.0.1', 'port': port})
        assert asker.told() == [] and not may_connect(daemon, S[1], H[1]) and may_connect(daemon, S[1], H[0])
        zone(daemon, host(H[0]), {'role': 'subsystem', 'address': '127.0.0.2', 'port': port})
        assert asker.told() == S and may_connect(daemon, S[1], H[1]), 'none of them is at that address'


def test_a_wildcard_portal_is_zoned_by_the_address_it_is_reached_at():
    port = pharos.free_port()
    with pharos.Discoveryd(listen=f'0.0.0.0:{pharos.free_port()}', io_listen=f'0.0.0.0:{port}') as daemon:
        create(daemon, S[0])
        one, two = Asker(daemon, H[0], local='127.0.0.1'), Asker(daemon, H[0], local='127.0.0.7')
        zone(daemon, host(H[0]), subsystem(S[0], address='127.0.0.7', port=port))
        assert one.told() == [] and two.log() == S[:1]
        assert nvme.Host('127.0.0.7', port, S[0], H[0])
        try:
            nvme.Host('127.0.0.1', port, S[0], H[0])
            raise AssertionError('connected by an address that is in no zone with it')
        except nvme.Status as status:
            assert status.sc == CONNECT_HOST and status.dnr


def test_what_is_enforced_outlives_every_process():
    with pharos.Discoveryd() as daemon:
        create(daemon, *S[:2])
        zone(daemon, host(H[0]), subsystem(S[0]))
        before = nvme.discovery_log(Asker(daemon, H[1]).queue)
        with connect(daemon, S[0], H[0]) as h:
            daemon.kill()
            assert not may_connect(daemon, S[0], H[1]) and works(h), 'workers go on by themselves'
            daemon.start()
            assert nvme.discovery_log(Asker(daemon, H[1]).queue) == before, 'nothing new to this host: the same generation'
            assert works(h) and not may_connect(daemon, S[0], H[1])
        pid = daemon.rest('GET', '/workers/w1')['pid']
        os.kill(pid, signal.SIGKILL)
        pharos.wait_for(lambda: daemon.rest('GET', '/workers/w1')['pid'] not in (pid, None), 10, 'another worker process')
        pharos.wait_for(lambda: S[1] in [e['subnqn'] for e in nvme.discovery_log(Asker(daemon, H[1]).queue)[1]], 10, 'it serves')
        assert not may_connect(daemon, S[0], H[1])


def test_roll_back_is_enforced_like_any_activation():
    with pharos.Discoveryd() as daemon:
        create(daemon, S[0])
        zone(daemon, host(H[0]), subsystem(S[0]))
        first = daemon.rest('GET', '/zoning')['change']
        zone(daemon, host(H[1]), subsystem(S[0]))
        asker = Asker(daemon, H[1])
        with connect(daemon, S[0], H[1]) as h:
            daemon.rest('POST', f'/zoning/history/{first}/rollback', {})
            ended(h, 1)
        assert asker.told() == [] and may_connect(daemon, S[0], H[0]) and not may_connect(daemon, S[0], H[1])


def test_kill_9_during_an_activation_leaves_before_or_after():
    with pharos.Discoveryd() as daemon:
        create(daemon, S[0])
        zone(daemon, host(H[0]), subsystem(S[0]))
        for turn in range(6):
            wanted = H[(turn + 1) % 2]
            daemon.rest('PATCH', '/zone-groups/g/zones/z', {'members': [host(wanted), subsystem(S[0])]})
            asker = threading.Thread(target=activate_or_die, args=(daemon,))
            asker.start()
            time.sleep(turn * 0.002)
            daemon.kill()
            asker.join()
            daemon.start()
            active, = daemon.rest('GET', '/zoning/active')['items']
            member, = [m['nqn'] for m in active['zones'][0]['members'] if m['role'] == 'host']
            assert member in H[:2]
            pharos.wait_for(lambda member=member: Asker(daemon, member).log() == S[:1], 10, 'the worker has confirmed it')
            for nqn in H[:2]:
                assert Asker(daemon, nqn).log() == (S[:1] if nqn == member else []), (turn, nqn, member)
                assert may_connect(daemon, S[0], nqn) == (nqn == member)
            zone(daemon, host(wanted), subsystem(S[0]))


def activate_or_die(daemon):
    with contextlib.suppress(OSError, http.client.HTTPException):
        daemon.rest('POST', '/zoning/activate', {})


if __name__ == '__main__':
    pharos.run(globals())
