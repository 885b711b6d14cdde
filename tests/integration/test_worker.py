#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A worker under the control protocol: what is applied, taken away, handed over, and survives."""
import os
import pathlib
import random
import signal
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
from worker import Control, Worker  # noqa: E402

NQN, HOST, OTHER = 'nqn.2026-11.example:worker', 'nqn.2026-11.example:host', 'nqn.2026-11.example:other'
UUID = '8b1d4f00-1111-4222-8333-4455667788%02x'
SIZE = 16 << 20
CONNECT_PARAM, CONNECT_HOST, INVALID_NS = 0x182, 0x184, 0x00b


def ram(nsid=1, **more):
    return {'nsid': nsid, 'uuid': UUID % nsid, 'backend': 'ram', 'size': SIZE, **more}


def subsystem(*namespaces, nqn=NQN, hosts=(HOST, OTHER), **more):
    return {'nqn': nqn, 'hosts': list(hosts), 'namespaces': list(namespaces), **more}


def serve(worker, control, *namespaces, generation=1, **more):
    for ns in namespaces:
        if ns['backend'] == 'ram' and f'ns:{ns["uuid"]}' not in worker.held:
            worker.memory(ns['uuid'], ns['size'])
    control.give(worker.held)
    return control.apply(generation, worker.state(subsystem(*namespaces, **more)))


def host(worker, nqn=HOST, **more):
    return nvme.Host('127.0.0.1', worker.port, NQN, nqn, **more)


def refused(action, sc, dnr=None):
    try:
        action()
    except nvme.Status as status:
        assert status.sc == sc and dnr in (None, status.dnr), status
        return status
    raise AssertionError('it was not refused')


def ended(queue, seconds):
    queue.sock.settimeout(seconds)
    try:
        while queue.sock.recv(65536):
            pass
    except ConnectionError:
        pass


def test_nothing_is_served_before_the_first_whole_state():
    with Worker() as worker, worker.control() as control:
        assert control.hello['generation'] == 0 and control.hello['protocol'] == 1
        assert control.hello['pid'] == worker.process.pid and control.hello['worker'] == 'w1'
        stat = open(f'/proc/{worker.process.pid}/stat', encoding='ascii').read().rsplit(')', 1)[1].split()
        assert control.hello['start_time'] == int(stat[19])
        early = socket.create_connection(('127.0.0.1', worker.port))  # waits in the backlog that we hold
        early.settimeout(0.3)
        early.sendall(struct.pack('<BBBBIHBBI', 0, 0, 128, 0, 128, 0, 0, 0, 0) + bytes(112))
        try:
            early.recv(1)
            raise AssertionError('answered before there was a state')
        except TimeoutError:
            pass
        applied = serve(worker, control, ram())
        assert applied['generation'] == 1 and applied['failed'] == [] and applied['subsystems'] == [NQN], applied
        early.settimeout(10)
        assert len(early.recv(128)) == 128
        early.close()


def test_a_difference_needs_its_base_and_the_same_state_twice_changes_nothing():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        with host(worker) as h:
            again = control.apply(1, worker.state(subsystem(ram())))
            assert again['generation'] == 1 and again['failed'] == []
            assert h.io[0].read(1, 0, 1) == bytes(512)
            assert control.apply(9, base=7, upsert={'subsystems': [subsystem(nqn=NQN + '2')]})['generation'] == 1
            more = control.apply(2, base=1, upsert={'subsystems': [subsystem(nqn=NQN + '2')]})
            assert more['generation'] == 2 and more['subsystems'] == [NQN + '2']
            gone = control.apply(3, base=2, remove={'subsystems': [NQN + '2', 'nqn.2026-11.example:never']})
            assert gone['generation'] == 3
            assert h.io[0].read(1, 0, 1) == bytes(512)
        control.send({'type': 'stats', 'seq': 5})
        stats = control.wait('stats')
        assert stats['seq'] == 5 and len(stats['reactors']) == 2
        assert [s['nqn'] for s in stats['subsystems']] == [NQN]
        assert stats['subsystems'][0]['namespaces'][0]['reads'] == 2


def test_a_bad_document_changes_nothing_and_says_where():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        bad = control.apply(2, worker.state(subsystem(ram()), subsystem(ram(2, block_size=513))))
        assert bad['generation'] == 1 and bad['failed'][0]['field'] == 'subsystems[1].namespaces[0].block_size', bad
        with host(worker) as h:
            h.io[0].write(1, 0, b'x' * 512)
        control.send({'type': 'something new', 'and': 'more'})
        assert control.apply(2, {**worker.state(subsystem(ram(), future=1)), 'unknown': {}})['generation'] == 2


def test_what_fails_is_named_and_the_rest_is_served():
    with Worker() as worker, worker.control() as control:
        missing = {'nsid': 2, 'backend': 'file', 'path': f'{worker.folder}/none', 'size': SIZE}
        applied = serve(worker, control, ram(), missing, {'nsid': 3, 'backend': 'floppy', 'size': SIZE})
        failed = {f['nsid']: f for f in applied['failed']}
        assert failed[2]['field'] == 'path' and 'does not exist' in failed[2]['reason'], applied
        assert failed[3]['field'] == 'backend' and applied['subsystems'] == [NQN]
        lost = control.apply(2, base=1, upsert={'subsystems': [subsystem(ram(), ram(9))]})
        assert [f['nsid'] for f in lost['failed']] == [9] and 'handed over' in lost['failed'][0]['reason'], lost
        with host(worker) as h:
            assert struct.unpack('<2I', h.admin.identify(2)[:8]) == (1, 0)


def test_namespaces_come_grow_and_go_under_a_connected_host():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        with host(worker) as h:
            h.admin.run(nvme.sqe(0x09, cdw10=0x0b, cdw11=1 << 8))
            aer = h.admin.aer()

            def changed(*expected):
                nonlocal aer
                event, _ = h.admin.wait(aer)
                assert event.result == 0x040002, hex(event.result)
                assert struct.unpack('<4I', h.admin.get_log(4, 4096)[:16])[:len(expected) + 1] == (*expected, 0)
                aer = h.admin.aer()

            serve(worker, control, ram(), ram(2), generation=2)
            changed(2)
            h.io[0].write(2, 0, b'2' * 4096)
            h.io[0].write(1, 0, b'1' * 4096)
            os.ftruncate(worker.held[f'ns:{UUID % 2}'], 2 * SIZE)
            grown = control.apply(3, worker.state(subsystem(ram(), ram(2, size=2 * SIZE))))
            assert grown['failed'] == [], grown
            changed(2)
            assert struct.unpack('<Q', h.admin.identify(0, 2)[:8])[0] == 2 * SIZE // 512
            h.io[0].write(2, 2 * SIZE // 512 - 8, b'e' * 4096)
            assert h.io[0].read(2, 0, 8) == b'2' * 4096
            small = control.apply(4, worker.state(subsystem(ram(), ram(2))))
            assert small['failed'][0]['field'] == 'size' and 'shrink' in small['failed'][0]['reason'], small
            assert h.io[0].read(2, 2 * SIZE // 512 - 8, 8) == b'e' * 4096
            control.apply(5, worker.state(subsystem(ram())))
            changed(2)
            refused(lambda: h.io[0].read(2, 0, 1), INVALID_NS)
            control.apply(6, worker.state(subsystem(ram(read_only=True))))
            changed(1)
            refused(lambda: h.io[0].write(1, 0, b'x' * 512), 0x020)
            assert h.io[0].read(1, 0, 8) == b'1' * 4096


def test_a_namespace_is_seen_by_the_hosts_it_names_only():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram(), ram(2, hosts=[OTHER]), ram(3, hosts=[]))
        with host(worker) as a, host(worker, OTHER) as b:
            assert struct.unpack('<3I', a.admin.identify(2)[:12]) == (1, 0, 0)
            assert struct.unpack('<3I', b.admin.identify(2)[:12]) == (1, 2, 0)
            refused(lambda: a.io[0].read(2, 0, 1), INVALID_NS)
            b.io[0].write(2, 0, b'b' * 512)
            control.apply(2, worker.state(subsystem(ram(), ram(2, hosts=[HOST]), ram(3))))
            assert a.io[0].read(2, 0, 1) == b'b' * 512
            refused(lambda: b.io[0].read(2, 0, 1), INVALID_NS)
            assert struct.unpack('<4I', a.admin.identify(2)[:16]) == (1, 2, 3, 0)


class Writer(threading.Thread):
    """Writes its mark over and over, until its connection ends."""

    def __init__(self, queue, mark, blocks=64):
        super().__init__(daemon=True)
        self.queue, self.mark, self.blocks, self.rounds = queue, mark, blocks, 0
        self.ended_at = None

    def run(self):
        try:
            while True:
                for at in range(0, self.blocks, 8):
                    self.queue.write(1, at, self.mark * 4096)
                self.rounds += 1
        except (nvme.Terminated, OSError):
            self.ended_at = time.monotonic()


def test_a_removed_host_is_gone_within_a_second_and_writes_nothing_afterwards():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        with host(worker, queues=4) as h, host(worker, OTHER) as other:
            writers = [Writer(queue, b'w') for queue in h.io]
            for writer in writers:
                writer.start()
            pharos.wait_for(lambda: all(w.rounds for w in writers), 10, 'writes')
            began = time.monotonic()
            applied = control.apply(2, worker.state(subsystem(ram(), hosts=[OTHER])))
            reached = time.monotonic()
            assert applied['generation'] == 2 and reached - began < 1, reached - began
            # the generation is reached: from now on the namespace is other's alone
            for at in range(0, 64, 8):
                other.io[0].write(1, at, b'o' * 4096)
            for writer in writers:
                writer.join(1)
                assert writer.ended_at and writer.ended_at - began < 1
            ended(h.admin, 1)
            time.sleep(0.2)
            assert other.io[0].read(1, 0, 64) == b'o' * 32768
            status = refused(lambda: host(worker), CONNECT_HOST, dnr=True)
            assert status.dnr
            gone = control.wait('controllers', where=lambda m: m['gone'])
            assert gone['gone'][0]['reason'] == 'host removed', gone
            notice = control.wait('refused')
            assert notice['host_nqn'] == HOST and notice['nqn'] == NQN and notice['host_addr'].startswith('127.0.0.1:')


def test_a_host_that_never_sends_its_data_holds_up_no_change():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram(), ram(2))
        with host(worker) as h:
            stalled = h.io[0]
            command = nvme.sqe(0x01, 2, cdw12=255)
            struct.pack_into('<QI3sB', command, 24, 0, 256 * 512, b'', 0x5a)
            struct.pack_into('<H', command, 2, 77)
            stalled.pdu(nvme.CMD, command)
            kind, _, header, _ = stalled.receive()
            assert kind == nvme.R2T
            began = time.monotonic()
            assert control.apply(2, worker.state(subsystem(ram())))['generation'] == 2
            assert time.monotonic() - began < 1
            cid, tag, offset, length = struct.unpack('<HHII', header[8:20])
            stalled.pdu(nvme.H2C_DATA, struct.pack('<HHIII', cid, tag, offset, length, 0), bytes(length), nvme.LAST)
            kind, _, header, _ = stalled.receive()
            assert kind == nvme.RSP and nvme.Cqe(header[8:24]).sc == INVALID_NS


def test_a_stalled_reader_keeps_what_it_was_sent_when_the_namespace_goes():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram(), ram(2))
        pattern = random.randbytes(1 << 20)
        with host(worker) as h:
            for at in range(0, 2048, 128):
                h.io[0].write(2, at, pattern[at * 512:(at + 128) * 512])
            cids = [h.io[0].submit(nvme.sqe(0x02, 2, cdw12=2047), want=1 << 20) for _ in range(16)]  # more than any socket buffer
            time.sleep(0.3)
            began = time.monotonic()
            assert control.apply(2, worker.state(subsystem(ram())))['generation'] == 2
            assert time.monotonic() - began < 2
            answers = [h.io[0].wait(cid) for cid in cids]
            assert all(cqe.sc in (0, INVALID_NS) for cqe, _ in answers), [hex(c.sc) for c, _ in answers]
            assert all(data == pattern for cqe, data in answers if not cqe.sc)
            assert any(not cqe.sc for cqe, _ in answers)


def test_memory_and_connections_wait_out_a_killed_worker():
    with Worker() as worker:
        with worker.control() as control:
            serve(worker, control, ram(), cntlid_cursor=4096)
            with host(worker) as h:
                assert h.cntlid == 4096
                h.io[0].write(1, 8, b'kept' * 1024)
                worker.kill()
                ended(h.admin, 5)
        waiting = [nvme.Queue('127.0.0.1', worker.port, icreq=False) for _ in range(64)]
        worker.start()
        with worker.control(epoch=2) as control:
            serve(worker, control, ram(), cntlid_cursor=8192)
            for queue in waiting:
                queue.initialize()
                assert queue.connect(NQN, HOST) >= 8192
            with host(worker) as h:
                assert h.io[0].read(1, 8, 8) == b'kept' * 1024
        for queue in waiting:
            queue.close()


def test_connects_that_come_too_early_or_too_late_are_never_told_dnr():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        queue = nvme.Queue('127.0.0.1', worker.port)
        refused(lambda: queue.connect(NQN + '-not-yet', HOST), CONNECT_PARAM, dnr=False)
        refused(lambda: queue.connect(NQN, HOST, qid=1, cntlid=0x7777), CONNECT_PARAM, dnr=False)  # of a past life
        queue.connect(NQN, HOST)
        queue.close()


def test_a_newer_discoveryd_takes_over_and_the_hosts_notice_nothing():
    with Worker() as worker, worker.control(epoch=5) as first:
        serve(worker, first, ram())
        with host(worker) as h:
            h.io[0].write(1, 0, b'a' * 512)
            with Control(worker.path, hello=False) as stale:
                stale.send({'type': 'hello', 'protocol': 1, 'worker': 'w1', 'epoch': 4})
                assert stale.wait('hello')['epoch'] == 5
                try:
                    stale.read()
                    raise AssertionError('an older epoch is obeyed')
                except EOFError:
                    pass
            first.close()
            time.sleep(0.1)
            assert h.io[0].read(1, 0, 1) == b'a' * 512
            with worker.control(epoch=6) as second:
                assert second.hello['generation'] == 1
                assert set(second.hello['fds']) == set(worker.held)
                full = second.wait('controllers')
                assert full['full'] and full['connected'][0]['host_nqn'] == HOST and full['connected'][0]['qpairs'] == 2, full
                while not {*worker.held, 'stats:loops'} <= set(second.named):
                    second.read()
                for name, fd in worker.held.items():
                    assert os.fstat(second.named[name]).st_ino == os.fstat(fd).st_ino, name
                loops = lambda: struct.unpack('<Q', os.pread(second.named['stats:loops'], 8, 64))[0]
                before = loops()
                pharos.wait_for(lambda: loops() > before, 3, 'reactor 1 to turn')
                assert second.apply(2, base=1, upsert={'subsystems': [subsystem(ram(), hosts=[HOST])]})['generation'] == 2
                assert h.io[0].read(1, 0, 1) == b'a' * 512
                third = worker.control(epoch=7)
                try:
                    while True:
                        second.read()
                except EOFError:
                    pass
                third.close()


def test_reports_tell_who_connects_and_leaves():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        with host(worker, queues=2):
            seen = control.wait('controllers', where=lambda m: any(c['qpairs'] == 3 for c in m['connected']))
            ctrl = seen['connected'][0]
            assert ctrl['nqn'] == NQN and not ctrl['header_digest'] and not ctrl['data_digest'] and ctrl['portal'] == 'p1' and ctrl['cntlid'] == 1 and ctrl['host_addr'].startswith('127.0.0.1:')
        gone = control.wait('controllers', where=lambda m: m['gone'])
        assert gone['gone'] == [{'nqn': NQN, 'cntlid': 1, 'reason': 'connection closed'}], gone


def test_a_portal_that_goes_takes_its_connections_along_and_no_others():
    with Worker() as worker, worker.control() as control, socket.socket() as second:
        second.bind(('127.0.0.1', 0))
        second.listen(16)
        port = second.getsockname()[1]
        both = worker.state(subsystem(ram()))
        both['portals'].append({'id': 'p2', 'portid': 2, 'address': '127.0.0.1', 'port': port})
        control.give({'portal:p2': second.fileno()})
        serve(worker, control, ram())
        assert control.apply(2, both)['failed'] == []
        with host(worker) as stays, nvme.Host('127.0.0.1', port, NQN, OTHER) as goes:
            goes.io[0].write(1, 0, b'p' * 512)
            assert control.apply(3, base=2, remove={'portals': ['p2']})['generation'] == 3
            ended(goes.io[0], 2)
            ended(goes.admin, 2)
            assert stays.io[0].read(1, 0, 1) == b'p' * 512
            only = subsystem(ram(), portals=[])
            assert control.apply(4, base=3, upsert={'subsystems': [only]})['generation'] == 4
            ended(stays.admin, 2)
            queue = nvme.Queue('127.0.0.1', worker.port)
            refused(lambda: queue.connect(NQN, HOST), CONNECT_PARAM, dnr=False)
            queue.close()


def test_memory_goes_with_its_namespace_to_another_subsystem():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        with host(worker) as h:
            h.io[0].write(1, 0, b'm' * 512)
        moved = control.apply(2, worker.state(subsystem(), subsystem(ram(), nqn=NQN + '2')))
        assert moved['failed'] == [], moved
        with nvme.Host('127.0.0.1', worker.port, NQN + '2', HOST) as h:
            assert h.io[0].read(1, 0, 1) == b'm' * 512
        assert control.apply(3, worker.state(subsystem()))['failed'] == []
        control.close()
        with worker.control(epoch=2) as again:  # nothing keeps it here any more
            assert again.hello['fds'] == ['portal:p1'], again.hello


def test_another_serial_is_another_subsystem():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        with host(worker) as h:
            assert control.apply(2, worker.state(subsystem(ram(), serial='ANOTHER')))['failed'] == []
            ended(h.admin, 2)
            with host(worker) as again:
                assert again.admin.identify(1)[4:24] == b'ANOTHER'.ljust(20)
                assert again.cntlid > h.cntlid


def test_garbage_on_the_control_socket_ends_that_connection_alone():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram())
        for garbage in (b'\xff\xff\xff\xff', b'\0\0\0\2[]', b'\0\0\0\5hello', b'\0\0\0\x10{"type":"apply"}'):
            with Control(worker.path, hello=False) as bad:
                bad.sock.sendall(garbage)
                try:
                    bad.read()
                    raise AssertionError('not cut off')
                except (EOFError, ConnectionError):
                    pass
        assert control.apply(2, worker.state(subsystem(ram())))['generation'] == 2


def test_drain_closes_and_exits_cleanly():
    for how in ('drain', 'SIGTERM'):
        with Worker() as worker, worker.control() as control:
            serve(worker, control, ram())
            with host(worker) as h:
                h.io[0].write(1, 0, b'd' * 512)
                if how == 'drain':
                    control.send({'type': 'drain'})
                else:
                    worker.process.send_signal(signal.SIGTERM)
                ended(h.io[0], 5)
                ended(h.admin, 5)
                assert worker.process.wait(8) == 0
                assert not os.path.exists(worker.path)
                assert os.pread(worker.held[f'ns:{UUID % 1}'], 512, 0) == b'd' * 512


if __name__ == '__main__':
    pharos.run(globals())
