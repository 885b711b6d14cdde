#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""I/O commands against the real targetd, spoken by an independent host: every backend, every way that data travels."""
import os
import pathlib
import random
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:io', 'nqn.2026-11.example:host'
SIZE = 64 << 20
READ, WRITE, FLUSH, COMPARE, ZEROES, DSM = 2, 1, 0, 5, 8, 9
INVALID_FIELD, INVALID_OPCODE, INVALID_NS, LBA_RANGE, COMPARE_FAILURE = 0x02, 0x01, 0x0b, 0x80, 0x285
READ_ONLY = 0x20, 0x182  # Namespace is Write Protected; Attempted Write to Read Only Range
DIGESTS = (0, 1, 2, 3)


class Target(pharos.Targetd):
    """ram as namespace 1, a file as namespace 2, null as 3, a read-only ram as 4."""

    def __init__(self, *options):
        self.volume = tempfile.NamedTemporaryFile(prefix='pharos-volume-', dir=os.environ.get('PHAROS_TMP', '/var/tmp'))
        self.volume.truncate(SIZE)
        super().__init__({'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': 0}],
                          'subsystems': [{'nqn': NQN, 'allow_any_host': True, 'namespaces': [
                              {'nsid': 1, 'backend': 'ram', 'size': SIZE},
                              {'nsid': 2, 'backend': 'file', 'path': self.volume.name, 'size': SIZE},
                              {'nsid': 3, 'backend': 'null', 'size': SIZE},
                              {'nsid': 4, 'backend': 'ram', 'size': SIZE, 'read_only': True}]}]}, *options)

    def host(self, **more):
        return nvme.Host('127.0.0.1', self.port, NQN, HOST, **more)


def rw(opcode, nsid, lba, blocks, flags=0):
    return nvme.sqe(opcode, nsid, cdw10=lba & 0xffffffff, cdw11=lba >> 32, cdw12=(blocks - 1) & 0xffff | flags)


def fails(queue, command, *scs, **more):
    try:
        queue.run(command, **more)
    except nvme.Status as status:
        assert status.sc in scs, status
        return status
    raise AssertionError(f'succeeded; wanted {[hex(sc) for sc in scs]}')


def test_what_is_written_is_read_back_in_every_size_and_digest():
    with Target() as target:
        for digest in DIGESTS:
            with target.host(digest=digest) as host:
                io = host.io[0]
                for nsid in (1, 2):
                    for blocks in (1, 8, 15, 16, 17, 64, 256, 2048):
                        data = random.randbytes(blocks * 512)
                        lba = random.randrange(SIZE // 512 - blocks)
                        io.write(nsid, lba, data, fua=blocks == 8)
                        assert io.read(nsid, lba, blocks) == data, (digest, nsid, blocks)
                    io.run(nvme.sqe(FLUSH, nsid))


def test_data_by_r2t_and_in_the_capsule_mean_the_same():
    with Target() as target, target.host(digest=3) as host:
        for inline in (True, False):
            for nsid in (1, 2):
                data = random.randbytes(4096)
                host.io[0].write(nsid, 8, data, inline=inline)
                assert host.io[0].read(nsid, 8, 8) == data


def test_a_flipped_byte_in_a_digested_write_changes_nothing():
    with Target() as target, target.host(digest=2) as host:
        io = host.io[0]
        for nsid in (1, 2):
            for inline, blocks in ((True, 8), (False, 8), (False, 256)):
                old, new = random.randbytes(blocks * 512), random.randbytes(blocks * 512)
                io.write(nsid, 100, old)
                status = fails(io, rw(WRITE, nsid, 100, blocks), 0x04, 0x22, data=new, inline=inline, corrupt_data=True)
                assert not status.dnr, 'the same command may succeed'
                assert io.read(nsid, 100, blocks) == old, 'the namespace is unchanged'
                io.write(nsid, 100, new)
                assert io.read(nsid, 100, blocks) == new, 'and the connection goes on'


def test_a_bad_header_digest_ends_the_connection():
    with Target() as target, target.host(digest=1) as host:
        try:
            host.io[0].run(rw(WRITE, 1, 0, 1), data=bytes(512), corrupt_header=True)
        except nvme.Terminated as end:
            assert end.fes == 3, end
        else:
            raise AssertionError('a bad header digest was taken')
        assert host.admin.identify(1)[:2], 'the admin queue lives on'


def test_ranges_and_fields_are_checked():
    with Target() as target, target.host() as host:
        io, last = host.io[0], SIZE // 512
        for nsid in (1, 2, 3):
            fails(io, rw(READ, nsid, last, 1), LBA_RANGE, want=512)
            fails(io, rw(READ, nsid, last - 1, 2), LBA_RANGE, want=1024)
            fails(io, rw(WRITE, nsid, 2**64 - 1, 2), LBA_RANGE, data=bytes(1024))
            fails(io, rw(ZEROES, nsid, last - 1, 2), LBA_RANGE)
        fails(io, rw(READ, 99, 0, 1), INVALID_NS, want=512)
        fails(io, rw(READ, 0, 0, 1), INVALID_NS, want=512)
        assert fails(io, rw(READ, 0xffffffff, 0, 1), INVALID_NS, INVALID_FIELD, want=512).dnr
        fails(io, nvme.sqe(0x7e, 1), INVALID_OPCODE)
        fails(io, nvme.sqe(0x0d, 1), INVALID_OPCODE)
        fused = rw(READ, 1, 0, 1)
        fused[1] |= 1
        fails(io, fused, INVALID_FIELD, want=512)
        fails(io, rw(READ, 1, 0, 2), 0x0f, 0x0d, INVALID_FIELD, want=512)  # the SGL holds less than the command moves
        assert io.read(1, 0, 1), 'the connection goes on'


def test_a_read_only_namespace_is_never_written():
    with Target() as target, target.host() as host:
        io = host.io[0]
        for command, data in ((rw(WRITE, 4, 0, 1), bytes(512)), (rw(ZEROES, 4, 0, 1), b''),
                              (nvme.sqe(DSM, 4, cdw10=0, cdw11=4), struct.pack('<IIQ', 0, 8, 0))):
            fails(io, command, *READ_ONLY, data=data)
        assert not any(io.read(4, 0, 8))


def test_write_zeroes_and_deallocate_read_as_zeroes():
    with Target() as target, target.host() as host:
        io = host.io[0]
        for nsid in (1, 2):
            for deac in (0, 1 << 25):
                data = random.randbytes(65536)
                io.write(nsid, 0, data)
                io.run(rw(ZEROES, nsid, 8, 16, deac))
                assert io.read(nsid, 0, 128) == data[:4096] + bytes(8192) + data[12288:]
            io.write(nsid, 0, data)
            ranges = struct.pack('<IIQ', 0, 16, 16) + struct.pack('<IIQ', 0, 32, 64)
            io.run(nvme.sqe(DSM, nsid, cdw10=1, cdw11=4), data=ranges)
            out = io.read(nsid, 0, 128)
            assert out[:8192] == data[:8192] and out[16384:32768] == data[16384:32768] and out[49152:] == data[49152:]
            dlfeat = host.admin.identify(0, nsid)[33]
            if dlfeat & 7 == 1:
                assert not any(out[8192:16384]) and not any(out[32768:49152])
            fails(io, nvme.sqe(DSM, nsid, cdw10=0, cdw11=4), LBA_RANGE, data=struct.pack('<IIQ', 0, 8, SIZE // 512))


def test_compare_tells_equal_from_different():
    with Target() as target, target.host(digest=3) as host:
        io = host.io[0]
        for nsid in (1, 2):
            data = random.randbytes(8192)
            io.write(nsid, 40, data)
            io.run(rw(COMPARE, nsid, 40, 16), data=data)
            fails(io, rw(COMPARE, nsid, 40, 16), COMPARE_FAILURE, data=data[:-1] + bytes([data[-1] ^ 1]))


def test_many_commands_in_flight_all_end_right():
    with Target('--reactors', '2') as target, target.host(queues=2) as host:
        for round_ in range(4):
            want = {}
            for queue in host.io:
                for i in range(100):
                    nsid, lba = 1 + i % 2, (host.io.index(queue) * 1000 + i) * 16
                    data = random.randbytes(8192)
                    want[queue, nsid, lba] = data
                    queue.submit(rw(WRITE, nsid, lba, 16), data)
            for queue in host.io:
                while queue.pending:
                    queue.step()
                assert all(cqe.sc == 0 for cqe, _ in queue.done.values())
                queue.done.clear()
            for (queue, nsid, lba), data in want.items():
                assert host.io[round_ % 2].read(nsid, lba, 16) == data


def test_counters_count_what_was_done():
    with Target() as target, target.host() as host:
        before = host.admin.get_log(2, 512, nsid=0xffffffff)
        for _ in range(10):
            host.io[0].write(1, 0, bytes(512000))
            host.io[0].read(1, 0, 1000)
        after = host.admin.get_log(2, 512, nsid=0xffffffff)
        number = lambda log, at: int.from_bytes(log[at:at + 16], 'little')
        assert number(after, 32) - number(before, 32) in (10, 11), 'data units read, in thousands of 512 bytes'
        assert number(after, 48) - number(before, 48) in (10, 11), 'data units written'
        assert number(after, 64) - number(before, 64) == 10 and number(after, 80) - number(before, 80) == 10


def test_sq_flow_control_disabled_is_answered_with_ffff_for_the_head():
    with Target() as target:
        host = target.host(queues=0)
        host.admin.run(nvme.sqe(0x09, cdw10=7, cdw11=0))
        queue = nvme.Queue('127.0.0.1', target.port)
        queue.connect(NQN, HOST, qid=1, sqsize=31, cntlid=host.cntlid, cattr=4)
        assert queue.connect_sqhd == 0xffff and host.admin.connect_sqhd != 0xffff
        queue.run(rw(WRITE, 1, 0, 1), bytes(512))
        host.close()


if __name__ == '__main__':
    pharos.run(globals())
