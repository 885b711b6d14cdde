#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copies that a worker makes: of a namespace at one moment while hosts write to it, and of a file; how long writes wait; what ends them early."""
import contextlib
import os
import pathlib
import signal
import stat
import struct
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
from slowfile import READ, SlowFile  # noqa: E402
from worker import Worker  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:copy', 'nqn.2026-11.example:host'
UUID = '8b1d4f00-1111-4222-8333-445566778801'
SIZE, BLOCK = 32 << 20, 4096
FIRST, SECOND = 0, SIZE // BLOCK - 1  # blocks that get the same number, in this order


def ram(**more):
    return {'nsid': 1, 'uuid': UUID, 'backend': 'ram', 'size': SIZE, 'block_size': BLOCK, **more}


def volume(path, size, **more):
    return {'nsid': 1, 'uuid': UUID, 'backend': 'file', 'path': path, 'size': size, 'block_size': BLOCK, **more}


def subsystem(*namespaces):
    return {'nqn': NQN, 'hosts': [HOST], 'namespaces': list(namespaces)}


def serve(worker, control, *namespaces):
    if any(ns['backend'] == 'ram' for ns in namespaces):
        worker.memory(UUID, SIZE)
    control.give(worker.held)
    applied = control.apply(1, worker.state(subsystem(*namespaces)))
    assert applied['failed'] == [], applied


def host(worker, **more):
    return nvme.Host('127.0.0.1', worker.port, NQN, HOST, **more)


def copy(control, ident, path, wait=True, **more):
    control.send({'type': 'copy', 'id': ident, 'path': path, **(more or {'nqn': NQN, 'nsid': 1, 'max_hold_ms': 20000})})
    return ended(control, ident) if wait else None


def ended(control, ident, seconds=60):
    return control.wait('copied', seconds, lambda m: m['id'] == ident)


def fails(answer, field, text):
    assert answer.get('field') == field and text in answer['reason'] and answer['errno'], answer


class Writer(threading.Thread):
    """Writes an ever increasing number to one block, then to the other, and never rests."""

    def __init__(self, worker):
        super().__init__(daemon=True)
        self.host, self.done, self.stopping, self.error = host(worker), 0, False, None

    def run(self):
        try:
            while not self.stopping:
                block = struct.pack('<Q', self.done + 1) * (BLOCK // 8)
                self.host.io[0].write(1, FIRST, block, BLOCK)
                self.host.io[0].write(1, SECOND, block, BLOCK)
                self.done += 1
        except Exception as e:  # pylint: disable=broad-except
            self.error = e

    def goes_on(self):
        before = self.done
        pharos.wait_for(lambda: self.error or self.done > before, 30, 'a further write')
        assert not self.error, self.error

    def __enter__(self):
        self.start()
        self.goes_on()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.join(30)
        self.host.close()


def numbers(path):
    with open(path, 'rb') as image:
        found = []
        for block in (FIRST, SECOND):
            image.seek(block * BLOCK)
            words = set(struct.unpack(f'<{BLOCK // 8}Q', image.read(BLOCK)))
            assert len(words) == 1, f'a command in part: {words}'
            found.append(words.pop())
    return found


def fill(fd):
    """So that copying takes a while; a quarter stays a hole."""
    for at in range(0, SIZE * 3 // 4, 1 << 20):
        os.pwrite(fd, b'fill' * (1 << 18), at)


def moments(backend, reactors):
    with Worker('--reactors', str(reactors)) as worker, worker.control() as control:
        path = f'{worker.folder}/volume'
        if backend == 'file':
            with open(path, 'wb') as f:
                f.truncate(SIZE)
                fill(f.fileno())
        serve(worker, control, volume(path, SIZE) if backend == 'file' else ram())
        if backend == 'ram':
            fill(worker.held[f'ns:{UUID}'])
        with host(worker) as h:
            h.io[0].write(1, FIRST, bytes(BLOCK), BLOCK)
            h.io[0].write(1, 1000, b'between' + bytes(BLOCK - 7), BLOCK)
            h.admin.run(nvme.sqe(0x09, cdw10=0x0b, cdw11=1 << 8))  # tell us of changed namespaces
            h.admin.aer()
            with Writer(worker) as writer:
                for n in range(4):
                    image, before = f'{worker.folder}/image{n}', writer.done
                    answer = copy(control, f'snap-{n}', image)
                    after = writer.done + 1
                    assert 'reason' not in answer, answer
                    assert answer['size'] == SIZE and answer['block_size'] == BLOCK and answer['taken_at'] > 1e12, answer
                    assert answer['held_ms'] < 20000 and answer['shared'] in (False, True), answer
                    first, second = numbers(image)
                    assert second <= first <= second + 1 and before <= first <= after, (before, first, second, after)
                    info = os.stat(image)
                    assert info.st_size == SIZE and stat.S_IMODE(info.st_mode) == 0o600 and info.st_blocks * 512 < SIZE, info
                    with open(image, 'rb') as f:
                        assert os.pread(f.fileno(), 7, 1000 * BLOCK) == b'between'
                    writer.goes_on()
            assert h.io[0].read(1, FIRST, 1, BLOCK) == h.io[0].read(1, SECOND, 1, BLOCK) == struct.pack('<Q', writer.done) * (BLOCK // 8)
            h.admin.keep_alive()
            assert not h.admin.done, 'nothing has changed for hosts'
        assert sorted(name for name in os.listdir(worker.folder) if 'image' in name) == [f'image{n}' for n in range(4)]


def test_of_memory_with_one_reactor_it_is_a_state_that_there_was():
    moments('ram', 1)


def test_of_memory_with_two_reactors_it_is_a_state_that_there_was():
    moments('ram', 2)


def test_of_a_file_it_is_a_state_that_there_was():
    moments('file', 2)


def test_a_file_is_copied():
    with Worker() as worker, worker.control() as control:
        control.apply(1, worker.state())
        source, path = f'{worker.folder}/source', f'{worker.folder}/path'
        with open(source, 'wb') as f:
            f.truncate(8 << 20)
            f.seek(5 << 20)
            f.write(b'data' * 1000)
        answer = copy(control, 'restore', path, **{'from': source})
        assert answer['size'] == 8 << 20 and answer['held_ms'] == 0 and 'reason' not in answer, answer
        with open(source, 'rb') as a, open(path, 'rb') as b:
            assert a.read() == b.read()
        assert os.stat(path).st_blocks * 512 < 1 << 20
        fails(copy(control, 'again', path, **{'from': source}), 'path', 'exists')
        fails(copy(control, 'missing', f'{path}2', **{'from': f'{source}2'}), 'from', 'No such file')
        fails(copy(control, 'folder', f'{path}2', **{'from': worker.folder}), 'from', 'not a file')
        os.mkfifo(f'{worker.folder}/fifo')
        fails(copy(control, 'fifo', f'{path}2', **{'from': f'{worker.folder}/fifo'}), 'from', 'not a file')
        assert sorted(os.listdir(worker.folder)) == ['fifo', 'log', 'path', 'source', 'w1.sock']


class Gated(SlowFile):
    """A file of which the first reads are answered, and the others when the gate is open."""

    def __init__(self, *args):
        self.reads, self.gate = 0, threading.Event()
        super().__init__(*args)

    def serve(self, opcode, *rest):
        if opcode == READ:
            self.reads += 1
            if self.reads > 20:
                self.gate.wait(30)
        super().serve(opcode, *rest)


def test_progress_is_told():
    folder = tempfile.mkdtemp(prefix='copy-')
    with Gated(folder, SIZE, True) as file, Worker() as worker, worker.control() as control:
        copy(control, 'long', f'{worker.folder}/image', wait=False, **{'from': file.path})
        told = control.wait('copying', 30)
        assert told['id'] == 'long' and 0 < told['done'] < told['total'] == SIZE, told
        file.gate.set()
        assert 'reason' not in ended(control, 'long')
    os.rmdir(folder)


def test_what_cannot_be_copied_is_said_why():
    with Worker() as worker, worker.control() as control:
        serve(worker, control, ram(), {'nsid': 2, 'backend': 'null', 'size': SIZE})
        path = f'{worker.folder}/image'
        of = {'nqn': NQN, 'nsid': 1}
        fails(copy(control, 'a', path, nqn=NQN, nsid=2), 'nsid', 'null')
        fails(copy(control, 'b', path, nqn=NQN, nsid=3), 'nsid', 'no namespace 3')
        fails(copy(control, 'c', path, nqn=NQN + '2', nsid=1), 'nsid', 'no namespace 1')
        fails(copy(control, 'd', path, nqn=NQN), 'nsid', '')
        fails(copy(control, 'e', 'image', **of), 'path', 'absolute')
        fails(copy(control, 'f', f'{worker.folder}/none/image', **of), 'path', 'folder')
        fails(copy(control, 'g', path, max_hold_ms=99, **of), 'max_hold_ms', '100')
        fails(copy(control, 'h', path, max_hold_ms=20001, **of), 'max_hold_ms', '20000')
        control.send({'type': 'copy', 'id': 'i'})
        fails(ended(control, 'i'), 'path', '')
        control.send({'type': 'copy', 'path': path})  # of no id: only the log has it
        control.send({'type': 'copy_cancel', 'id': 'nobody'})
        assert 'reason' not in copy(control, 'j', path, **of)


@contextlib.contextmanager
def slow():
    """A file namespace, one of whose writes is under way until slow.let_go(): until then a copy waits for it and holds all others up."""
    folder = tempfile.mkdtemp(prefix='copy-')
    with SlowFile(folder, SIZE, True) as file, Worker() as worker, worker.control() as control:
        serve(worker, control, volume(file.path, SIZE))
        with host(worker, queues=3) as h:
            file.hold()
            held = h.io[0].submit(nvme.sqe(1, 1, cdw10=5), b'h' * BLOCK)
            pharos.wait_for(lambda: file.held, 10, 'the write to be under way')
            yield file, worker, control, h, held
    os.rmdir(folder)


def lock_waits(control):
    control.send({'type': 'stats', 'seq': 1})
    namespaces = [ns for ss in control.wait('stats')['subsystems'] for ns in ss['namespaces']]
    return sum(ns.get('lock_waits', 0) for ns in namespaces)


def wait_until_held(control, h):
    """Until a write waits: the CID of that one."""
    while True:
        cid = h.io[1].submit(nvme.sqe(1, 1), b'w' * BLOCK)
        try:
            h.io[1].sock.settimeout(0.1)
            h.io[1].wait(cid)
        except TimeoutError:
            if lock_waits(control):
                return cid
            h.io[1].sock.settimeout(30)
            h.io[1].wait(cid)
        finally:
            h.io[1].sock.settimeout(30)


def finished(queue, cid):
    cqe, _ = queue.wait(cid)
    assert cqe.sc == 0, hex(cqe.sc)


def left_over(worker):
    return [name for name in os.listdir(worker.folder) if name.startswith('image')]


def test_reads_go_on_while_writes_wait_and_then_they_do():
    with slow() as (file, worker, control, h, held):
        path = f'{worker.folder}/image'
        copy(control, 'snap', path, wait=False)
        waiting = wait_until_held(control, h)
        for lba in range(16):
            h.io[2].read(1, 100 + lba, 1, BLOCK)
        control.send({'type': 'stats', 'seq': 1})
        control.wait('stats')
        assert not any(m['type'] == 'copied' for m in control.messages)
        file.let_go()
        finished(h.io[0], held)
        answer = ended(control, 'snap')
        assert 'reason' not in answer and answer['held_ms'] >= 100, answer
        finished(h.io[1], waiting)
        with open(path, 'rb') as image:
            assert os.pread(image.fileno(), 1, 5 * BLOCK) == b'h'  # it was under way before that moment
        assert os.stat(path).st_size == SIZE


def test_writes_wait_no_longer_than_they_may():
    with slow() as (file, worker, control, h, held):
        answer = copy(control, 'snap', f'{worker.folder}/image', nqn=NQN, nsid=1, max_hold_ms=500)
        fails(answer, 'max_hold_ms', 'waited 500 ms')
        h.io[1].write(1, 9, b'n' * BLOCK, BLOCK)
        assert left_over(worker) == []
        file.let_go()
        finished(h.io[0], held)
        assert 'reason' not in copy(control, 'snap', f'{worker.folder}/image')


def test_a_copy_is_cancelled_whether_it_has_begun_or_not():
    with slow() as (file, worker, control, h, held):
        for n in range(3):
            copy(control, f'snap-{n}', f'{worker.folder}/image{n}', wait=False)
        copy(control, 'snap-0', f'{worker.folder}/image0', wait=False)  # is known
        waiting = wait_until_held(control, h)
        control.send({'type': 'copy_cancel', 'id': 'snap-1'})
        fails(ended(control, 'snap-1'), None, 'cancelled')
        control.send({'type': 'copy_cancel', 'id': 'snap-0'})
        fails(ended(control, 'snap-0'), None, 'cancelled')
        file.let_go()
        finished(h.io[0], held)
        finished(h.io[1], waiting)
        assert 'reason' not in ended(control, 'snap-2')
        assert left_over(worker) == ['image2']
        assert not any(m['type'] == 'copied' for m in control.messages), control.messages


def test_too_many_at_once_are_refused():
    with slow() as (file, worker, control, _h, _held):
        for n in range(65):
            copy(control, f'snap-{n}', f'{worker.folder}/image{n}', wait=False)
        fails(ended(control, 'snap-64'), None, 'too many')
        for n in range(1, 64):
            control.send({'type': 'copy_cancel', 'id': f'snap-{n}'})
        file.let_go()
        assert 'reason' not in ended(control, 'snap-0')


def test_a_namespace_that_goes_ends_its_copy_first():
    with slow() as (file, worker, control, h, _held):
        copy(control, 'snap', f'{worker.folder}/image', wait=False)
        wait_until_held(control, h)
        control.send({'type': 'apply', 'generation': 2, 'base': 1, 'upsert': {'subsystems': [subsystem()]}})
        pharos.wait_for(lambda: left_over(worker) == [], 10, 'the copy to be given up')
        file.let_go()  # the write that was under way holds the change up, not the copy
        applied = control.wait('applied', 30)
        assert applied['generation'] == 2 and applied['failed'] == [], applied
        fails(ended(control, 'snap'), None, 'was removed')
        assert left_over(worker) == []
        assert control.apply(3, base=2, upsert={'subsystems': [subsystem(volume(file.path, SIZE))]})['failed'] == []
        assert 'reason' not in copy(control, 'snap', f'{worker.folder}/image')


def test_a_newer_discoveryd_ends_all_copies_and_hears_nothing_of_them():
    with slow() as (file, worker, control, h, held):
        for n in range(2):
            copy(control, f'snap-{n}', f'{worker.folder}/image{n}', wait=False)
        waiting = wait_until_held(control, h)
        with worker.control(epoch=2) as newer:
            finished(h.io[1], waiting)
            file.let_go()
            finished(h.io[0], held)
            pharos.wait_for(lambda: worker.log().count('"not copied"') == 2, 20, 'both to be given up')
            newer.send({'type': 'stats', 'seq': 1})
            newer.wait('stats')  # behind all that could have been told of them
            assert not any(m['type'] in ('copied', 'copying') for m in newer.messages), newer.messages
            assert 'reason' not in copy(newer, 'snap-0', f'{worker.folder}/image0')
            assert left_over(worker) == ['image0']
            assert not any(m['type'] == 'copied' or m.get('id') == 'snap-1' for m in newer.messages), newer.messages


def test_a_worker_that_ends_leaves_no_half_of_a_copy():
    with slow() as (file, worker, control, h, _held):
        copy(control, 'snap', f'{worker.folder}/image', wait=False)
        wait_until_held(control, h)
        worker.process.send_signal(signal.SIGTERM)
        pharos.wait_for(lambda: 'draining' in worker.log() and left_over(worker) == [], 20, 'the copy to be given up')
        file.let_go()
        assert worker.process.wait(20) == 0


if __name__ == '__main__':
    pharos.run(globals())
