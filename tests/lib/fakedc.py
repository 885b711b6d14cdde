# SPDX-License-Identifier: Apache-2.0
"""tests/lib/fakedc.py - a direct discovery controller for tests, written from the specification: it serves the log that it is given,
as meagre or as odd as a test wants it, and notes what was asked of it.  A thread per connection; Python's standard library only.

    with fakedc.Dc([fakedc.entry('nqn.2026-11.example:a', '192.0.2.1')]) as dc: ...
"""
import socket
import struct
import threading

import nvmetcp as nvme

INVALID_FIELD, INVALID_OPCODE = 0x002, 0x001


def entry(nqn, traddr, trsvcid='4420', subtype=2, trtype=3, eflags=0, portid=1, treq=0, sectype=0):
    head = struct.pack('<BBBBHHHH', trtype, 2 if ':' in traddr else 1, subtype, treq, portid, 0xffff, 32, eflags)
    return (head.ljust(32, b'\0') + trsvcid.encode().ljust(224) + nqn.encode().ljust(256, b'\0') + traddr.encode().ljust(256)
            + bytes([sectype]) + bytes(255))


def kickstart(address, port, records, numdie=1):
    """Asks a centralized discovery controller to be connected to: (KSSTAT, FAILRSN, its NQN).  records: (traddr, trsvcid[, TRTYPE])."""
    body = b''.join(bytes([(*more, 3)[0], 2 if ':' in traddr else 1]) + trsvcid.encode().ljust(32, b'\0') + traddr.encode().ljust(256, b'\0')
                    for traddr, trsvcid, *more in records)
    with socket.create_connection((address, port), 10) as sock:
        file = sock.makefile('rb')
        sock.sendall(struct.pack('<BBBBI', nvme.ICREQ, 0x80, 128, 0, 128).ljust(128, b'\0'))
        assert file.read(128)[0] == nvme.ICRESP
        sock.sendall(struct.pack('<BBBBIHH', 0x0a, 0, 12, 12 if body else 0, 12 + len(body), len(records), numdie) + body)
        answer = file.read()  # the connection ends with it
    assert (answer[0], len(answer), answer[4:8]) == (0x0b, 274, struct.pack('<I', 274)), answer
    return answer[8], answer[9], answer[10:].split(b'\0')[0].decode()


class Connection(threading.Thread):
    def __init__(self, dc, sock):
        super().__init__(daemon=True)
        self.dc, self.sock, self.lock = dc, sock, threading.Lock()
        self.aer, self.cc, self.hostnqn, self.subnqn, self.kato, self.told = [], 0, None, None, 0, set()

    def exact(self, n):
        data = b''
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def pdu(self):
        ch = self.exact(8)
        kind, _, hlen, pdo, plen = struct.unpack('<BBBBI', ch)
        rest = self.exact(plen - 8)
        return kind, rest[:hlen - 8], rest[pdo - 8:] if pdo else b''

    def respond(self, cid, result=0, sc=0, data=None):
        with self.lock:
            if data:
                self.sock.sendall(struct.pack('<BBBBIHHIIi', nvme.C2H_DATA, nvme.LAST, 24, 24, 24 + len(data), cid, 0, 0, len(data), 0) + data)
            self.sock.sendall(struct.pack('<BBBBIQHHHH', nvme.RSP, 0, 24, 0, 24, result, 0, 0, cid, sc << 1))

    def take(self, cid, length):
        """Data that doesn't come in the capsule."""
        with self.lock:
            self.sock.sendall(struct.pack('<BBBBIHHIII', nvme.R2T, 0, 24, 0, 24, cid, 1, 0, length, 0))
        data = b''
        while len(data) < length:
            kind, _, piece = self.pdu()
            assert kind == nvme.H2C_DATA
            data += piece
        return data

    def event(self, info, lid):
        """Completes a request if the host has one; else when it sends one."""
        self.told.add((info, lid))
        if self.aer:
            self.tell()

    def tell(self):
        info, lid = self.told.pop()
        self.respond(self.aer.pop(0), 2 | info << 8 | lid << 16)

    def run(self):
        try:
            kind, _, _ = self.pdu()
            assert kind == nvme.ICREQ
            self.sock.sendall(struct.pack('<BBBBIHBBI', nvme.ICRESP, 0, 128, 0, 128, 0, 0, 0, 65536) + bytes(112))
            while True:
                kind, sqe, data = self.pdu()
                if kind != nvme.CMD:
                    return
                self.command(sqe, data)
        except (OSError, ConnectionError):
            pass
        finally:
            self.dc.gone(self)

    def command(self, sqe, data):
        opcode, _, cid = struct.unpack('<BBH', sqe[:4])
        length, kind = struct.unpack('<I3xB', sqe[32:40])
        if not data and kind == 0x5a and length and opcode & 3 == 1:
            data = self.take(cid, length)
        if opcode == 0x7f:
            self.fabrics(sqe, cid, data)
            return
        self.dc.commands.append((opcode, sqe, data))
        handler = {0x02: self.get_log, 0x06: self.identify, 0x09: self.set_features, 0x0c: self.arm, 0x18: self.respond_ok}.get(opcode)
        if handler:
            handler(sqe, cid)
        else:
            result, sc, out = self.dc.other(self, opcode, sqe, data)
            self.respond(cid, result, sc, out)

    def respond_ok(self, sqe, cid):
        self.respond(cid)

    def fabrics(self, sqe, cid, data):
        fctype, offset = sqe[4], struct.unpack('<I', sqe[44:48])[0]
        if fctype == 1:
            text = lambda field: field.split(b'\0')[0].decode()
            self.subnqn, self.hostnqn, self.kato = text(data[256:512]), text(data[512:768]), struct.unpack('<I', sqe[48:52])[0]
            self.dc.connects.append(self)
            self.respond(cid, 1)
        elif fctype == 0:
            self.cc = struct.unpack('<Q', sqe[48:56])[0]
            self.respond(cid)
        else:
            csts = (self.cc & 1) | (2 << 2 if self.cc >> 14 & 3 else 0)
            self.respond(cid, {0: 31 | 1 << 16 | 10 << 24 | 1 << 37, 0x14: self.cc, 0x1c: csts, 8: 0x20100}.get(offset, 0))

    def identify(self, sqe, cid):
        page = bytearray(4096)
        page[111], page[1806] = 2, self.dc.dctype
        struct.pack_into('<I', page, 92, self.dc.oaes)
        page[768:1024] = (self.dc.own_nqn or nvme.DISCOVERY).encode().ljust(256, b'\0')
        self.respond(cid, data=bytes(page))

    def set_features(self, sqe, cid):
        self.respond(cid, sc=0 if self.dc.oaes else INVALID_FIELD)

    def arm(self, sqe, cid):
        self.aer.append(cid)
        if self.told:
            self.tell()

    def get_log(self, sqe, cid):
        cdw10, cdw11, low, high = struct.unpack('<IIII', sqe[40:56])
        length, offset = ((cdw10 >> 16 | (cdw11 & 0xffff) << 16) + 1) * 4, low | high << 32
        page = self.dc.page(cdw10 & 0xff, cdw10 >> 8 & 0x7f, offset)
        if page is None:
            self.respond(cid, sc=0x109)
        else:
            self.respond(cid, data=page[offset:offset + length].ljust(length, b'\0'))


class Dc:
    """dctype, oaes, own_nqn as Identify tells them; eflags: of its own entry, None: it has none; pages: further log pages by LID."""

    def __init__(self, entries, dctype=0, oaes=0, own_nqn=None, eflags=None, pages=None, port=0, address='127.0.0.1'):
        self.entries, self.dctype, self.oaes, self.own_nqn, self.eflags = entries, dctype, oaes, own_nqn, eflags
        self.pages, self.genctr, self.reads = pages or {}, 1, []
        self.connects, self.commands, self.alive, self.cache = [], [], set(), (None, b'')
        self.groups, self.zones, self.coming, self.fragment = {}, {}, b'', 1 << 20  # zone groups that are asked for, and what came of it
        self.again, self.sent = False, []  # log pages that were sent to it: (LID, LSP, RLPS, bytes)
        self.sock = socket.create_server((address, port), reuse_port=False)
        self.address, self.port = self.sock.getsockname()[:2]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def serve(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            self.alive.add(connection)
            connection.start()

    def gone(self, connection):
        self.alive.discard(connection)
        connection.sock.close()

    def close(self):
        """As a controller that died: the port is free afterwards."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        self.thread.join()
        for connection in list(self.alive):
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.join()

    def page(self, lid, lsp, offset):
        if lid != 0x70:
            return self.pages.get(lid)
        if offset == 0:
            self.reads.append(lsp)
        if self.cache[0] != (self.genctr, lsp):
            self.cache = (self.genctr, lsp), self.render()
        return self.cache[1]

    def render(self):
        own = [] if self.eflags is None else [entry(self.own_nqn or nvme.DISCOVERY, self.address, str(self.port), 3, eflags=self.eflags)]
        records = own + self.entries
        return struct.pack('<QQ', self.genctr, len(records)).ljust(1024, b'\0') + b''.join(records)

    def change(self, entries):
        self.entries = entries
        self.genctr += 1
        self.event(0xf0, 0x70)

    def event(self, info, lid):
        for connection in list(self.alive):
            if self.oaes:
                connection.event(info, lid)

    def pull(self, lid, lsp=0, again=False):
        """As a pull model discovery controller: asks for a log page, and (again) to have it anew when it changes.  Base 2.1, 8.3.2.3.8.3.5."""
        self.pages[0x73] = struct.pack('<BxxxIBBxx', 4, 12, lid, lsp)
        self.again = again
        self.event(0xf3, 0x73)

    def pull_zone(self, operation, t_id, originator, name, group=b''):
        """Asks for an operation on a ZoneGroup: 1 get, 2 add (this one), 3 remove; what comes of it is zones[t_id].  8.3.2.3.8.3."""
        self.pages[0x73] = struct.pack('<BxxxII', operation, 266, t_id) + originator.encode().ljust(224, b'\0') + name.encode().ljust(32, b'\0')
        self.groups[t_id] = group
        self.event(0xf3, 0x73)

    def zoning(self, opcode, sqe, data):
        """Fabric Zoning Send and Receive, which name the transaction (ZDKC): Figures 707, 710, 711 and 714."""
        t_id, offset, cdw12 = struct.unpack('<III', sqe[40:52])
        assert cdw12 & 1 << 28, hex(cdw12)
        if opcode == 0x22:
            room = min(struct.unpack('<I', sqe[32:36])[0] - 16, self.fragment)
            piece = self.groups[t_id][offset:offset + room]
            return (1 << 31 if offset + room >= len(self.groups[t_id]) else 0), 0, struct.pack('<BxxxIII', 9, 0, len(piece), 0) + piece
        operation, status = struct.unpack_from('<BxxxI', data)
        if operation == 7:
            assert offset == len(self.coming)
            self.coming += data[16:16 + struct.unpack_from('<I', data, 8)[0]]
        if cdw12 & 1 << 31:
            self.zones[t_id], self.coming = (operation, status, self.coming), b''
        return 0, 0, None

    def other(self, connection, opcode, sqe, data):
        """(dword 0, status, data) of any other command.  Send Discovery Log Page: 5.3.10."""
        if opcode in (0x22, 0x29) and self.groups:
            return self.zoning(opcode, sqe, data)
        if opcode != 0x39 or 0x73 not in self.pages:
            return 0, INVALID_OPCODE, None
        cdw10, ndws, low, high = struct.unpack('<IIII', sqe[40:56])
        assert len(data) == 4 * ndws, (len(data), ndws)
        offset = low | high << 32
        if offset == 0:
            self.sent.append((cdw10 & 0xff, cdw10 >> 8 & 0x7f, cdw10 >> 30, b''))
        lid, lsp, status, page = self.sent[-1]
        assert offset == len(page), (offset, len(page))
        self.sent[-1] = lid, lsp, status, page + data
        return 1 << 31 if self.again else 0, 0, None
