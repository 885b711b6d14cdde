# SPDX-License-Identifier: Apache-2.0
"""tests/lib/nvmetcp.py - a small NVMe/TCP host, written from the specification and sharing no code with fabrics/.

For tests that want to say the wrong thing, and to see every byte of the answer.  Blocking; one object is one connection.
Clauses: NVMe/TCP 1.1, 3.6; NVM Express Base 2.1, 6 (Fabrics commands).
"""
import socket
import struct
import uuid as uuidlib

ICREQ, ICRESP, H2C_TERM, C2H_TERM, CMD, RSP, H2C_DATA, C2H_DATA, R2T = 0, 1, 2, 3, 4, 5, 6, 7, 9
HDGSTF, DDGSTF, LAST, SUCCESS = 1, 2, 4, 8
DISCOVERY = 'nqn.2014-08.org.nvmexpress.discovery'
ADMIN = {'get_log': 0x02, 'identify': 0x06, 'abort': 0x08, 'set_features': 0x09, 'get_features': 0x0a, 'aer': 0x0c, 'keep_alive': 0x18}

_TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = (_byte >> 1) ^ (0x82f63b78 if _byte & 1 else 0)
    _TABLE.append(_byte)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xff]
    return struct.pack('<I', crc ^ 0xffffffff)


class Terminated(Exception):
    """The controller sent a C2HTermReq (.fes, .fei, .header) or closed the connection (.fes None)."""

    def __init__(self, fes=None, fei=None, header=b''):
        super().__init__(f'FES {fes} FEI {fei}' if fes is not None else 'connection closed')
        self.fes, self.fei, self.header = fes, fei, header


class Status(Exception):
    """A command failed: .sc is SCT << 8 | SC, .dnr, .result is dword 0."""

    def __init__(self, cqe):
        super().__init__(f'status {cqe.sc:#05x} dnr={cqe.dnr} dw0={cqe.result:#x}')
        self.sc, self.dnr, self.result = cqe.sc, cqe.dnr, cqe.result


class Cqe:
    def __init__(self, raw):
        self.result, self.dw1, self.sqhd, self.sqid, self.cid, status = struct.unpack('<IIHHHH', raw)
        self.sc, self.dnr = (status >> 1) & 0x7ff, bool(status & 0x8000)


def sqe(opcode, nsid=0, cdw10=0, cdw11=0, cdw12=0, cdw13=0, cdw14=0, cdw15=0, cid=0, flags=0x40):
    """64 bytes with an empty SGL; Queue.submit fills CID and SGL."""
    return bytearray(struct.pack('<BBHIQQ16sIIIIII', opcode, flags, cid, nsid, 0, 0, bytes(16), cdw10, cdw11, cdw12, cdw13, cdw14, cdw15))


def fabrics(fctype, tail=b''):
    return bytearray(struct.pack('<BBHB', 0x7f, 0x40, 0, fctype) + bytes(35) + tail.ljust(24, b'\0'))


class Queue:
    def __init__(self, address, port, digest=0, timeout=10, icreq=True, source=None):
        self.sock = socket.create_connection((address, port), timeout, (source, 0) if source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.digest, self.cid = 0, 0
        self.pending = {}  # cid -> bytes received so far, for C2HData
        self.done = {}     # cid -> (Cqe, data)
        self.to_send = {}  # cid -> data waiting for R2T
        if icreq:
            self.icresp = self.initialize(digest)

    def close(self):
        self.sock.close()

    # -- PDUs
    def initialize(self, digest=0, pfv=0, hpda=0, maxr2t=0):
        self.sock.sendall(struct.pack('<BBBBIHBBI', ICREQ, 0, 128, 0, 128, pfv, hpda, digest, maxr2t) + bytes(112))
        kind, _, header, _ = self.receive()
        assert kind == ICRESP, kind
        self.digest = digest
        return header

    def exact(self, n):
        data = bytearray()
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise Terminated()
            data += more
        return bytes(data)

    def receive(self):
        """(type, flags, header, data) of the next PDU; digests are checked."""
        ch = self.exact(8)
        kind, flags, hlen, pdo, plen = struct.unpack('<BBBBI', ch)
        header = ch + self.exact(hlen - 8)
        rest = self.exact(plen - hlen)
        if kind == C2H_TERM:
            raise Terminated(*struct.unpack('<HI', header[8:14]), rest)
        at = hlen
        if kind != ICRESP and self.digest & 1 and flags & HDGSTF:
            assert rest[:4] == crc32c(header), 'header digest'
            at += 4
        data = rest[(pdo - hlen if pdo else at - hlen):]
        if flags & DDGSTF:
            data, ddgst = data[:-4], data[-4:]
            assert ddgst == crc32c(data), 'data digest'
        return kind, flags, header, data

    def pdu(self, kind, header, data=b'', flags=0, corrupt_data=False, corrupt_header=False):
        """Sends one PDU: header is what follows the 8 common bytes; lengths, digests and PDO are computed."""
        hlen = 8 + len(header)
        hd = 4 if self.digest & 1 else 0
        dd = 4 if data and self.digest & 2 else 0
        flags |= (HDGSTF if hd else 0) | (DDGSTF if dd else 0)
        pdo = hlen + hd if data else 0
        head = struct.pack('<BBBBI', kind, flags, hlen, pdo, hlen + hd + len(data) + dd) + bytes(header)
        out = head
        if hd:
            digest = crc32c(head)
            out += bytes([digest[0] ^ 1]) + digest[1:] if corrupt_header else digest
        sent = bytes([data[0] ^ 1]) + data[1:] if corrupt_data else data
        out += sent + (crc32c(data) if dd else b'')
        self.sock.sendall(out)

    # -- commands
    def submit(self, command, data=b'', inline=None, want=0, cid=None, **faults):
        """Sends a command; data goes in the capsule (inline) or by R2T; want: bytes expected back.  Returns the CID."""
        if cid is None:
            self.cid = cid = (self.cid + 1) % 0x7000
        command = bytearray(command)
        struct.pack_into('<H', command, 2, cid)
        inline = len(data) <= 8192 if inline is None else inline
        if data and inline:
            struct.pack_into('<QI3sB', command, 24, 0, len(data), b'', 0x01)
        else:
            struct.pack_into('<QI3sB', command, 24, 0, len(data) or want, b'', 0x5a)
        self.pending[cid] = bytearray()
        if data and not inline:
            self.to_send[cid] = data
        self.faults = faults
        self.pdu(CMD, command, data if inline else b'', **(faults if inline else {}))
        return cid

    def step(self):
        """Handles one PDU from the controller."""
        kind, flags, header, data = self.receive()
        if kind == RSP:
            cqe = Cqe(header[8:24])
            self.done[cqe.cid] = (cqe, bytes(self.pending.pop(cqe.cid, b'')))
        elif kind == C2H_DATA:
            cid, _, offset, length = struct.unpack('<HHII', header[8:20])
            assert len(data) == length and offset == len(self.pending[cid])
            self.pending[cid] += data
            if flags & SUCCESS:
                assert flags & LAST
                self.done[cid] = (Cqe(struct.pack('<IIHHHH', 0, 0, 0, 0, cid, 0)), bytes(self.pending.pop(cid)))
        elif kind == R2T:
            cid, tag, offset, length = struct.unpack('<HHII', header[8:20])
            chunk = self.to_send[cid][offset:offset + length]
            self.pdu(H2C_DATA, struct.pack('<HHIII', cid, tag, offset, len(chunk), 0), chunk, LAST, **self.faults)
        else:
            raise AssertionError(f'PDU type {kind}')

    def wait(self, cid):
        while cid not in self.done:
            self.step()
        return self.done.pop(cid)

    def run(self, command, data=b'', want=0, **more):
        """One command to its end: (Cqe, data); raises Status when it failed."""
        cqe, out = self.wait(self.submit(command, data, want=want, **more))
        if cqe.sc:
            raise Status(cqe)
        return cqe, out

    # -- fabrics
    def connect(self, subnqn, hostnqn, hostid=None, qid=0, sqsize=31, cntlid=0xffff, kato=0, cattr=0, recfmt=0, raw=None):
        hostid = hostid or uuidlib.uuid5(uuidlib.NAMESPACE_URL, hostnqn).bytes
        data = raw or (hostid + struct.pack('<H', cntlid)).ljust(256, b'\0') + subnqn.encode().ljust(256, b'\0') + hostnqn.encode().ljust(512, b'\0')
        cqe, _ = self.run(fabrics(1, struct.pack('<HHHBBI', recfmt, qid, sqsize, cattr, 0, kato)), data)
        self.connect_sqhd, self.cntlid, self.must_authenticate = cqe.sqhd, cqe.result & 0xffff, bool(cqe.result & 1 << 17)
        return self.cntlid

    def property_get(self, offset, size=4):
        cqe, _ = self.run(fabrics(4, struct.pack('<B3xI', 1 if size == 8 else 0, offset)))
        return cqe.result | (cqe.dw1 << 32 if size == 8 else 0)

    def property_set(self, offset, value):
        self.run(fabrics(0, struct.pack('<B3xIQ', 0, offset, value)))

    def enable(self):
        self.property_set(0x14, 4 << 20 | 6 << 16 | (6 << 4 if self.property_get(0, 8) >> 43 & 1 else 0))
        self.property_set(0x14, self.property_get(0x14) | 1)
        while not self.property_get(0x1c) & 1:
            pass

    # -- admin
    def identify(self, cns, nsid=0, csi=0, cntid=0):
        return self.run(sqe(0x06, nsid, cdw10=cns | cntid << 16, cdw11=csi << 24), want=4096)[1]

    def get_log(self, lid, length, offset=0, nsid=0, lsp=0, rae=0, **more):
        numd = length // 4 - 1
        return self.run(sqe(0x02, nsid, cdw10=lid | lsp << 8 | rae << 15 | (numd & 0xffff) << 16, cdw11=numd >> 16,
                            cdw12=offset & 0xffffffff, cdw13=offset >> 32, **more), want=length)[1]

    def keep_alive(self):
        self.run(sqe(0x18))

    def aer(self):
        """Arms an Asynchronous Event Request; wait() its CID."""
        return self.submit(sqe(0x0c))

    # -- I/O
    def read(self, nsid, lba, blocks, block=512):
        return self.run(sqe(0x02, nsid, cdw10=lba & 0xffffffff, cdw11=lba >> 32, cdw12=blocks - 1), want=blocks * block)[1]

    def write(self, nsid, lba, data, block=512, fua=False, **more):
        self.run(sqe(0x01, nsid, cdw10=lba & 0xffffffff, cdw11=lba >> 32, cdw12=(len(data) // block - 1) | fua << 30), data, **more)


class Host:
    """A controller of one subsystem: an enabled admin queue and any number of I/O queues."""

    def __init__(self, address, port, subnqn, hostnqn, queues=1, kato=0, digest=0, hostid=None, sqsize=127, source=None):
        self.args, self.source = (address, port), source
        self.subnqn, self.hostnqn, self.hostid, self.digest, self.sqsize = subnqn, hostnqn, hostid, digest, sqsize
        self.admin = Queue(address, port, digest, source=source)
        self.cntlid = self.admin.connect(subnqn, hostnqn, hostid, kato=kato)
        self.admin.enable()
        if queues:
            self.admin.run(sqe(0x09, cdw10=7, cdw11=(queues - 1) | (queues - 1) << 16))
        self.io = [self.io_queue(qid) for qid in range(1, queues + 1)]

    def io_queue(self, qid):
        queue = Queue(*self.args, self.digest, source=self.source)
        queue.connect(self.subnqn, self.hostnqn, self.hostid, qid=qid, sqsize=self.sqsize, cntlid=self.cntlid)
        return queue

    def close(self):
        for queue in [*self.io, self.admin]:
            queue.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def discovery_log(queue, lsp=0, rae=0):
    """(genctr, [entries as dicts]) read the way libnvme reads it: header, entries in 4 KiB pieces, header again."""
    while True:
        genctr, numrec = struct.unpack('<QQ', queue.get_log(0x70, 20, lsp=lsp, rae=1)[:16])
        raw = b''.join(queue.get_log(0x70, min(4096, numrec * 1024 - at), 1024 + at, lsp=lsp, rae=rae or at + 4096 < numrec * 1024)
                       for at in range(0, numrec * 1024, 4096))
        again, count = struct.unpack('<QQ', queue.get_log(0x70, 20, lsp=lsp, rae=rae)[:16])
        if (again, count) == (genctr, numrec):
            break
    text = lambda field: field.split(b'\0')[0].decode().rstrip()
    entries = []
    for at in range(0, len(raw), 1024):
        e = raw[at:at + 1024]
        trtype, adrfam, subtype, treq, portid, cntlid, asqsz, eflags = struct.unpack('<BBBBHHHH', e[:12])
        entries.append({'trtype': trtype, 'adrfam': adrfam, 'subtype': subtype, 'treq': treq, 'portid': portid, 'cntlid': cntlid, 'asqsz': asqsz,
                        'eflags': eflags, 'trsvcid': text(e[32:64]), 'subnqn': text(e[256:512]), 'traddr': text(e[512:768])})
    return genctr, entries
