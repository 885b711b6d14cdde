#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A write that was in flight when its worker was killed never lands after a newer one: the next worker waits for it."""
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
from slowfile import SlowFile  # noqa: E402
from worker import Worker  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:fence', 'nqn.2026-11.example:host'
SIZE = 4 << 20
NOT_READY = 0x082


def target(slow):
    return pharos.Targetd({'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': 0}],
                           'subsystems': [{'nqn': NQN, 'allow_any_host': True, 'namespaces': [
                               {'nsid': 1, 'backend': 'file', 'path': slow.path, 'size': SIZE, 'block_size': 4096}]}]}, '--reactors', '2')


def host(worker):
    return nvme.Host('127.0.0.1', worker.port, NQN, HOST)


def write(queue, mark, lba=0):
    return queue.submit(nvme.sqe(1, 1, cdw10=lba), mark * 4096)


def silent(queue, seconds):
    queue.sock.settimeout(seconds)
    try:
        queue.step()
        return False
    except TimeoutError:
        return True
    finally:
        queue.sock.settimeout(30)


def overtaking(asynchronous):
    folder = tempfile.mkdtemp(prefix='fence-')
    with SlowFile(folder, SIZE, asynchronous) as slow:
        with target(slow) as first, host(first) as h:
            cqe, _ = h.io[0].wait(write(h.io[0], b'1', 8))
            assert cqe.sc == 0
            slow.hold()
            write(h.io[0], b'o')
            pharos.wait_for(lambda: slow.held, 5, 'the old write to be under way')
            first.process.kill()
            with target(slow) as second, host(second) as h2:  # it starts, and says who it is
                assert h2.admin.identify(2)[:4] == b'\1\0\0\0'
                cid = write(h2.io[0], b'n')
                assert silent(h2.io[0], 1), 'a newer write was done while the old one could still land'
                assert not any(mark == b'n' for _, mark in slow.landed)
                slow.let_go()
                cqe, _ = h2.io[0].wait(cid)
                assert cqe.sc == 0
                assert [mark for offset, mark in slow.landed if offset == 0] == [b'o', b'n'], slow.landed
                assert h2.io[0].read(1, 0, 1, 4096) == b'n' * 4096
                assert h2.io[0].read(1, 8, 1, 4096) == b'1' * 4096
            first.process.wait(10)
    os.rmdir(folder)


def test_an_old_write_of_a_killed_worker_lands_before_a_newer_one():
    overtaking(asynchronous=True)


def test_an_old_write_that_keeps_its_process_from_dying_lands_before_a_newer_one():
    overtaking(asynchronous=False)


def test_commands_that_wait_too_long_are_told_to_come_again():
    folder = tempfile.mkdtemp(prefix='fence-')
    with SlowFile(folder, SIZE, True) as slow:
        with target(slow) as first, host(first) as h:
            slow.hold()
            write(h.io[0], b'o')
            pharos.wait_for(lambda: slow.held, 5, 'the old write to be under way')
            first.process.kill()
            with target(slow) as second, host(second) as h2:
                began = time.monotonic()
                h2.io[0].sock.settimeout(20)
                cqe, _ = h2.io[0].wait(write(h2.io[0], b'n'))
                assert cqe.sc == NOT_READY and not cqe.dnr, (hex(cqe.sc), cqe.dnr)
                assert 8 < time.monotonic() - began < 15
                slow.let_go()
                cqe, _ = h2.io[0].wait(write(h2.io[0], b'm'))
                assert cqe.sc == 0
                assert [mark for _, mark in slow.landed] == [b'o', b'm']
            first.process.wait(10)
    os.rmdir(folder)


def test_flush_and_fua_make_durable_what_was_written_and_a_plain_write_does_not():
    folder = tempfile.mkdtemp(prefix='fence-')
    with SlowFile(folder, SIZE, True) as slow, target(slow) as worker, host(worker) as h:
        io, before = h.io[0], len(slow.synced)
        io.write(1, 0, b'p' * 4096, 4096)
        assert len(slow.synced) == before, 'that is what Flush is for'
        io.write(1, 1, b'f' * 4096, 4096, fua=True)
        assert slow.synced[before:] == [2], slow.synced
        io.write(1, 2, b'p' * 4096, 4096)
        io.run(nvme.sqe(0, 1))
        assert slow.synced[before:] == [2, 3], slow.synced
        io.run(nvme.sqe(0, 0xffffffff))
        assert len(slow.synced) == before + 3, 'Flush of all namespaces'
        io.run(nvme.sqe(8, 1, cdw10=8, cdw12=7 | 1 << 30))  # Write Zeroes with FUA
        assert len(slow.synced) == before + 4 and slow.landed[-1] == (8 * 4096, b'\0'), (slow.synced, slow.landed)
    os.rmdir(folder)


def test_a_change_waits_for_a_slow_write_and_the_worker_goes_on_answering():
    folder = tempfile.mkdtemp(prefix='fence-')
    with SlowFile(folder, SIZE, True) as slow, Worker() as worker, worker.control() as control:
        volume = {'nsid': 1, 'backend': 'file', 'path': slow.path, 'size': SIZE, 'block_size': 4096}
        other = {'nqn': NQN + '2', 'hosts': [HOST], 'namespaces': [{'nsid': 1, 'backend': 'null', 'size': SIZE}]}
        control.give(worker.held)
        first = control.apply(1, worker.state({'nqn': NQN, 'hosts': [HOST], 'namespaces': [volume]}, other))
        assert first['failed'] == [], first
        with host(worker) as h, nvme.Host('127.0.0.1', worker.port, NQN + '2', HOST) as h2:
            slow.hold()
            cid = write(h.io[0], b'o')
            pharos.wait_for(lambda: slow.held, 5, 'the write to be under way')
            control.send({'type': 'apply', 'generation': 2, 'base': 1,
                          'upsert': {'subsystems': [{'nqn': NQN, 'hosts': [HOST], 'namespaces': []}]}})
            control.send({'type': 'apply', 'generation': 3, 'base': 2, 'remove': {'subsystems': [NQN + '2']}})
            control.send({'type': 'stats', 'seq': 1})
            assert control.wait('stats', 3)['seq'] == 1
            h2.io[0].write(1, 0, b'x' * 4096)  # others notice nothing; generation 3 comes after 2
            assert not any(m['type'] == 'applied' for m in control.messages)
            newer = worker.control(epoch=2)
            assert newer.hello['generation'] == 1
            slow.let_go()
            assert newer.wait('applied', 5)['generation'] == 2
            assert h.io[0].wait(cid)[0].sc == 0 and slow.landed == [(0, b'o')]
            refused = nvme.sqe(2, 1, cdw12=0)
            assert h.io[0].wait(h.io[0].submit(refused, want=4096))[0].sc == 0x00b
            newer.close()
    os.rmdir(folder)


if __name__ == '__main__':
    if os.geteuid() != 0 or not os.path.exists('/dev/fuse'):
        print('SKIP: needs root and /dev/fuse')
        sys.exit(77)
    pharos.run(globals(), waiting=(test_commands_that_wait_too_long_are_told_to_come_again,))
