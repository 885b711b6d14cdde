#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""targetd alone: start-up errors in one clear line, signals, and what a state file may change while it serves."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:start', 'nqn.2026-11.example:host'
SIZE = 8 << 20


def document(*namespaces, port=0, **more):
    return {'version': 1, 'portals': [{'id': 'p1', 'address': '127.0.0.1', 'port': port}],
            'subsystems': [{'nqn': NQN, 'allow_any_host': True, 'namespaces': list(namespaces), **more}]}


class Folder:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix='start-', dir=os.environ.get('PHAROS_TMP', '/var/tmp'))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name, size):
        path = f'{self.path}/{name}'
        with open(path, 'wb') as f:
            f.truncate(size)
        return path

    def run(self, doc, *options, text=None, **more):
        """Starts targetd on doc; returns (exit status, its error lines) of a start that is expected to fail."""
        config = f'{self.path}/config.json'
        with open(config, 'w', encoding='utf-8') as f:
            f.write(json.dumps(doc) if text is None else text)
        done = subprocess.run([pharos.program('targetd'), '--config', config, *options], capture_output=True, text=True, timeout=20,
                              check=False, **more)
        return done.returncode, [record(line) for line in done.stderr.splitlines() if '"level":"error"' in line]


def record(line):
    return ' '.join(f'{name}={value}' for name, value in json.loads(line).items())


def fails(folder, doc, *words, lines=1, **more):
    status, errors = folder.run(doc, **more)
    assert status == 1 and len(errors) == lines, (status, errors)
    assert all(word in ' '.join(errors) for word in words), (words, errors)


def on_file(path, nsid=1, size=SIZE, **more):
    return {'nsid': nsid, 'backend': 'file', 'path': path, **({'size': size} if size else {}), **more}


def test_a_state_file_that_cannot_be_read_is_named():
    with Folder() as folder:
        done = subprocess.run([pharos.program('targetd'), '--config', f'{folder.path}/none'], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and 'No such file' in done.stderr and f'{folder.path}/none' in done.stderr, done.stderr
        fails(folder, None, 'JSON', text='{"version": 1,')
        fails(folder, {'version': 2}, 'field=version')
        fails(folder, {**document(), 'portal': []}, 'field=portal')


def test_options_that_are_wrong_are_named():
    for options, word in ((['--config'], 'argument'), ([], 'exactly one'), (['--config', 'a', '--control', 'b'], 'exactly one'),
                          (['--control', 'b'], '--worker'), (['--config', 'a', '--reactors', '0'], '--reactors'),
                          (['--config', 'a', '--cpu-list', '1-'], '--cpu-list'), (['--config', 'a', '--spin-us', 'x'], '--spin-us'),
                          (['--config', 'a', '--log-level', 'loud'], '--log-level'), (['--nonsense'], 'nonsense'), (['--config', 'a', 'b'], 'b')):
        done = subprocess.run([pharos.program('targetd'), *options], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and word in done.stderr, (options, done.stderr)
    assert subprocess.run([pharos.program('targetd'), '--version'], capture_output=True, check=True).stdout.startswith(b'targetd ')


def test_files_that_do_not_do_are_named_with_the_reason():
    with Folder() as folder:
        good, small = folder.file('good', SIZE), folder.file('small', 4096)
        fails(folder, document(on_file(f'{folder.path}/none')), 'nsid=1', 'field=path', 'does not exist')
        fails(folder, document(on_file(small)), 'field=size', 'too small', '4096')
        fails(folder, document(on_file(good), on_file(good, 2)), 'nsid=2', 'field=path', f'{NQN}/1')
        os.link(good, f'{folder.path}/alias')
        fails(folder, document(on_file(good), on_file(f'{folder.path}/alias', 2)), 'nsid=2', f'{NQN}/1')
        fails(folder, document(on_file('/dev/null')), 'neither a file nor a block device')
        fails(folder, document(on_file(folder.path)), 'neither a file nor a block device')
        fails(folder, document(on_file('relative')), 'absolute')
        fails(folder, document(on_file(folder.file('empty', 0), size=0)), 'empty')
        fails(folder, document({'nsid': 1, 'backend': 'floppy', 'size': SIZE}), 'field=backend', 'floppy')
        assert not os.path.exists(f'{folder.path}/none')


def test_a_file_in_use_by_a_living_process_names_it():
    with Folder() as folder:
        path = folder.file('volume', SIZE)
        with pharos.Targetd(document(on_file(path))) as target:
            fails(folder, document(on_file(path)), 'field=path', f'process {target.process.pid} (targetd)')
            with nvme.Host('127.0.0.1', target.port, NQN, HOST) as host:
                host.io[0].write(1, 0, b'u' * 512)
                target.process.kill()
                target.process.wait()
            target.start()  # a lock of the dead is none
            with nvme.Host('127.0.0.1', target.port, NQN, HOST) as host:
                assert host.io[0].read(1, 0, 1) == b'u' * 512


def opened_direct(pid, path):
    """Whether each descriptor that the process has of it bypasses the page cache."""
    flags = []
    for fd in os.listdir(f'/proc/{pid}/fd'):
        if os.path.realpath(f'/proc/{pid}/fd/{fd}') == path:
            with open(f'/proc/{pid}/fdinfo/{fd}', encoding='ascii') as f:
                flags.append(int(f.read().split('flags:')[1].split()[0], 8))
    return flags and all(f & os.O_DIRECT for f in flags)


def loop_device(path):
    """A block device with the file's blocks, or None."""
    try:
        return subprocess.run(['losetup', '--find', '--show', path], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def test_a_file_and_a_block_device_are_served_past_the_page_cache():
    with Folder() as folder:
        path, behind = folder.file('volume', SIZE), folder.file('behind', SIZE)
        device = loop_device(behind)
        if not device:
            print('# SKIP: no loop device: a block device as backend')
        try:
            with pharos.Targetd(document(on_file(path), *([on_file(device, 2, size=0)] if device else []))) as target:
                assert opened_direct(target.process.pid, path) and (not device or opened_direct(target.process.pid, device))
                with nvme.Host('127.0.0.1', target.port, NQN, HOST) as host:
                    for nsid, file in ((1, path), (2, device))[:2 if device else 1]:
                        assert struct.unpack('<Q', host.admin.identify(0, nsid)[:8])[0] == SIZE // 512
                        host.io[0].write(nsid, SIZE // 512 - 8, b'd' * 4096, fua=True)
                        host.io[0].run(nvme.sqe(8, nsid, cdw10=SIZE // 512 - 8, cdw12=0))  # Write Zeroes, a block
                        assert host.io[0].read(nsid, SIZE // 512 - 8, 8) == bytes(512) + b'd' * 3584
                        with open(file, 'rb') as f:
                            f.seek(SIZE - 4096)
                            assert f.read() == bytes(512) + b'd' * 3584, file
        finally:
            if device:
                subprocess.run(['losetup', '-d', device], check=True)


def test_create_makes_the_file_and_makes_it_longer():
    with Folder() as folder:
        path = f'{folder.path}/new'
        with pharos.Targetd(document(on_file(path, create=True))) as target:
            assert os.path.getsize(path) == SIZE
            target.document['subsystems'][0]['namespaces'][0]['size'] = 2 * SIZE
            target.write()
            with nvme.Host('127.0.0.1', target.port, NQN, HOST) as host:
                host.io[0].write(1, SIZE // 512 - 1, b'l' * 512)
                target.process.send_signal(signal.SIGHUP)
                pharos.wait_for(lambda: os.path.getsize(path) == 2 * SIZE, 5, 'the file to grow')
                time.sleep(0.1)
                host.io[0].write(1, 2 * SIZE // 512 - 1, b'm' * 512)
        with pharos.Targetd(document(on_file(path, size=4 * SIZE, create=True))):
            assert os.path.getsize(path) == 4 * SIZE
        with open(path, 'rb') as f:
            data = f.read()
        assert data[SIZE - 512:SIZE] == b'l' * 512 and data[2 * SIZE - 512:2 * SIZE] == b'm' * 512


def test_a_port_in_use_is_named():
    with Folder() as folder, socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        fails(folder, document({'nsid': 1, 'backend': 'null', 'size': SIZE}, port=port), 'portal=p1', f'port {port}', 'in use')
        fails(folder, {'portals': [{'id': 'p1', 'address': '192.0.2.1', 'port': 0}]}, 'portal=p1', '192.0.2.1')


def without_io_uring():
    """In the child: a seccomp filter that answers io_uring_setup with EPERM, as containers' profiles do."""
    libc = ctypes.CDLL(None, use_errno=True)
    program = [(0x20, 0, 0, 0), (0x15, 0, 1, 425), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]  # ld nr; jeq 425; EPERM; allow
    code = ctypes.create_string_buffer(b''.join(struct.pack('<HBBI', *line) for line in program))
    filters = struct.pack('<HxxxxxxQ', len(program), ctypes.addressof(code))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters, 0, 0):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
        os._exit(99)


def test_io_uring_refused_is_told_with_the_reason():
    with Folder() as folder:
        path = folder.file('volume', SIZE)
        fails(folder, document(on_file(path)), 'nsid=1', 'io_uring', 'seccomp', preexec_fn=without_io_uring)


def test_without_io_uring_ram_is_served_and_a_file_is_refused_over_rest():
    with pharos.Discoveryd(preexec_fn=without_io_uring) as daemon, Folder() as folder:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'allow_any_host': True})
        namespaces = f'/subsystems/{NQN}/namespaces'
        status, _, problem = daemon.http('POST', '/api/v1' + namespaces, {'path': folder.file('volume', SIZE)})
        assert status == 422 and 'io_uring' in problem['detail'] and 'seccomp' in problem['detail'], problem
        assert daemon.rest('POST', namespaces, {'size': SIZE})['status']['state'] == 'ready'
        assert [ns['backend'] for ns in daemon.rest('GET', namespaces)['items']] == ['ram']
        address, port = daemon.io_listen.rsplit(':', 1)
        with nvme.Host(address, int(port), NQN, HOST) as host:
            host.io[0].write(1, 0, b'r' * 4096)
            assert host.io[0].read(1, 0, 8) == b'r' * 4096


def test_sigterm_answers_what_is_in_flight_and_exits_cleanly():
    with Folder() as folder:
        path = folder.file('volume', SIZE)
        with pharos.Targetd(document(on_file(path))) as target, nvme.Host('127.0.0.1', target.port, NQN, HOST) as host:
            host.admin.aer()
            cids = [host.io[0].submit(nvme.sqe(1, 1, cdw10=n * 8, cdw12=7), b'%d' % (n % 10) * 4096) for n in range(32)]
            first = host.io[0].wait(cids[0])
            assert first[0].sc == 0
            target.process.send_signal(signal.SIGTERM)
            answered = 1
            try:
                for cid in cids[1:]:
                    assert host.io[0].wait(cid)[0].sc == 0
                    answered += 1
            except (nvme.Terminated, ConnectionError):
                pass
            assert target.process.wait(3) == 0, target.log()
            with open(path, 'rb') as f:
                data = f.read(answered * 4096)
            assert all(data[n * 4096:n * 4096 + 4096] == b'%d' % (n % 10) * 4096 for n in range(answered))


def test_sighup_applies_a_new_state_and_keeps_the_old_one_if_it_is_wrong():
    with pharos.Targetd(document({'nsid': 1, 'backend': 'ram', 'size': SIZE})) as target:
        with nvme.Host('127.0.0.1', target.port, NQN, HOST) as host:
            host.io[0].write(1, 0, b'k' * 512)
            with open(target.config, 'w', encoding='utf-8') as f:
                f.write('{"version": 1, "subsystems": [{"nqn": "nonsense"}]}')
            target.process.send_signal(signal.SIGHUP)
            pharos.wait_for(lambda: 'subsystems[0].nqn' in target.log(), 5, 'the error')
            assert host.io[0].read(1, 0, 1) == b'k' * 512
            target.document['subsystems'][0]['namespaces'].append({'nsid': 7, 'backend': 'null', 'size': SIZE})
            target.write()
            target.process.send_signal(signal.SIGHUP)
            pharos.wait_for(lambda: host.admin.identify(2)[:8] == b'\1\0\0\0\7\0\0\0', 5, 'namespace 7')
            assert host.io[0].read(1, 0, 1) == b'k' * 512


def test_ready_fd_tells_the_ports_that_were_bound():
    with Folder() as folder:
        config = f'{folder.path}/config.json'
        with open(config, 'w', encoding='utf-8') as f:
            json.dump(document({'nsid': 1, 'backend': 'null', 'size': SIZE}), f)
        reader, writer = os.pipe()
        process = subprocess.Popen([pharos.program('targetd'), '--config', config, '--ready-fd', str(writer)], pass_fds=[writer],
                                   stderr=subprocess.DEVNULL)
        os.close(writer)
        try:
            with os.fdopen(reader) as f:
                words = f.read().split()
            assert words[:3] == ['portal', 'p1', '127.0.0.1'] and int(words[3]) > 0, words
            nvme.Host('127.0.0.1', int(words[3]), NQN, HOST).close()
        finally:
            process.terminate()
            assert process.wait(8) == 0


def test_a_portal_takes_its_congestion_control():
    doc = document()
    doc['portals'][0]['congestion'] = 'reno'  # every kernel has it
    with pharos.Targetd(doc) as target:
        queue = nvme.Queue('127.0.0.1', target.port)
        sockets = subprocess.run(['ss', '-tinH', f'sport = :{target.port}'], capture_output=True, text=True, check=True).stdout
        assert ' reno ' in sockets, sockets
        queue.close()
    doc['portals'][0].update(port=pharos.free_port(), congestion='nonsense')
    with Folder() as folder:
        fails(folder, doc, 'field=congestion', 'nonsense', 'tcp_available_congestion_control')


if __name__ == '__main__':
    pharos.run(globals())
