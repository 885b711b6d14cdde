# SPDX-License-Identifier: Apache-2.0
"""tests/lib/zoning.py - Fabric Zoning Lookup, Receive and Send as a push model discovery controller sends them, and ZoneGroups in bytes
(NVM Express Base 2.1, 5.3.4 to 5.3.6, 8.3.2.3).  Python's standard library only."""
import struct

import nvmetcp as nvme

LOOKUP, RECEIVE, SEND = 0x25, 0x22, 0x29
GET, ADD, REMOVE = 1, 3, 5  # operation types of Lookup
OK, INVALID_FIELD, SEQUENCE = 0x000, 0x002, 0x00c
LOCKED, NOT_FOUND, DISABLED, ORIGINATOR = 0x130, 0x131, 0x133, 0x134
HOST, SUBSYSTEM = 1, 2  # roles
LAST = 1 << 31
ZDKC = 1 << 28


def member(role, nqn):
    """By NQN (type 01h)."""
    return (struct.pack('<BHB', 1, 256, role).ljust(32, b'\0') + nqn.encode()).ljust(256, b'\0')


def zone(name, *members):
    return name.encode().ljust(124, b'\0') + struct.pack('<HH', len(members), 0) + b''.join(members)


def group(originator, name, *zones):
    return originator.encode().ljust(224, b'\0') + name.encode().ljust(30, b'\0') + struct.pack('<H', len(zones)) + b''.join(zones)


def lookup(queue, what, originator, name):
    """(status code, key)"""
    data = struct.pack('<B3x', what) + originator.encode().ljust(224, b'\0') + name.encode().ljust(30, b'\0')
    cqe, _ = queue.wait(queue.submit(nvme.sqe(LOOKUP), data))
    return cqe.sc, cqe.result & 0xffffffff


def send(queue, key, data, offset=0, last=True, otyp=4, flags=0, dwords=None):
    """The completion of one fragment."""
    cdw12 = (len(data) // 4 if dwords is None else dwords) | (LAST if last else 0) | flags
    return queue.wait(queue.submit(nvme.sqe(SEND, cdw10=key, cdw11=offset, cdw12=cdw12), struct.pack('<B3x', otyp) + data))[0]


def receive(queue, key, length, offset=0):
    """(status code, generation, bytes, whether they are the last)"""
    cqe, data = queue.wait(queue.submit(nvme.sqe(RECEIVE, cdw10=key, cdw11=offset, cdw12=length // 4), want=16 + length))
    if cqe.sc:
        return cqe.sc, None, b'', False
    otyp, generation, size = struct.unpack('<B3xII', data[:12])
    assert otyp == 2 and size <= length, data[:16]
    return 0, generation, data[16:16 + size], bool(cqe.result & LAST)


def put(queue, originator, name, data, fragment=4096):
    """Looks up, sends all of it; the status code of whatever failed, and the key."""
    sc, key = lookup(queue, ADD, originator, name)
    for at in range(0, len(data), fragment):
        sc = sc or send(queue, key, data[at:at + fragment], at, at + fragment >= len(data)).sc
    return sc, key


def fetch(queue, key, fragment=4096):
    """(generation, all of it)"""
    out, generations, last = b'', set(), False
    while not last:
        sc, generation, data, last = receive(queue, key, fragment, len(out))
        assert sc == OK, hex(sc)
        generations.add(generation)
        out += data
    generation, = generations
    return generation, out
