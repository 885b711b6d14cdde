# SPDX-License-Identifier: Apache-2.0
"""tests/lib/worker.py - discoveryd's end of the control protocol, for tests: one targetd under --control."""
import array
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import pharos


class Control:
    """One connection to a worker; messages and descriptors that came are kept until somebody asks for them."""

    def __init__(self, path, epoch=1, hello=True):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(path)
        self.buffer, self.fds, self.named, self.messages = b'', [], {}, []
        if hello:
            self.send({'type': 'hello', 'protocol': 1, 'build': 'test', 'worker': 'w1', 'epoch': epoch})
            self.hello = self.wait('hello')

    def close(self):
        self.sock.close()
        for fd in [*self.fds, *self.named.values()]:
            os.close(fd)
        self.fds, self.named = [], {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, message, fds=()):
        text = json.dumps(message).encode()
        raw = struct.pack('>I', len(text)) + text
        if fds:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))]
            raw = raw[self.sock.sendmsg([raw], ancillary):]
        if raw:
            self.sock.sendall(raw)

    def give(self, fds):
        """fds: name -> descriptor."""
        self.send({'type': 'fds', 'names': list(fds)}, list(fds.values()))

    def read(self):
        data, ancillary, _, _ = self.sock.recvmsg(65536, socket.CMSG_SPACE(4 * 253))
        for level, kind, raw in ancillary:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            self.fds += array.array('i', raw[:len(raw) // 4 * 4])
        if not data:
            raise EOFError('the worker closed the control connection')
        self.buffer += data
        while len(self.buffer) >= 4:
            length = struct.unpack('>I', self.buffer[:4])[0]
            if len(self.buffer) < 4 + length:
                break
            message = json.loads(self.buffer[4:4 + length])
            self.buffer = self.buffer[4 + length:]
            if message['type'] == 'fds':
                for name in message['names']:
                    self.named[name] = self.fds.pop(0)
            self.messages.append(message)

    def wait(self, kind, seconds=10, where=lambda m: True):
        """The first message of that type (that fits where), taken out of the others."""
        end = time.monotonic() + seconds
        while True:
            for message in self.messages:
                if message['type'] == kind and where(message):
                    self.messages.remove(message)
                    return message
            self.sock.settimeout(max(0.001, end - time.monotonic()))
            self.read()

    def apply(self, generation, full=None, **more):
        self.send({'type': 'apply', 'generation': generation, **({'full': full} if full else {}), **more})
        return self.wait('applied')


class Worker:
    """A targetd process under --control; its listening socket and memfds are held by the test, as discoveryd would."""

    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix='worker-')
        self.path = f'{self.folder}/w1.sock'
        self.options = options
        self.held = {}
        self.process = None
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(('127.0.0.1', pharos.free_port()))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self.held['portal:p1'] = listener.detach()

    def memory(self, uuid, size):
        fd = os.memfd_create('test', os.MFD_CLOEXEC)
        os.ftruncate(fd, size)
        self.held[f'ns:{uuid}'] = fd

    def start(self):
        with open(f'{self.folder}/log', 'ab') as log:
            self.process = subprocess.Popen([pharos.program('targetd'), '--control', self.path, '--worker', 'w1', '--reactors', '2',
                                             *self.options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        pharos.wait_for(self.answers, 10, 'the control socket')
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f'targetd ended with {self.process.returncode}:\n{self.log()}')
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.path) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def control(self, epoch=1, **more):
        return Control(self.path, epoch, **more)

    def state(self, *subsystems):
        return {'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': self.port}],
                'subsystems': list(subsystems)}

    def log(self):
        with open(f'{self.folder}/log', encoding='utf-8', errors='replace') as f:
            return f.read()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind:
            print(f'# log of targetd:\n{self.log()}')
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in self.held.values():
            os.close(fd)
        shutil.rmtree(self.folder, ignore_errors=True)
