#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queues of the real targetd as an independent host makes them: what Connect accepts, what it refuses and with which byte named,
and that what was refused harms nobody else."""
import pathlib
import struct
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

NQN, CLOSED, HOST, OTHER = ('nqn.2026-11.example:connect', 'nqn.2026-11.example:closed', 'nqn.2026-11.example:host',
                            'nqn.2026-11.example:other')
FORMAT, BUSY, PARAM, INVALID_HOST = 0x180, 0x181, 0x182, 0x184
SEQUENCE, OPCODE, FIELD = 0x0c, 0x01, 0x02
IN_DATA = 1 << 16
QID, SQSIZE = 42, 44
HOSTID, CNTLID, SUBNQN, HOSTNQN = IN_DATA | 0, IN_DATA | 16, IN_DATA | 256, IN_DATA | 512


def target():
    return pharos.Targetd({
        'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': 0}],
        'subsystems': [{'nqn': NQN, 'allow_any_host': True, 'namespaces': [{'nsid': 1, 'backend': 'ram', 'size': '16MiB'}]},
                       {'nqn': CLOSED, 'hosts': [HOST], 'namespaces': [{'nsid': 1, 'backend': 'ram', 'size': '16MiB'}]}]})


def queue(worker, **more):
    return nvme.Queue('127.0.0.1', worker.port, **more)


def host(worker, **more):
    return nvme.Host('127.0.0.1', worker.port, NQN, HOST, **more)


def fails(call, sc, result=None):
    try:
        call()
    except nvme.Status as status:
        assert status.sc == sc, f'wanted {sc:#x}: {status}'
        assert result is None or status.result == result, f'wanted {result:#x} in dword 0: {status}'
        return status
    raise AssertionError(f'succeeded; wanted {sc:#x}')


def refused(worker, sc, result=None, **connect):
    """A Connect on a queue of its own; what is refused must leave the worker able to serve."""
    arguments = {'subnqn': NQN, 'hostnqn': HOST, **connect}
    q = queue(worker)
    status = fails(lambda: q.connect(**arguments), sc, result)
    q.close()
    return status


def data(hostid=None, cntlid=0xffff, subnqn=NQN.encode(), hostnqn=HOST.encode()):
    hostid = uuid.uuid4().bytes if hostid is None else hostid
    return (hostid + struct.pack('<H', cntlid)).ljust(256, b'\0') + subnqn.ljust(256, b'\0') + hostnqn.ljust(512, b'\0')


def test_a_table_of_io_queues_per_controller():
    with target() as worker, host(worker, queues=4) as a, host(worker, queues=2) as b:
        assert a.cntlid != b.cntlid
        for q in a.io + b.io:
            q.read(1, 0, 1)
        a.io[2].close()
        for q in (a.io[0], a.io[1], a.io[3], *b.io):
            q.read(1, 0, 1)


def test_an_io_queue_is_created_by_connect():
    with target() as worker, host(worker, queues=1) as h:
        block = bytes(range(256)) * 2
        h.io[0].write(1, 7, block)
        assert h.io[0].read(1, 7, 1) == block
        assert h.io[0].cntlid == h.cntlid


def test_connect_for_a_queue_that_exists_is_refused_and_the_first_is_unharmed():
    with target() as worker, host(worker, queues=1) as h:
        second = queue(worker)
        status = fails(lambda: second.connect(NQN, HOST, qid=1, cntlid=h.cntlid), SEQUENCE)
        assert not status.dnr, 'it passes when the first queue goes'
        h.io[0].read(1, 0, 1)
        fails(lambda: h.io[0].connect(NQN, HOST, qid=1, cntlid=h.cntlid), SEQUENCE)
        fails(lambda: h.admin.connect(NQN, HOST), SEQUENCE)
        h.io[0].read(1, 0, 1)
        h.admin.keep_alive()
        second.close()


def test_a_queue_id_is_free_again_once_its_connection_is_gone():
    with target() as worker, host(worker, queues=1) as h:
        h.io[0].close()

        def again():
            try:
                h.io[0] = h.io_queue(1)
                return True
            except nvme.Status as status:
                assert status.sc == SEQUENCE and not status.dnr
                return False

        pharos.wait_for(again, 5, 'the queue is gone')
        h.io[0].read(1, 0, 1)


def test_unknown_subsystem():
    with target() as worker:
        refused(worker, PARAM, SUBNQN, subnqn='nqn.2026-11.example:nobody')


def test_a_host_that_is_not_allowed():
    with target() as worker:
        assert refused(worker, INVALID_HOST, subnqn=CLOSED, hostnqn=OTHER).dnr
        with nvme.Host('127.0.0.1', worker.port, CLOSED, HOST) as h:
            h.io[0].read(1, 0, 1)


def test_malformed_names():
    with target() as worker:
        for bad in (b'', b'nqn', b'nqn.2026-13.example:x', b'iqn.2026-11.example:x', b'nqn.2026-11.example:\xff', b'a' * 256,
                    b'nqn.2026-11.example:' + b'x' * 204):
            refused(worker, PARAM, SUBNQN, raw=data(subnqn=bad))
            if bad:
                refused(worker, PARAM, HOSTNQN, raw=data(hostnqn=bad.ljust(256, b'\0')))


def test_bad_fields_are_named():
    with target() as worker, host(worker, queues=1) as h:
        refused(worker, FORMAT, recfmt=1)
        refused(worker, PARAM, HOSTID, raw=data(hostid=bytes(16)))
        refused(worker, PARAM, CNTLID, cntlid=1)
        refused(worker, PARAM, CNTLID, qid=1, cntlid=0xffff)
        refused(worker, PARAM, CNTLID, qid=1, cntlid=h.cntlid + 1)
        refused(worker, PARAM, HOSTNQN, qid=1, cntlid=h.cntlid, hostnqn=OTHER)
        refused(worker, PARAM, HOSTID, qid=1, cntlid=h.cntlid, hostid=uuid.uuid4().bytes)
        h.io[0].read(1, 0, 1)


def test_a_bad_queue_id():
    with target() as worker, host(worker, queues=1) as h:
        refused(worker, PARAM, QID, qid=0xffff)
        refused(worker, PARAM, QID, qid=2, cntlid=h.cntlid)  # one was asked for
        refused(worker, PARAM, QID, qid=0xffff, cntlid=h.cntlid)
        h.io[0].read(1, 0, 1)


def test_sqsize_of_zero_or_more_than_mqes():
    with target() as worker, host(worker, queues=0) as h:
        mqes = h.admin.property_get(0, 8) & 0xffff
        assert mqes < 0xffff, 'or there is no more'
        for bad in (0, mqes + 1, 0xffff):
            refused(worker, PARAM, SQSIZE, sqsize=bad)
            refused(worker, PARAM, SQSIZE, qid=1, cntlid=h.cntlid, sqsize=bad)
        queue = nvme.Queue('127.0.0.1', worker.port)
        queue.connect(NQN, HOST, qid=1, cntlid=h.cntlid, sqsize=mqes)
        queue.read(1, 0, 1)
        queue.close()


def test_unsupported_opcodes_leave_the_connection_alone():
    with target() as worker, host(worker, queues=1) as h:
        for opcode in (0x7e, 0xc0, 0xff, 0x00, 0x05):
            fails(lambda: h.admin.run(nvme.sqe(opcode)), OPCODE)
        for opcode in (0x7e, 0x81, 0xff):
            fails(lambda: h.io[0].run(nvme.sqe(opcode, 1)), OPCODE)
        h.admin.keep_alive()
        h.io[0].read(1, 0, 1)


def test_invalid_fabrics_command_type():
    with target() as worker, host(worker, queues=1) as h:
        for q in (h.admin, h.io[0]):
            fails(lambda: q.run(nvme.fabrics(0x3f)), FIELD)
        h.admin.keep_alive()
        h.io[0].read(1, 0, 1)


def test_a_command_before_connect():
    with target() as worker:
        q = queue(worker)
        fails(lambda: q.run(nvme.sqe(0x06, cdw10=1), want=4096), SEQUENCE)
        fails(lambda: q.run(nvme.fabrics(4, struct.pack('<B3xI', 1, 0))), SEQUENCE)
        q.connect(NQN, HOST)  # and then it may
        assert q.property_get(8) == 0x20100
        q.close()


def test_garbage_instead_of_icreq():
    with target() as worker:
        command = struct.pack('<BBBBI', 4, 0, 72, 0, 72) + bytes(64)
        for garbage, fes in ((b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.ljust(128), 2), (b'\xff' * 128, 2), (command, 2), (bytes(128), 1)):  # HLEN 0
            q = queue(worker, icreq=False)
            q.sock.sendall(garbage)
            try:
                q.receive()
                raise AssertionError('answered')
            except nvme.Terminated as end:
                assert end.fes == fes, (garbage[:8], end)
            q.close()
        with host(worker, queues=1) as h:
            h.io[0].read(1, 0, 1)


def test_disconnect_ends_only_its_io_queue():
    with target() as worker, host(worker, queues=2) as h:
        h.io[0].run(nvme.fabrics(8))
        try:
            h.io[0].read(1, 0, 1)
            raise AssertionError('still served')
        except (nvme.Terminated, OSError):
            pass
        h.io[1].read(1, 0, 1)
        fails(lambda: h.admin.run(nvme.fabrics(8)), 0x185)
        h.admin.keep_alive()


def test_connect_before_the_controller_is_enabled_may_be_tried_again():
    with target() as worker:
        admin = queue(worker)
        cntlid = admin.connect(NQN, HOST)
        assert not refused(worker, SEQUENCE, qid=1, cntlid=cntlid).dnr
        admin.enable()
        q = queue(worker)
        q.connect(NQN, HOST, qid=1, cntlid=cntlid)
        q.read(1, 0, 1)
        q.close()
        admin.close()


if __name__ == '__main__':
    pharos.run(globals())
