# SPDX-License-Identifier: Apache-2.0
"""tests/lib/dim.py - Discovery Information Management as a host or a discovery controller sends it.  Python's standard library only."""
import struct
import uuid

import nvmetcp as nvme

HOST = 'nqn.2026-11.example:host-a'
REGISTER, DEREGISTER, UPDATE = range(3)


def basic(nqn, traddr='', trsvcid='', subtype=0, portid=0, adrfam=1, trtype=3, **_):
    head = struct.pack('<BBBBHHHH', trtype, adrfam, subtype, 0, portid, 0, 0, 0)
    return (head.ljust(32, b'\0') + trsvcid.encode().ljust(224, b'\0') + nqn.encode().ljust(256, b'\0') + traddr.encode().ljust(256, b'\0') + bytes(256))


def extended(nqn, label='', hostid=True, **fields):
    attributes = []
    if hostid:
        attributes.append((1, uuid.uuid5(uuid.NAMESPACE_URL, nqn).bytes))
    if label:
        text = label.encode()
        attributes.append((3, text + bytes(-len(text) % 4)))
    tail = b''.join(struct.pack('<HH', kind, len(value)) + value for kind, value in attributes)
    return basic(nqn, **fields) + struct.pack('<IHH', 1032 + len(tail), len(attributes), 0) + tail


def dim_data(entries, eid=HOST, etype=1, entfmt=2, ektype=0x5f, nument=None, tdl=None, ename='node1', ever='Linux 6.12'):
    body = b''.join(entries)
    head = struct.pack('<IIQHHBBH', 1024 + len(body) if tdl is None else tdl, 0, len(entries) if nument is None else nument, entfmt, etype, 0, 0, ektype)
    return (head + eid.encode().ljust(256, b'\0') + ename.encode().ljust(256, b'\0') + ever.encode().ljust(64, b'\0')).ljust(1024, b'\0') + body


def dim(queue, task, entries, **header):
    """The status code of the command."""
    cqe, _ = queue.wait(queue.submit(nvme.sqe(0x21, cdw10=task), dim_data(entries, **header)))
    return cqe.sc
