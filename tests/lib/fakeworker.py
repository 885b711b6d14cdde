#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/lib/fakeworker.py - a worker that serves nothing, but does what it is told with files: for discoveryd --targetd, where a test has to choose when a copy ends, and how.

The name of the file that is to be made says what becomes of it: slow... waits until the test makes PATH.go or it is cancelled, full... and limit... fail,
deaf... closes the control connection, whole... is made and never told of; any other is made and told at once.  A namespace whose path has `unopenable` in it fails to open.
What came is noted, a line each, in SOCKET.log."""
import array
import contextlib
import errno
import json
import os
import select
import socket
import struct
import sys
import time

SIZE = 8 << 20


class Worker:
    def __init__(self, path, name):
        self.path, self.name = path, name
        self.loops = os.memfd_create('loops')
        os.ftruncate(self.loops, 64)
        self.turns, self.jobs, self.buffer, self.peer = 0, {}, b'', None
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)

    def note(self, text):
        with open(f'{self.path}.log', 'a') as log:
            log.write(text + '\n')

    def send(self, kind, fds=(), **members):
        text = json.dumps({'type': kind, **members}).encode()
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else []
        raw = struct.pack('>I', len(text)) + text
        raw = raw[self.peer.sendmsg([raw], ancillary):]
        self.peer.sendall(raw)

    # ---- messages ----

    def on_hello(self, message):
        start = int(open('/proc/self/stat').read().rsplit(')', 1)[1].split()[19])
        self.send('hello', protocol=1, build='fake', worker=self.name, epoch=message['epoch'], pid=os.getpid(), start_time=start, generation=0, reactors=1, fds=[])
        self.send('fds', [self.loops], names=['stats:loops'])

    def on_apply(self, message):
        document = message.get('full') or message['upsert']
        failed = [{'nqn': s['nqn'], 'nsid': ns['nsid'], 'field': 'path', 'reason': 'it is not to be opened'}
                  for s in document['subsystems'] for ns in s['namespaces'] if 'unopenable' in (ns.get('path') or '')]
        self.send('applied', generation=message['generation'], failed=failed, subsystems=[s['nqn'] for s in document['subsystems']])

    def on_copy(self, message):
        name = os.path.basename(message['path'])
        self.jobs[message['id']] = job = {**message, 'size': os.stat(message['from']).st_size if 'from' in message else SIZE}
        for kind in ('slow', 'full', 'limit', 'deaf', 'whole'):
            if name.startswith(kind):
                getattr(self, kind)(job)
                return
        self.whole(job)
        self.made(job)

    def on_copy_cancel(self, message):
        job = self.jobs.pop(message['id'], None)
        if job:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(job['path'] + '.partial')
            self.send('copied', id=message['id'], reason='it was cancelled')

    def on_drain(self, message):
        sys.exit(0)

    # ---- copies ----

    def partial(self, job):
        with open(job['path'] + '.partial', 'xb', opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
            file.truncate(job['size'])

    def whole(self, job):
        self.partial(job)
        os.rename(job['path'] + '.partial', job['path'])

    def made(self, job):
        del self.jobs[job['id']]
        self.send('copied', id=job['id'], size=job['size'], block_size=512, held_ms=12, shared=False, taken_at=int(time.time() * 1000))

    def slow(self, job):
        self.partial(job)
        self.send('copying', id=job['id'], done=job['size'] // 4, total=job['size'])

    def full(self, job):
        del self.jobs[job['id']]
        self.send('copied', id=job['id'], errno=errno.ENOSPC, reason=f'{job["path"]}: {os.strerror(errno.ENOSPC)}')

    def limit(self, job):
        del self.jobs[job['id']]
        self.send('copied', id=job['id'], field='max_hold_ms', reason='was not enough')

    def deaf(self, job):
        self.partial(job)
        self.hang_up()

    # ---- the loop ----

    def hang_up(self):
        self.peer.close()
        self.peer, self.buffer = None, b''

    def take(self):
        data, ancillary, _, _ = self.peer.recvmsg(65536, socket.CMSG_SPACE(4 * 253))
        for _, _, raw in ancillary:
            for fd in array.array('i', raw[:len(raw) // 4 * 4]):
                os.close(fd)
        if not data:
            self.hang_up()
        self.buffer += data
        while len(self.buffer) >= 4 and len(self.buffer) >= 4 + struct.unpack('>I', self.buffer[:4])[0]:
            end = 4 + struct.unpack('>I', self.buffer[:4])[0]
            message, self.buffer = json.loads(self.buffer[4:end]), self.buffer[end:]
            if message['type'].startswith('copy'):
                self.note(json.dumps(message))
            handler = getattr(self, 'on_' + message['type'], None)
            if handler:
                handler(message)

    def turn(self):
        self.turns += 1
        os.pwrite(self.loops, struct.pack('=Q', self.turns), 0)
        for job in [j for j in self.jobs.values() if os.path.exists(j['path'] + '.go')]:
            os.rename(job['path'] + '.partial', job['path'])
            self.made(job)
        for ready in select.select([self.listener] + ([self.peer] if self.peer else []), [], [], 0.02)[0]:
            if ready is self.listener:
                self.peer, self.buffer = self.listener.accept()[0], b''
            else:
                self.take()


if __name__ == '__main__':
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    worker = Worker(options['--control'], options['--worker'])
    while True:
        worker.turn()
