#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Admin commands against the real targetd, spoken by an independent host: what Linux and SPDK hosts ask, and what they should not."""
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

NQN, HOST, OTHER = 'nqn.2026-11.example:admin', 'nqn.2026-11.example:host', 'nqn.2026-11.example:other'
SET, GET = 0x09, 0x0a
INVALID_FIELD, INVALID_NS, INVALID_LOG = 0x02, 0x0b, 0x109


def document():
    return {'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': 0}],
            'subsystems': [{'nqn': NQN, 'allow_any_host': True, 'namespaces': [
                {'nsid': 1, 'backend': 'ram', 'size': '16MiB'}, {'nsid': 3, 'backend': 'null', 'size': '1GiB', 'block_size': 4096}]}]}


def start(*options):
    return pharos.Targetd(document(), *options)


def connect(target, **more):
    return nvme.Host('127.0.0.1', target.port, NQN, HOST, **more)


def fails(queue, command, *scs, **more):
    try:
        queue.run(command, **more)
    except nvme.Status as status:
        assert status.sc in scs, status
        return status
    raise AssertionError(f'succeeded; wanted {[hex(sc) for sc in scs]}')


def test_identify_controller_says_what_hosts_check():
    with start() as target, connect(target) as host:
        i = host.admin.identify(1)
        le = lambda at, n: int.from_bytes(i[at:at + n], 'little')
        assert le(78, 2) == host.cntlid, 'CNTLID'
        assert le(80, 4) == 0x20100, 'VER 2.1'
        assert i[76] & 2, 'CMIC: more than one controller'
        assert i[111] == 1, 'CNTRLTYPE: I/O'
        assert le(320, 2) > 0, 'KAS'
        assert le(514, 2) > 0, 'MAXCMD'
        assert le(536, 4) & 3, 'SGLS'
        assert le(1792, 4) >= 4 and le(1796, 4) >= 1 and le(1800, 2) == 0, 'IOCCSZ, IORCSZ, ICDOFF'
        assert i[768:1024].split(b'\0')[0].decode() == NQN
        assert i[4:24].strip() and i[24:64].strip(), 'serial, model'
        assert i[261] & 2, 'LPA: commands supported and effects'
        assert i[512] == 0x66 and i[513] == 0x44


def test_properties_say_what_hosts_check():
    with start() as target, connect(target) as host:
        cap = host.admin.property_get(0x00, 8)
        assert cap & 0xffff >= 127, 'MQES'
        assert cap >> 24 & 0xff, 'TO: hosts wait for CSTS.RDY this long'
        assert cap >> 43 & 1, 'CSS: more than the NVM command set, so CSI descriptors'
        assert cap >> 48 & 0xf == 0, 'MPSMIN 4 KiB'
        assert cap >> 59 & 1, 'CRMS.CRWMS: ready with media'
        assert host.admin.property_get(0x68) & 0xffff, 'CRTO.CRWMT, which Linux reads when CRWMS is set'
        assert host.admin.property_get(0x08) == 0x20100, 'VS 2.1'
        assert host.admin.property_get(0x1c) == 1, 'CSTS: ready, no shutdown, no failure'
        fails(host.admin, nvme.fabrics(4, struct.pack('<B3xI', 0, 0x00)), INVALID_FIELD)
        fails(host.admin, nvme.fabrics(4, struct.pack('<B3xI', 0, 0x1000)), INVALID_FIELD)


def test_namespaces_are_listed_and_identified():
    with start() as target, connect(target) as host:
        a = host.admin
        assert struct.unpack('<3I', a.identify(2)[:12]) == (1, 3, 0)
        assert struct.unpack('<2I', a.identify(2, nsid=1)[:8]) == (3, 0)
        assert struct.unpack('<2I', a.identify(7)[:8]) == (1, 3), 'by command set'
        fails(a, nvme.sqe(0x06, 0xffffffff, cdw10=2), INVALID_NS, want=4096)
        ns = a.identify(0, 1)
        assert struct.unpack('<Q', ns[:8])[0] == (16 << 20) // 512 and ns[128 + 2] == 9 and ns[30] & 1, 'NSZE, LBADS, NMIC shared'
        assert a.identify(0, 3)[128 + 2] == 12
        assert not any(a.identify(0, 2)), 'an inactive one is all zeroes'
        fails(a, nvme.sqe(0x06, 70000, cdw10=0), INVALID_NS, want=4096)
        kinds, at, ids = {}, 0, a.identify(3, 1)
        while ids[at + 1]:
            kinds[ids[at]] = ids[at + 4:at + 4 + ids[at + 1]]
            at += 4 + ids[at + 1]
        assert {2, 3, 4} <= set(kinds) and any(kinds[3]) and kinds[4] == b'\0', 'NGUID, UUID, CSI'
        assert any(a.identify(8, 1)) and a.identify(5, 1) is not None and a.identify(6) is not None
        fails(a, nvme.sqe(0x06, 0, cdw10=0xf0), INVALID_FIELD, want=4096)


def test_identifiers_are_the_same_after_a_restart_and_on_every_path():
    seen, memory = [], []
    with start() as target:
        for _ in range(2):
            with connect(target) as one, connect(target) as two:
                seen += [h.admin.identify(3, 3) + h.admin.identify(0, 3) + h.admin.identify(1)[4:64] for h in (one, two)]
                memory += [h.admin.identify(3, 1) + h.admin.identify(0, 1)[104:128] for h in (one, two)]
            target.process.terminate()
            target.process.wait()
            target.start()
    assert len(set(seen)) == 1
    assert memory[0] == memory[1] and memory[2] == memory[3]
    assert memory[0] != memory[2], 'memory that came back empty is another disk'


def test_log_pages():
    with start() as target, connect(target) as host:
        a = host.admin
        supported = struct.unpack('<256I', a.get_log(0, 1024))
        for lid in (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0c, 0x12):
            assert supported[lid] & 1, hex(lid)
            a.get_log(lid, 512, nsid=0xffffffff if lid == 2 else 0)
        effects = a.get_log(5, 4096)
        acs, iocs = struct.unpack('<256I', effects[:1024]), struct.unpack('<256I', effects[1024:2048])
        assert acs[0x06] & 1 and acs[0x18] & 1 and not acs[0x7e] & 1 and iocs[1] & 3 == 3 and iocs[2] & 1
        assert a.get_log(5, 16, offset=1024) == effects[1024:1040], 'by offset'
        fails(a, nvme.sqe(0x02, 0, cdw10=0xc0 | 127 << 16), INVALID_LOG, INVALID_FIELD, want=512)
        fails(a, nvme.sqe(0x02, 0, cdw10=0x05 | 3 << 16, cdw12=2), INVALID_FIELD, want=16)


def test_the_error_log_has_real_entries():
    with start() as target, connect(target) as host:
        a = host.admin
        fails(a, nvme.sqe(0x06, 0, cdw10=0xf0), INVALID_FIELD, want=4096, cid=0x1234)
        count, sqid, cid, status, location = struct.unpack('<QHHHH', a.get_log(1, 64)[:16])
        assert count == 1 and sqid == 0 and cid == 0x1234 and (status >> 1) & 0x7ff == INVALID_FIELD and location & 0xff in (40, 0x28), (status, location)


def test_features_honour_select():
    with start() as target, connect(target, queues=0) as host:
        a = host.admin
        get = lambda fid, sel=0: a.run(nvme.sqe(GET, 0, cdw10=fid | sel << 8))[0].result
        default = get(0x0b, 1)
        assert get(0x0b, 3) & 4, 'changeable'
        a.run(nvme.sqe(SET, 0, cdw10=0x0b, cdw11=0x100))
        assert get(0x0b) == 0x100 and get(0x0b, 1) == default
        assert get(0x0f) is not None, 'KATO'
        granted = a.run(nvme.sqe(SET, 0, cdw10=7, cdw11=0xfff0fff0))[0].result
        assert granted & 0xffff == granted >> 16 and 0 < granted & 0xffff < 0xfff0
        fails(a, nvme.sqe(SET, 0, cdw10=7, cdw11=0xffffffff), INVALID_FIELD)
        fails(a, nvme.sqe(GET, 0, cdw10=0xee), INVALID_FIELD)
        fails(a, nvme.sqe(SET, 0, cdw10=0x0b | 1 << 31, cdw11=0x100), 0x10d)


def test_events_wait_for_an_aer_and_five_are_one_too_many():
    with start() as target, connect(target) as host:
        a = host.admin
        waiting = [a.aer() for _ in range(4)]
        cqe, _ = a.wait(a.submit(nvme.sqe(0x0c)))
        assert cqe.sc == 0x105, 'AER limit exceeded'
        assert not any(w in a.done for w in waiting)
        # Abort that really aborts: the AER ends with Command Abort Requested, and dword 0 says so
        result = a.run(nvme.sqe(0x08, cdw10=waiting[0] << 16))[0].result
        assert result & 1 == 0
        assert a.wait(waiting[0])[0].sc == 0x07
        assert a.run(nvme.sqe(0x08, cdw10=0x6ead << 16))[0].result & 1 == 1, 'nothing to abort'


def test_namespace_changes_are_told_and_listed():
    with start() as target, connect(target) as host:
        a = host.admin
        a.run(nvme.sqe(SET, 0, cdw10=0x0b, cdw11=0x100))
        event = a.aer()
        target.document['subsystems'][0]['namespaces'].append({'nsid': 5, 'backend': 'ram', 'size': '1MiB'})
        target.write()
        target.process.send_signal(1)
        assert a.wait(event)[0].result == 2 | 0 << 8 | 4 << 16, 'notice, namespace attribute changed, log 04h'
        assert struct.unpack('<2I', a.get_log(4, 4096)[:8]) == (5, 0)
        assert not any(a.get_log(4, 4096)), 'read is cleared'
        assert struct.unpack('<4I', a.identify(2)[:16]) == (1, 3, 5, 0)


def test_keep_alive_timeout_ends_the_controller_and_traffic_keeps_it():
    with start() as target:
        host = connect(target, kato=1000)
        began = time.monotonic()
        while time.monotonic() - began < 3:  # I/O alone keeps it alive
            host.io[0].read(1, 0, 1)
            time.sleep(0.2)
        host.admin.identify(1)
        host.admin.sock.settimeout(6)
        try:
            host.admin.exact(1)
            raise AssertionError('bytes')
        except nvme.Terminated:
            pass
        assert 0.9 < time.monotonic() - began - 3 < 5
        try:
            host.io[0].sock.settimeout(2)
            host.io[0].exact(1)
            raise AssertionError('bytes')
        except nvme.Terminated:
            pass


def test_shutdown_and_reset():
    with start() as target, connect(target) as host:
        a = host.admin
        a.property_set(0x14, a.property_get(0x14) & ~1)
        while a.property_get(0x1c) & 1:
            pass
        try:
            host.io[0].read(1, 0, 1)
            raise AssertionError('a queue outlived the reset')
        except (nvme.Terminated, nvme.Status, OSError):
            pass
        a.enable()
        host.io_queue(1).read(1, 0, 1)
        a.property_set(0x14, a.property_get(0x14) | 1 << 14)
        while a.property_get(0x1c) >> 2 & 3 != 2:
            pass


def test_controller_ids_are_not_reused_while_others_are_free():
    with start() as target:
        ids = []
        for _ in range(20):
            with connect(target, queues=0) as host:
                ids.append(host.cntlid)
        assert len(set(ids)) == 20 and all(1 <= i <= 0xffef for i in ids), ids


if __name__ == '__main__':
    pharos.run(globals())
