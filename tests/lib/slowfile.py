# SPDX-License-Identifier: Apache-2.0
"""tests/lib/slowfile.py - a file whose writes can be held back: a FUSE file system with one file, spoken to the kernel raw.

What is held has left the process that wrote it, and lands when it is let go: a slow disk, or a storage network.
Kernel interface: include/uapi/linux/fuse.h.  Needs root and /dev/fuse.
"""
import ctypes
import errno
import os
import struct
import threading

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT, OPENDIR, RELEASEDIR, INTERRUPT = \
    1, 2, 3, 4, 14, 15, 16, 17, 18, 20, 25, 26, 27, 29, 36
ASYNC_DIO = 1 << 15
PARALLEL_DIRECT_WRITES = 1 << 0 | 1 << 6  # without, the kernel itself would let no second write pass the first
FILE, ROOT = 2, 1
libc = ctypes.CDLL(None, use_errno=True)


class SlowFile(threading.Thread):
    def __init__(self, folder, size, asynchronous):
        super().__init__(daemon=True)
        self.folder, self.path, self.asynchronous = folder, f'{folder}/volume', asynchronous
        self.data = bytearray(size)
        self.holding, self.held, self.landed = False, [], []  # landed: (offset, first byte) in order
        self.synced = []  # how many had landed when the file was made durable, each time
        self.lock = threading.Lock()
        self.fd = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC)
        options = f'fd={self.fd},rootmode=40000,user_id={os.geteuid()},group_id={os.getegid()},allow_other'
        if libc.mount(b'slowfile', folder.encode(), b'fuse', 6, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), 'mount of fuse')
        self.start()

    def close(self):
        self.let_go()
        libc.umount2(self.folder.encode(), 2)  # MNT_DETACH
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def hold(self):
        """The next write is held; those after it land at once, unless somebody keeps them back."""
        with self.lock:
            self.holding = True

    def let_go(self):
        with self.lock:
            self.holding = False
            for unique, offset, data in self.held:
                self.land(unique, offset, data)
            self.held.clear()

    def land(self, unique, offset, data, durable=False):
        self.data[offset:offset + len(data)] = data
        self.landed.append((offset, data[:1]))
        if durable:
            self.synced.append(len(self.landed))
        self.answer(unique, struct.pack('<II', len(data), 0))

    def answer(self, unique, data=b'', error=0):
        try:
            os.write(self.fd, struct.pack('<IiQ', 16 + len(data), -error, unique) + data)
        except OSError:
            pass  # nobody waits for it any more

    def attributes(self, node):
        size = len(self.data) if node == FILE else 0
        mode = 0o100600 if node == FILE else 0o40700
        return struct.pack('<QQQQQQIIIIIIIIII', node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def run(self):
        while True:
            try:
                request = os.read(self.fd, 1 << 21)
            except OSError as e:
                if e.errno in (errno.EINTR, errno.ENOENT):
                    continue
                return  # unmounted
            _, opcode, unique, node = struct.unpack('<IIQQ', request[:24])
            with self.lock:
                self.serve(opcode, unique, node, request[40:])

    def serve(self, opcode, unique, node, body):
        if opcode == INIT:
            flags = ASYNC_DIO if self.asynchronous else 0
            self.answer(unique, struct.pack('<IIIIHHIIHHI28x', 7, 31, 1 << 20, flags, 64, 64, 1 << 20, 1, 256, 0, 0))
        elif opcode == LOOKUP and body == b'volume\0':
            self.answer(unique, struct.pack('<QQQQII', FILE, 0, 3600, 3600, 0, 0) + self.attributes(FILE))
        elif opcode == LOOKUP:
            self.answer(unique, error=errno.ENOENT)
        elif opcode in (GETATTR, SETATTR):
            self.answer(unique, struct.pack('<QII', 3600, 0, 0) + self.attributes(node))
        elif opcode in (OPEN, OPENDIR):
            self.answer(unique, struct.pack('<QII', 0, PARALLEL_DIRECT_WRITES if opcode == OPEN else 0, 0))
        elif opcode == READ:
            _, offset, size = struct.unpack('<QQI', body[:20])
            self.answer(unique, bytes(self.data[offset:offset + size]))
        elif opcode == WRITE:
            _, offset, size, _, _, flags = struct.unpack('<QQIIQI', body[:36])
            if self.holding:
                self.holding = False
                self.held.append((unique, offset, body[40:40 + size]))
            else:
                self.land(unique, offset, body[40:40 + size], flags & os.O_DSYNC)
        elif opcode in (RELEASE, RELEASEDIR, FSYNC, FLUSH):
            if opcode == FSYNC:
                self.synced.append(len(self.landed))
            self.answer(unique)
        elif opcode == STATFS:
            self.answer(unique, struct.pack('<QQQQQIIII24x', 1 << 20, 1 << 20, 1 << 20, 1, 1, 4096, 255, 4096, 0))
        elif opcode not in (FORGET, INTERRUPT):
            self.answer(unique, error=errno.ENOSYS)
