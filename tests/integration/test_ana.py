#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ANA groups as a host sees them: states by portal, log 0Ch and its notice, what is refused, and that a change is a barrier."""
import os
import pathlib
import socket
import struct
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
from slowfile import SlowFile  # noqa: E402
from worker import Worker  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:ana', 'nqn.2026-11.example:host'
OPTIMIZED, NON_OPTIMIZED, INACCESSIBLE, LOSS = 1, 2, 3, 4
REFUSED_INACCESSIBLE, REFUSED_LOSS = 0x302, 0x301
ANA_NOTICE, NS_NOTICE = 0x0c0302, 0x040002


class TwoPaths(Worker):
    """Two portals, whose states the test sets."""

    def __init__(self, *options):
        super().__init__(*options)
        listener = socket.socket()
        listener.bind(('127.0.0.1', 0))
        listener.listen(16)
        self.second = listener.getsockname()[1]
        self.held['portal:p2'] = listener.detach()

    def states(self, namespaces, p1=None, p2=None):
        document = self.state({'nqn': NQN, 'hosts': [HOST], 'namespaces': namespaces})
        document['portals'].append({'id': 'p2', 'portid': 2, 'address': '127.0.0.1', 'port': self.second})
        for portal, ana in zip(document['portals'], (p1, p2)):
            if ana:
                portal['ana'] = ana
        return document

    def host(self, port):
        host = nvme.Host('127.0.0.1', port, NQN, HOST)
        host.admin.run(nvme.sqe(0x09, cdw10=0x0b, cdw11=1 << 8 | 1 << 11))
        return host


def null(nsid, **more):
    return {'nsid': nsid, 'backend': 'null', 'size': 1 << 20, **more}


def ana_log(host, rgo=0):
    """(change count, {group: (change count, state, [nsids])})"""
    raw = host.admin.get_log(0x0c, 4096, lsp=rgo)
    total, groups = struct.unpack('<QH', raw[:10])
    found, at = {}, 16
    for _ in range(groups):
        group, nr, count, state = struct.unpack('<IIQB', raw[at:at + 17])
        found[group] = (count, state, list(struct.unpack(f'<{nr}I', raw[at + 32:at + 32 + 4 * nr])))
        at += 32 + 4 * nr
    return total, found


def refused(action, sc):
    try:
        action()
    except nvme.Status as status:
        assert status.sc == sc and not status.dnr, status
        return
    raise AssertionError('it was not refused')


def test_states_are_told_by_portal_and_commands_are_refused_by_them():
    with TwoPaths() as worker, worker.control() as control:
        control.give(worker.held)
        namespaces = [null(1), null(2, ana_group=2), null(3, ana_group=128)]
        done = control.apply(1, worker.states(namespaces, p2={'1': 'non_optimized', '2': 'inaccessible', '128': 'persistent_loss',
                                                              '5': 'inaccessible'}))
        assert done['failed'] == [], done
        with worker.host(worker.port) as one, worker.host(worker.second) as two:
            identity = two.admin.identify(1)
            assert identity[76] & 8 and identity[342] == 10 and identity[343] == 0x0f, 'CMIC, ANATT, ANACAP'
            assert struct.unpack('<II', identity[344:352]) == (128, 128), 'ANAGRPMAX, NANAGRPID'
            assert struct.unpack('<I', identity[92:96])[0] & 1 << 11, 'OAES'
            assert ana_log(one) == (0, {1: (0, OPTIMIZED, [1]), 2: (0, OPTIMIZED, [2]), 128: (0, OPTIMIZED, [3])})
            assert ana_log(two) == (0, {1: (0, NON_OPTIMIZED, [1]), 2: (0, INACCESSIBLE, [2]), 128: (0, LOSS, [3])})
            assert ana_log(two, rgo=1)[1] == {1: (0, NON_OPTIMIZED, []), 2: (0, INACCESSIBLE, []), 128: (0, LOSS, [])}
            for nsid in (1, 2, 3):
                one.io[0].read(nsid, 0, 8)
            two.io[0].write(1, 0, bytes(4096))
            for action in (lambda: two.io[0].read(2, 0, 8), lambda: two.io[0].write(2, 0, bytes(65536)),
                           lambda: two.io[0].run(nvme.sqe(0, 2)), lambda: two.io[0].run(nvme.sqe(0, 0xffffffff)),
                           lambda: two.admin.run(nvme.sqe(0x09, 0xffffffff, cdw10=0x0f, cdw11=5000))):
                refused(action, REFUSED_INACCESSIBLE)
            refused(lambda: two.io[0].read(3, 0, 8), REFUSED_LOSS)
            for host, capacity in ((one, 1 << 20), (two, 0)):
                ns = host.admin.identify(0, 2)
                assert struct.unpack('<QQ', ns[:16]) == (2048, 2048) and struct.unpack('<I', ns[92:96]) == (2,)
                assert struct.unpack('<Q', ns[48:56])[0] == capacity and bool(struct.unpack('<Q', ns[16:24])[0]) == bool(capacity)
            two.admin.run(nvme.sqe(0x09, 0, cdw10=0x0f, cdw11=5000))
            assert struct.unpack('<4I', two.admin.identify(2)[:16]) == (1, 2, 3, 0)


def test_a_change_is_told_once_until_its_log_is_read_and_only_where_it_concerns():
    with TwoPaths() as worker, worker.control() as control:
        control.give(worker.held)
        control.apply(1, worker.states([null(1), null(2)]))
        with worker.host(worker.port) as one, worker.host(worker.second) as two:
            notices = {one: one.admin.aer(), two: two.admin.aer()}
            control.apply(2, worker.states([null(1), null(2)], p2={'1': 'inaccessible', '7': 'inaccessible'}))
            control.apply(3, worker.states([null(1), null(2)], p2={'1': 'non_optimized'}))
            event, _ = two.admin.wait(notices[two])
            assert event.result == ANA_NOTICE, hex(event.result)
            again = two.admin.aer()
            two.admin.keep_alive()
            assert again not in two.admin.done, 'told twice'
            assert ana_log(two) == (2, {1: (2, NON_OPTIMIZED, [1, 2])})
            two.io[0].read(1, 0, 8)
            one.admin.keep_alive()
            assert notices[one] not in one.admin.done and ana_log(one)[0] == 0, 'it is none of the other portal'
            control.apply(4, worker.states([null(1), null(2, ana_group=3)], p2={'1': 'non_optimized'}))
            for host, aer, log in ((one, notices[one], (1, {1: (1, OPTIMIZED, [1]), 3: (1, OPTIMIZED, [2])})),
                                   (two, again, (3, {1: (3, NON_OPTIMIZED, [1]), 3: (1, OPTIMIZED, [2])}))):
                event, _ = host.admin.wait(aer)
                assert event.result == ANA_NOTICE, hex(event.result)
                assert ana_log(host) == log, ana_log(host)
            aer = two.admin.aer()
            control.apply(5, worker.states([null(1)], p2={'1': 'non_optimized'}))
            event, _ = two.admin.wait(aer)
            assert event.result == NS_NOTICE, 'a namespace that goes is told by its own notice alone'
            assert ana_log(two)[1] == {1: (3, NON_OPTIMIZED, [1])}
            two.admin.property_set(0x14, two.admin.property_get(0x14) & ~1)
            pharos.wait_for(lambda: not two.admin.property_get(0x1c) & 1, 10, 'the reset')
            two.admin.enable()
            assert ana_log(two) == (0, {1: (0, NON_OPTIMIZED, [1])}), 'counts begin anew at a reset'


def test_a_portal_turns_inaccessible_only_when_nothing_is_under_way_by_it():
    if os.geteuid() or not os.path.exists('/dev/fuse'):
        print('# SKIP: needs root and FUSE')
        return
    with SlowFile(tempfile.mkdtemp(prefix='ana-'), 1 << 20, True) as slow, TwoPaths() as worker, worker.control() as control:
        control.give(worker.held)
        namespaces = [{'nsid': 1, 'backend': 'file', 'path': slow.path, 'size': 1 << 20, 'block_size': 4096}]
        assert control.apply(1, worker.states(namespaces))['failed'] == []
        with worker.host(worker.port) as one, worker.host(worker.second) as two:
            slow.hold()
            written = two.io[0].submit(nvme.sqe(1, 1), b'o' * 4096)
            pharos.wait_for(lambda: slow.held, 10, 'the write to be under way')
            aer, answers = two.admin.aer(), []
            change = threading.Thread(target=lambda: answers.append(control.apply(2, worker.states(namespaces, p2={'1': 'inaccessible'}))))
            change.start()
            assert two.admin.wait(aer)[0].result == ANA_NOTICE  # the host is told at once: it is to go elsewhere
            assert ana_log(two)[1][1][1] == INACCESSIBLE
            refused(lambda: two.io[0].write(1, 1, b'x' * 4096, block=4096), REFUSED_INACCESSIBLE)
            one.io[0].write(1, 2, b'n' * 4096, block=4096)
            change.join(0.5)
            assert not answers, 'the change was complete with a write still under way'
            slow.let_go()
            assert two.io[0].wait(written)[0].sc == 0, 'what came before the change is carried out'
            change.join(10)
            assert answers and answers[0]['generation'] == 2 and (0, b'o') in slow.landed


if __name__ == '__main__':
    pharos.run(globals())
